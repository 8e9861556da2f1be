"""Where kept things stand: each shelf has a bound in bytes, and what nobody asks for goes first."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

# How often it counts that something was asked for, and so how often it is passed over.
_MOST_CHANCES = 3
# How many are passed over at a time: nobody waits for a look at a hundred thousand of them.
_MOST_PASSED_OVER = 100
# What the hash of a key takes beside its place in a set.
_BYTES_PER_HASH = 36


@dataclass(slots=True)
class Held:
    """Something on a shelf: its size in bytes, and how often it was asked for, as far as that counts."""

    size: int
    asked: int = 0


Thing = TypeVar("Thing", bound=Held)


class Shelf(Generic[Thing]):
    """Things by key, as many as have room in `bound` bytes; `dropped` is told what had to go for others.

    They go by the clock (second chance): in the order in which they came, but whatever was asked for meanwhile is
    passed over. So to be asked for costs a count; least recently used would cost a move.
    """

    def __init__(self, bound: Callable[[], int], dropped: Callable[[str, Thing], None]) -> None:
        self.bound, self.bytes = bound, 0
        self._dropped = dropped
        self._things: OrderedDict[str, Thing] = OrderedDict()

    def ask(self, key: str) -> Thing | None:
        """What is under this key, which counts."""
        thing = self._things.get(key)
        if thing is not None and thing.asked < _MOST_CHANCES:
            thing.asked += 1
        return thing

    def find(self, key: str) -> Thing | None:
        """What is under this key."""
        return self._things.get(key)

    def add(self, key: str, thing: Thing) -> None:
        """Under a key that nothing is under."""
        self._things[key] = thing
        self.bytes += thing.size
        self.shrink()

    def shrink(self) -> None:
        """Drop things until the rest has room."""
        chances, bound = _MOST_PASSED_OVER, self.bound()
        while self.bytes > bound:
            key = next(iter(self._things))
            thing = self._things[key]
            if thing.asked and chances:
                chances -= 1
                thing.asked -= 1
                self._things.move_to_end(key)
            else:
                self.remove(key)
                self._dropped(key, thing)

    def remove(self, key: str) -> Thing | None:
        """Take away what is under this key."""
        thing = self._things.pop(key, None)
        if thing is not None:
            self.bytes -= thing.size
        return thing

    def clear(self) -> None:
        """Take away everything."""
        self._things.clear()
        self.bytes = 0

    def __contains__(self, key: str) -> bool:
        return key in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


class Doorkeeper:
    """Lets in who has come before: where there is no room left, what is asked for once is not worth anybody's place.

    It knows the hashes of keys, as many as have room in `bound` bytes. When it would know more it forgets them all, so
    that `before` means lately (as in TinyLFU).
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._known: set[int] = set()

    def knows(self, key: str) -> bool:
        """Whether the key has come before."""
        return hash(key) in self._known

    def remember(self, key: str) -> None:
        """The key has come."""
        self._known.add(hash(key))
        if sys.getsizeof(self._known) + _BYTES_PER_HASH * len(self._known) > self._bound:
            self._known = {hash(key)}
