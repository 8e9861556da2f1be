"""Points in time: always aware, always UTC, never finer than the milliseconds that MongoDB keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


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
