"""blogapi on a machine whose clock is wrong: by `WRONG_BY_SECONDS`, for everything that it does."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from blogapi import clock

WRONG_BY = "WRONG_BY_SECONDS"
_right = clock.utc_now


def _wrong() -> datetime:
    return _right() + timedelta(seconds=float(os.environ.get(WRONG_BY, "0")))


clock.utc_now = _wrong  # before anybody imports it

from blogapi.cli.main import make_main  # noqa: E402
from blogapi.features import FEATURES  # noqa: E402

main = make_main("schedules", features=FEATURES)

if __name__ == "__main__":
    main(prog_name="schedules")
