"""Where kept things stand: each shelf has a bound in bytes, and what nobody asks for goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

# How often it counts that something was asked for, and so how often it is passed over.
_MOST_CHANCES = 3
# How many are passed over at a time: nobody waits for a look at a hundred thousand of them.
_MOST_PASSED_OVER = 100
# How many keys a doorkeeper knows at least.
_LEAST_KNOWN = 1000


@dataclass(slots=True)
class Held:
    """Something on a shelf: its size in bytes, and how often it was asked for, as far as that counts."""

    size: int
    asked: int = 0


Thing = TypeVar("Thing", bound=Held)


class Shelf(Generic[Thing]):
    """Things by key, as many as fit; `dropped` is told what had to go for others.

    They go by the clock (second chance): in the order in which they came, but whatever was asked for meanwhile is
    passed over. So to be asked for costs a count; least recently used would cost a move.
    """

    def __init__(self, bound: int, dropped: Callable[[str, Thing], None]) -> None:
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
        self.shrink(self.bound)

    def shrink(self, bound: int) -> None:
        """Drop things until the rest has no more bytes than this."""
        chances = _MOST_PASSED_OVER
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

    It knows the hashes of keys, and now and then it forgets them all, so that `before` means lately (as in TinyLFU).
    """

    def __init__(self) -> None:
        self._known: set[int] = set()

    def admits(self, key: str, most: int) -> bool:
        """Whether the key has come before. `most`: how many it may know, at least a thousand."""
        if hash(key) in self._known:
            return True
        if len(self._known) >= max(most, _LEAST_KNOWN):
            self._known.clear()
        self._known.add(hash(key))
        return False
