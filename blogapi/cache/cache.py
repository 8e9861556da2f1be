"""The coherent read cache: finished answers, each kept until something it was made from is written.

The whole idea: while an answer is made, the *names* of what it is made from are collected (`sources.py`), such as
`posts/<id>` for a post that it shows or `posts?tag=python` for the posts that it was selected from. Every write has
names, too: those of the document that it wrote. Where the names meet, the answer goes. Writes of this process are told
by its own collections before they return (`db/collection.py`), writes of everybody else by the database's change stream
(`db/follow.py`).

An answer that is made while something is written may be made from what was there before. So the latest writes are
remembered, and an answer is kept only if none of those that came after it was begun meets its names.

While the change stream is not heard from, nothing is served and nothing is kept.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import LRUCache

from blogapi.cache.sources import FoundBy, Place, PublicPart, Sources, document, found_by
from blogapi.db.collection import Write
from blogapi.measures import Measure, counter, gauge, tally

Answer = TypeVar("Answer")
Names = frozenset[str]

# What an entry takes besides its answer: itself, its key, and for each of its names a string and a place in the index.
_BYTES_PER_ENTRY, _BYTES_PER_NAME = 1500, 250
# No entry may take the place of many: at most this part of all.
_LARGEST_PART = 64
# Where an answer waits until it is asked for again: whoever asks for a million things once pushes out only these.
_NEW_PART = 5
# What may be known to be missing: at most this part of all.
_MISSING_PART = 32
# How many writes an answer may be overtaken by while it is made.
_REMEMBERED = 2000
_FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a write does: entries under `certain` go, those under `possible` go if they admit the document."""

    collection: str
    certain: Names
    possible: Names = frozenset()
    place: Place | None = None

    def evicts(self, sources: Sources) -> bool:
        if not self.certain.isdisjoint(sources.names):
            return True
        return not self.possible.isdisjoint(sources.names) and sources.admit(self.collection, self.place)


@dataclass(slots=True)
class _Entry(Generic[Answer]):
    answer: Answer
    sources: Sources
    size: int


class _Shelf(LRUCache[str, _Entry[Answer]]):
    """Entries by key, with a bound; tells what it drops by itself."""

    def __init__(self, bound: int, size_of: Callable[[_Entry[Answer]], int], dropped: Callable[..., None]) -> None:
        super().__init__(bound, size_of)
        self._dropped = dropped

    def popitem(self) -> tuple[str, _Entry[Answer]]:
        key, entry = super().popitem()  # which only the bound calls
        self._dropped(key, entry)
        return key, entry


@dataclass(frozen=True, slots=True)
class Beginning:
    """When an answer was begun, in the order of writes."""

    era: int
    writes: int


