"""A value that is made from a collection and kept in memory, for as long as nobody writes to the collection.

Whoever follows the change stream tells it of writes (`db/follow.py`). Where nothing tells of them, and whenever that
has not been heard from, the value is read again after a second: it is never older than that.
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
        # Of the value: for how long it is good by itself, and whether all writes since have been told.
        self._good_until, self._is_followed = float("-inf"), False

    async def get(self) -> Value:
        """As it is now. Raises what `read` raises."""
        begun, writes = self._clock(), self._writes
        is_fresh = begun < self._fresh_until
        if self._value is not None and (begun < self._good_until or (is_fresh and self._is_followed)):
            return self._value
        value = await self._read()
        if writes == self._writes:  # else it may be from before a write that has been told already
            self._value, self._good_until, self._is_followed = value, begun + FRESH_SECONDS, is_fresh
        return value

    def forget(self) -> None:
        """This process may have written, which nobody tells where nobody follows."""
        self._writes, self._value = self._writes + 1, None

    def written(self, write: Write) -> None:
        """Somebody wrote."""
        if write.collection == self._collection:
            self.forget()

    def heard(self, until: float) -> None:
        """All writes up to this moment of the monotonic clock have been told."""
        self._fresh_until = max(self._fresh_until, until + FRESH_SECONDS)

    def stand_aside(self, why: str) -> None:
        """Writes are not told for now."""
        self._fresh_until = float("-inf")
        self.forget()

    def start_over(self, why: str) -> None:
        """Writes have been missed."""
        self._fresh_until = float("-inf")
        self.forget()
