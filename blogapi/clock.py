"""Points in time: always aware, always UTC, never finer than the milliseconds that MongoDB keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from blogapi.errors import Invalid
from blogapi.translation.sentence import say, say_many


def utc_now() -> datetime:
    """Now, in whole milliseconds: else a post would look edited as soon as it is read back."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


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
