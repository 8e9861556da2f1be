"""The bytes that wait to be sent, of all connections: bounded, and who takes theirs slowest has to go."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# What everybody is taken to have read already, so that a reader who has just begun is not the slowest.
_START_BYTES = 64 * 1024


class Reader(Protocol):
    """A connection that something waits for."""

    def unsent(self) -> int:
        """How many bytes wait to be sent."""

    def held(self) -> int:
        """How many are in memory until then: the whole of an answer, of which a part may have been sent."""

    def end(self, why: str) -> None:
        """End the connection at once, whatever waits."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """What is held, as it was at first, until all of it is sent: what is sent in parts is kept as a whole."""

    key: str
    size: int
    unsent: int
    since: float


class Unsent:
    """Counts, and ends connections while there is too much: the slowest of its address, or of the one with the most."""

    def __init__(self, *, per_address: int, in_all: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_address, self._in_all, self._now = per_address, in_all, now
        self._waits: dict[Reader, _Wait] = {}
        self._of: Counter[str] = Counter()
        self.size = 0

    def begin(self, reader: Reader, key: str, *, is_shared: bool = False) -> None:
        """Bytes begin to wait. `key` is the reader's address, which has no bound of its own if many people share it."""
        self.end(reader)
        wait = self._waits[reader] = _Wait(key, reader.held(), reader.unsent(), self._now())
        self.size += wait.size
        self._of[key] += wait.size
        while not is_shared and self._of[key] > self._per_address:
            self._end_slowest(key, "too much waits for its address")
        while self.size > self._in_all:
            self._end_slowest(max(self._of, key=self._of.__getitem__), "too much waits for all together")

    def end(self, reader: Reader) -> None:
        """Nothing waits any more."""
        wait = self._waits.pop(reader, None)
        if wait is not None:
            self.size -= wait.size
            self._of[wait.key] -= wait.size
            if not self._of[wait.key]:
                del self._of[wait.key]

    def _end_slowest(self, key: str, why: str) -> None:
        reader = min((reader for reader, wait in self._waits.items() if wait.key == key), key=self._pace)
        self.end(reader)
        reader.end(why)

    def _pace(self, reader: Reader) -> float:
        wait = self._waits[reader]
        taken = wait.unsent - reader.unsent()
        return (_START_BYTES + taken) / (self._now() - wait.since + 1e-6)
