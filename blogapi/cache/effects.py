"""What writes do to kept answers, and the latest of them."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from blogapi.cache.sources import FoundBy, MadeFrom, Place, PublicPart, document, found_by
from blogapi.db.collection import Write

Names = frozenset[str]
# How many are remembered at most, and what one takes besides its names. A place holds about as much as these do.
_MOST = 2000
_BYTES_PER_EFFECT, _BYTES_PER_PLACE = 400, 2400


@dataclass(frozen=True, slots=True)
class Effect:
    """What a write does: entries under `certain` go, those under `possible` go if they admit the document."""

    collection: str
    certain: Names
    possible: Names = frozenset()
    place: Place | None = None

    def evicts(self, made_from: MadeFrom) -> bool:
        """Whether an answer that was made from this goes."""
        if not self.certain.isdisjoint(made_from.names):
            return True
        return not self.possible.isdisjoint(made_from.names) and made_from.admit(self.collection, self.place)

    @property
    def size(self) -> int:
        """What it takes, in bytes, about."""
        possible = _size_of(self.possible)
        of_place = 0 if self.place is None else _BYTES_PER_PLACE + possible
        return _BYTES_PER_EFFECT + _size_of(self.certain) + possible + of_place


def _size_of(names: Names) -> int:
    return sys.getsizeof(names) + sum(map(sys.getsizeof, names))


def effect_of(write: Write, part: PublicPart | None) -> Effect | None:
    """What a write does to answers that show this part of its collection; None if nothing."""
    collection = write.collection
    if part is None or (write.touched is not None and write.touched.isdisjoint(part.fields)):
        return None
    anywhere = frozenset([found_by(collection, "*")])
    if write.id is None:
        return Effect(collection, anywhere | {document(collection, "*")})
    itself = frozenset([document(collection, write.id)])
    # What is removed takes along what it was found by: a redirect may have led to it, a total have counted it.
    if write.removed or write.document is None:
        return Effect(collection, itself | anywhere)
    try:
        place = part.place_of(write.document)
        names = frozenset([found_by(collection, how) for how in place.found_by if _decides(write, part, how)])
    except Exception:  # it has a shape that we never gave it
        return Effect(collection, itself | anywhere)
    if isinstance(place, FoundBy):
        return Effect(collection, itself | names)  # no page can tell more of it than its names
    return Effect(collection, itself, names, place)


def _decides(write: Write, part: PublicPart, how: str) -> bool:
    """Whether a write may have changed that its document is found in this way."""
    fields = part.decided_by.get(how.partition("=")[0])
    return fields is None or write.touched is None or not write.touched.isdisjoint(fields)


class Latest:
    """The latest effects, at most 2,000, and no more than have room in so many bytes."""

    def __init__(self, bound: int) -> None:
        self._bound, self._bytes = bound, 0
        self._effects: deque[tuple[Effect, int]] = deque()

    def add(self, effect: Effect) -> None:
        """One that is later than all others."""
        size = effect.size
        self._effects.append((effect, size))
        self._bytes += size
        while self._bytes > self._bound or len(self._effects) > _MOST:
            self._bytes -= self._effects.popleft()[1]

    def last(self, number: int) -> Iterator[Effect]:
        """So many of them, the latest first."""
        return (effect for effect, _ in islice(reversed(self._effects), number))

    def clear(self) -> None:
        """Forget all."""
        self._effects.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._effects)
