"""How long a start waits for what may come by itself, and that it says so once."""

from __future__ import annotations

import logging
import time
from math import ceil

from blogapi.errors import NotYet

_LONGEST_PAUSE = 0.5

log = logging.getLogger("blogapi.start")


class Patience:
    """Begins to run out as soon as it is made."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._deadline, self._has_told = seconds, time.monotonic() + seconds, False

    @property
    def left(self) -> float:
        """How many seconds there are."""
        return max(0.0, self._deadline - time.monotonic())

    def pause_after(self, missing: NotYet) -> float:
        """How many seconds to wait before the next try; the log tells once for what. Raises it when there are none."""
        if not self.left:
            raise missing
        if not self._has_told:
            log.warning("waiting up to %d s: %s", ceil(self.left), " ".join(str(missing).split()))
            self._has_told = True
        return min(self.left, _LONGEST_PAUSE)
