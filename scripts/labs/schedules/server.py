"""blogapi on a machine whose clock is wrong: by `WRONG_BY_SECONDS`, for everything that it does."""

from __future__ import annotations

import os
import time

WRONG_BY = "WRONG_BY_SECONDS"


def main() -> None:
    """The commands of blogapi, with another clock."""
    right, by = time.time, float(os.environ[WRONG_BY])
    time.time = lambda: right() + by

    # Only now, for some keep the clock that they find when they are imported.
    from blogapi.cli.main import make_main
    from blogapi.features import FEATURES

    make_main("schedules", features=FEATURES)(prog_name="schedules")


if __name__ == "__main__":
    main()
