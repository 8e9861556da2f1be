"""blogapi on a machine whose clock is wrong: by `WRONG_BY_SECONDS`, for everything that it does."""

from __future__ import annotations

import os
import time

WRONG_BY = "WRONG_BY_SECONDS"
_right, _by = time.time, float(os.environ.get(WRONG_BY, "0"))


def _wrong() -> float:
    return _right() + _by


time.time = _wrong  # before anybody imports it

from blogapi.cli.main import make_main  # noqa: E402
from blogapi.features import FEATURES  # noqa: E402

main = make_main("schedules", features=FEATURES)

if __name__ == "__main__":
    main(prog_name="schedules")
