"""A value that is made from a collection and kept in memory, for as long as nobody writes to the collection.

Whoever follows the change stream tells it of writes (`db/follow.py`). Where nothing tells of them, and whenever that
has not been heard from, the value is read each time: it is never older than a second.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from blogapi.db.collection import Write
from blogapi.db.follow import FRESH_SECONDS

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """What `read` makes of a collection. A `Listener` of the change stream."""

    def __init__(
        self, collection: str, read: Callable[[], Awaitable[Value]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._collection, self._read, self._clock = collection, read, clock
        self._value: Value | None = None
        self._writes, self._fresh_until = 0, float("-inf")

    async def get(self) -> Value:
        """As it is now. Raises what `read` raises."""
        was_fresh, writes = self._clock() < self._fresh_until, self._writes
        if was_fresh and self._value is not None:
            return self._value
        value = await self._read()
        # Else there may have been a write meanwhile that is told to nobody, or was told before the value is here.
        if was_fresh and writes == self._writes:
            self._value = value
        return value

    def written(self, write: Write) -> None:
        """Somebody wrote."""
        if write.collection == self._collection:
            self._forget()

    def heard(self, until: float) -> None:
        """All writes up to this moment of the monotonic clock have been told."""
        self._fresh_until = max(self._fresh_until, until + FRESH_SECONDS)

    def stand_aside(self, why: str) -> None:
        """Writes are not told for now."""
        self._fresh_until = float("-inf")

    def start_over(self, why: str) -> None:
        """Writes have been missed."""
        self._fresh_until = float("-inf")
        self._forget()

    def _forget(self) -> None:
        self._writes, self._value = self._writes + 1, None
