"""Points in time: always aware, always UTC, never finer than the milliseconds that MongoDB keeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from blogapi.errors import Invalid
from blogapi.measures import Measure, gauge
from blogapi.translation.sentence import say, say_many


def utc_now() -> datetime:
    """Now by the clock of this host, for tests and tools. Services go by `Wiring.now`, see Clock."""
    return _moment(time.time_ns() // 1_000_000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


class Clock:
    """The time of the service: that of the database, the same in all processes, whatever their hosts say.

    It runs by the steady clock of this process and is set by `told`, for which `operations/timekeeping.py` asks. Before
    that it shows the time of the host. `own` and `steady` are the clocks of the host, in seconds.
    """

    # By how much it may be ahead and wait for the true time. If it is more, processes would disagree for long.
    LONGEST_WAIT_SECONDS = 5.0
    # The database cuts off what is less than a millisecond.
    _CUT_OFF_SECONDS = 0.001

    def __init__(self, own: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._own, self.steady = own, steady
        self._offset = own() - steady()
        self._slow_until = float("-inf")
        self._last = 0, _moment(0)
        self.is_set = self.is_kept = False

    def now(self) -> datetime:
        """Now, in whole milliseconds: else a post would look edited as soon as it is read back. Never steps back."""
        milliseconds = int(self._seconds(self.steady()) * 1000)
        before, moment = self._last
        if milliseconds > before:
            moment = _moment(milliseconds)
            self._last = milliseconds, moment
        return moment

    def _seconds(self, steady: float) -> float:
        seconds = steady + self._offset
        # Half as fast as the true time, until that has caught up.
        return seconds if steady >= self._slow_until else seconds + (self._slow_until - steady) / 2

    def told(self, theirs: float, asked: float, answered: float) -> float:
        """Go by the clock of the database, which said `theirs` between these two moments of the steady clock.

        Returns by how many seconds it was wrong; 0 also where that cannot be told in the time that the answer took.
        It steps forward at once. Where it is ahead it goes slowly for a while; it steps back when it is far ahead.
        """
        # Cristian, Probabilistic clock synchronization (1989): the truth lies in between.
        earliest, latest = theirs - answered, theirs + self._CUT_OFF_SECONDS - asked
        if self.is_set and earliest <= self._offset <= latest:
            return 0.0
        steady = self.steady()
        shown, error = self._seconds(steady), (earliest + latest) / 2 - self._offset
        self._offset, self.is_set = (earliest + latest) / 2, True
        ahead = shown - (steady + self._offset)
        if ahead > self.LONGEST_WAIT_SECONDS:
            self._slow_until, self._last = float("-inf"), (0, _moment(0))
        else:
            self._slow_until = steady + 2 * ahead
        return error

    def host_error(self) -> float:
        """By how many seconds the clock of this host is ahead of that of the database; behind, if negative."""
        return self._own() - self.steady() - self._offset

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        says = "By how much the clock of the host is ahead of the database's, by which the blog goes."
        return [gauge("blogapi_clock_error_seconds", says, lambda: round(self.host_error(), 2))]


@lru_cache(maxsize=1024)  # the times of a post are mostly the same one, and a page of a list shows eighty
def rfc3339(moment: datetime) -> str:
    """`2026-11-20T09:30:00.000Z` (RFC 3339 section 5.6). Also takes the naive UTC that the driver reads."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def rfc3339_or_none(moment: datetime | None) -> str | None:
    """The same for a moment that may not have come."""
    return None if moment is None else rfc3339(moment)


def require_future(expires_at: datetime, now: datetime) -> None:
    """Raises Invalid, with the pointer `/expires_at`."""
    if expires_at <= now:
        raise Invalid.field("/expires_at", "not_in_future", say("Must be in the future."))


def expiry(wanted: datetime | None, now: datetime, *, usual: timedelta, longest: timedelta) -> datetime:
    """When something expires: when it is wanted, or else after the `usual` time.

    Raises Invalid, with the pointer `/expires_at`, for what is past and for more than the `longest` time.
    """
    if wanted is None:
        return now + usual
    require_future(wanted, now)
    if wanted > now + longest:
        days = longest.days
        says = say_many("Must be at most {count:,} day from now.", "Must be at most {count:,} days from now.", days)
        raise Invalid.field("/expires_at", "too_late", says, max_days=days)
    return wanted