class Cache(Generic[Answer]):
    """Answers by key. `max_bytes` bounds them with all that belongs to them."""

    def __init__(
        self, public: Mapping[str, PublicPart], max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.public, self.max_bytes, self._clock = public, max_bytes, clock
        self._largest = max_bytes // _LARGEST_PART
        new, missing = max_bytes // _NEW_PART, max_bytes // _MISSING_PART
        # An answer moves from `new` to `proven` when it is asked for a second time.
        self._new: _Shelf[Answer] = _Shelf(new, _size, self._dropped)
        self._proven: _Shelf[Answer] = _Shelf(max_bytes - new - missing, _size, self._dropped)
        self._missing: _Shelf[Answer] = _Shelf(missing, _size, self._dropped)
        self._shelves = (self._new, self._proven, self._missing)
        # By name, the entries that have it by their keys.
        self._named: dict[str, dict[str, _Entry[Answer]]] = {}
        self._latest: deque[_Effect] = deque(maxlen=_REMEMBERED)
        self._era = self._writes = 0
        self._fresh_until = float("-inf")
        self._why_aside = "starting"
        self.evictions = tally("room", "written", "forgotten")
        """How many entries went, by why: no `room`, what they show was `written`, or all was `forgotten`."""

    # Reading and filling

    @property
    def is_fresh(self) -> bool:
        """Whether all writes up to a second ago are known."""
        return self._clock() < self._fresh_until

    @property
    def aside(self) -> str:
        """Why nothing is served; empty while it is."""
        return "" if self.is_fresh else self._why_aside

    @property
    def told_until(self) -> float:
        """Up to which moment of the clock all writes are known."""
        return self._fresh_until - _FRESH_SECONDS

    def get(self, key: str) -> Answer | None:
        """The answer under this key, as it would be made now."""
        if self._clock() >= self._fresh_until:
            return None
        entry = self._proven.get(key)
        if entry is None:
            entry = self._new.get(key)
            if entry is None:
                return None
            del self._new[key]
            self._proven[key] = entry
        return entry.answer

    def get_missing(self, key: str) -> Answer | None:
        """What was answered under this key when there was nothing, if there still is nothing."""
        entry = self._missing.get(key) if self.is_fresh else None
        return None if entry is None else entry.answer

    def now(self) -> Beginning | None:
        """To be asked before an answer is begun; None while nothing can be kept."""
        return Beginning(self._era, self._writes) if self.is_fresh else None

    def is_unchanged(self, since: Beginning) -> bool:
        """Whether nothing at all was written since, and nothing may have been missed."""
        return self.now() == since

    def put(self, key: str, answer: Answer, size: int, sources: Sources, begun: Beginning) -> bool:
        """Keep an answer, unless it may be out of date already or is too large; whether it was kept."""
        return self._put(self._new, key, answer, size, sources, begun)

    def put_missing(self, key: str, answer: Answer, sources: Sources, begun: Beginning) -> bool:
        """Keep that there is nothing, and how that was answered."""
        return self._put(self._missing, key, answer, 0, sources, begun)

    def _put(
        self, shelf: _Shelf[Answer], key: str, answer: Answer, size: int, sources: Sources, begun: Beginning
    ) -> bool:
        if not sources.are_complete:
            return False
        sources.names |= {_whole(name) for name in sources.names}
        size += _BYTES_PER_ENTRY + 2 * len(key) + _BYTES_PER_NAME * len(sources.names)
        if size > self._largest or self._is_overtaken(sources, begun):
            return False
        self._remove(key)
        shelf[key] = entry = _Entry(answer, sources, size)
        for name in sources.names:
            self._named.setdefault(name, {})[key] = entry
        return True

    def _is_overtaken(self, sources: Sources, begun: Beginning) -> bool:
        missed = self._writes - begun.writes
        if begun.era != self._era or not self.is_fresh or missed > len(self._latest):
            return True
        return any(self._latest[-number].evicts(sources) for number in range(1, missed + 1))

    def grow(self, key: str, answer: Answer, size: int) -> bool:
        """Make room for something more with an answer, such as a compressed form; whether it may be added."""
        for shelf in (self._proven, self._new):
            entry = shelf.get(key)
            if entry is not None and entry.answer is answer and entry.size + size <= self._largest:
                del shelf[key]
                entry.size += size
                shelf[key] = entry
                return True
        return False

    # Hearing of writes

    def written(self, write: Write) -> None:
        """Somebody wrote, whoever it was: what was made from it goes."""
        effect = self._effect_of(write)
        if effect is None:
            return
        self._writes += 1
        self._latest.append(effect)
        names = effect.certain | effect.possible
        met = {key: entry for name in names for key, entry in self._named.get(name, {}).items()}
        for key, entry in met.items():
            if effect.evicts(entry.sources):
                self._remove(key)
                self.evictions["written",] += 1

    def _effect_of(self, write: Write) -> _Effect | None:
        collection, part = write.collection, self.public.get(write.collection)
        if part is None or (write.touched is not None and write.touched.isdisjoint(part.fields)):
            return None
        anywhere = frozenset([found_by(collection, "*")])
        if write.id is None:
            return _Effect(collection, anywhere | {document(collection, "*")})
        itself = frozenset([document(collection, write.id)])
        # What is removed takes along what it was found by: a redirect may have led to it, a total have counted it.
        if write.removed or write.document is None:
            return _Effect(collection, itself | anywhere)
        try:
            place = part.place_of(write.document)
            names = frozenset([found_by(collection, how) for how in place.found_by])
        except Exception:  # it has a shape that we never gave it
            return _Effect(collection, itself | anywhere)
        if isinstance(place, FoundBy):
            return _Effect(collection, itself | names)  # no page can tell more of it than its names
        return _Effect(collection, itself, names, place)

    def heard(self, until: float) -> None:
        """All writes up to this moment of the clock have been told."""
        self._fresh_until = max(self._fresh_until, until + _FRESH_SECONDS)
        self._why_aside = "lag"

    def stand_aside(self, why: str) -> None:
        """Writes are not told for now: serve and keep nothing until they have been, those of the meantime as well."""
        self._fresh_until, self._why_aside = float("-inf"), why

    def start_over(self, why: str) -> None:
        """Writes have been missed, or what was told does not hold any more: forget everything."""
        self.stand_aside(why)
        self._era += 1
        self.evictions["forgotten",] += len(self)
        for shelf in self._shelves:
            shelf.clear()
        self._named.clear()
        self._latest.clear()

    # Upkeep

    def _remove(self, key: str) -> None:
        for shelf in self._shelves:
            if key in shelf:
                self._forget(key, shelf.pop(key))

    def _dropped(self, key: str, entry: _Entry[Answer]) -> None:
        self._forget(key, entry)
        self.evictions["room",] += 1

    def _forget(self, key: str, entry: _Entry[Answer]) -> None:
        for name in entry.sources.names:
            named = self._named.get(name)
            if named is not None:
                named.pop(key, None)
                if not named:
                    del self._named[name]

    @property
    def lag(self) -> float | None:
        """For how many seconds nothing has been heard of writes; None while they are not told at all."""
        return None if self._fresh_until == float("-inf") else max(0.0, self._clock() - self.told_until)

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [
            gauge("blogapi_cache_bytes", "What the kept answers take.", lambda: self.bytes),
            gauge("blogapi_cache_entries", "How many answers are kept.", lambda: len(self)),
            gauge("blogapi_cache_limit_bytes", "How much they may take: cache.max_bytes.", lambda: self.max_bytes),
            counter(
                "blogapi_cache_evictions_total",
                "Answers that went: no room, what they show was written, or all was forgotten.",
                lambda: self.evictions,
                ("reason",),
            ),
            counter("blogapi_cache_writes_total", "Writes that concern what is public.", lambda: self._writes),
            gauge("blogapi_cache_fresh", "1 while the cache hears of writes, 0 while it stands aside.", self._fresh),
            gauge(
                "blogapi_change_stream_lag_seconds",
                "For how long nothing has been heard of the change stream; missing where it tells nothing at all.",
                lambda: {} if self.lag is None else {(): round(self.lag, 3)},
            ),
        ]

    def _fresh(self) -> int:
        return int(self.is_fresh)

    @property
    def bytes(self) -> int:
        """What the kept answers take, about."""
        return int(sum(shelf.currsize for shelf in self._shelves))

    def __len__(self) -> int:
        return sum(map(len, self._shelves))


def _whole(name: str) -> str:
    """The name under which all of a collection's entries go that have names like this one."""
    collection, mark, _ = name.partition("?") if "?" in name.partition("/")[0] else name.partition("/")
    return f"{collection}{mark}*"


def _size(entry: _Entry[Any]) -> int:
    return entry.size
