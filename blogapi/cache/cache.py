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
from typing import Generic, TypeVar

from blogapi.cache.index import Index
from blogapi.cache.shelves import Doorkeeper, Held, Shelf
from blogapi.cache.sources import FoundBy, MadeFrom, Place, PublicPart, Sources, document, found_by
from blogapi.db.collection import Write
from blogapi.measures import Measure, counter, gauge, tally

Answer = TypeVar("Answer")
Names = frozenset[str]

# What an entry takes besides its answer: itself, its key, and for each of its names a string and a place in the index.
_BYTES_PER_ENTRY, _BYTES_PER_NAME, _BYTES_PER_UNPACKED = 700, 200, 400
# No entry may take the place of many: at most this part of all.
_LARGEST_PART = 64
# What may be known to be missing: at most this part of all.
_MISSING_PART = 32
# What is left to unpacked answers by all others, at least.
_UNPACKED_PART = 8
# There is no room when less than this part is left.
_FREE_PART = 16
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

    def evicts(self, made_from: MadeFrom) -> bool:
        if not self.certain.isdisjoint(made_from.names):
            return True
        return not self.possible.isdisjoint(made_from.names) and made_from.admit(self.collection, self.place)


@dataclass(slots=True, kw_only=True)
class _Entry(Held, Generic[Answer]):
    answer: Answer
    made_from: MadeFrom


@dataclass(slots=True, kw_only=True)
class _Unpacked(Held, Generic[Answer]):
    answer: Answer


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
        missing, unpacked = max_bytes // _MISSING_PART, max_bytes // _UNPACKED_PART
        self._entries: Shelf[_Entry[Answer]] = Shelf(max_bytes - missing - unpacked, self._dropped)
        self._missing: Shelf[_Entry[Answer]] = Shelf(missing, self._dropped)
        # What some entries are unpacked, under the same keys. It takes the room that entries leave.
        self._unpacked: Shelf[_Unpacked[Answer]] = Shelf(max_bytes - missing, lambda *_: None)
        self._answers_door, self._unpacked_door = Doorkeeper(), Doorkeeper()
        self._index = Index()
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
        """Up to which moment all writes are known, by the clock of whoever tells of them (`heard`)."""
        return self._fresh_until - _FRESH_SECONDS

    def get(self, key: str) -> Answer | None:
        """The answer under this key, as it would be made now."""
        if self._clock() >= self._fresh_until:
            return None
        entry = self._entries.ask(key)
        return None if entry is None else entry.answer

    def get_unpacked(self, key: str) -> Answer | None:
        """The unpacked form of what `get` has just returned, if that is kept, too."""
        unpacked = self._unpacked.ask(key)
        return None if unpacked is None else unpacked.answer

    def get_missing(self, key: str) -> Answer | None:
        """What was answered under this key when there was nothing, if there still is nothing."""
        entry = self._missing.ask(key) if self.is_fresh else None
        return None if entry is None else entry.answer

    def now(self) -> Beginning | None:
        """To be asked before an answer is begun; None while nothing can be kept."""
        return Beginning(self._era, self._writes) if self.is_fresh else None

    def is_unchanged(self, since: Beginning) -> bool:
        """Whether nothing at all was written since, and nothing may have been missed."""
        return self.now() == since

    def wants(self, key: str, size: int) -> bool:
        """Whether an answer of so many bytes would be kept if it is true: to be asked before it is packed for that.

        When there is no room any more, only what was asked for before is worth the place of something else.
        """
        if size > self._largest:
            return False
        has_room = self._entries.bytes < self._entries.bound - self._entries.bound // _FREE_PART
        return has_room or self._answers_door.admits(key, len(self._entries))

    def put(self, key: str, answer: Answer, size: int, sources: Sources, begun: Beginning) -> bool:
        """Keep an answer if it is wanted, unless it may be out of date already; whether it was kept."""
        if not self.wants(key, size) or not self._put(self._entries, key, answer, size, sources, begun):
            return False
        self._unpacked.shrink(self._left_to_unpacked)
        return True

    def put_unpacked(self, key: str, answer: Answer, size: int) -> None:
        """Keep an unpacked form of what `get` has just returned: while there is room, or if it was wanted before."""
        size += _BYTES_PER_UNPACKED + len(key)
        has_room = self._unpacked.bytes + size <= self._left_to_unpacked
        if has_room or self._unpacked_door.admits(key, len(self._unpacked)):
            self._unpacked.remove(key)
            self._unpacked.add(key, _Unpacked(answer=answer, size=size))
            self._unpacked.shrink(self._left_to_unpacked)

    @property
    def _left_to_unpacked(self) -> int:
        return self._unpacked.bound - self._entries.bytes

    def put_missing(self, key: str, answer: Answer, sources: Sources, begun: Beginning) -> bool:
        """Keep that there is nothing, and how that was answered."""
        return self._put(self._missing, key, answer, 0, sources, begun)

    def _put(
        self, shelf: Shelf[_Entry[Answer]], key: str, answer: Answer, size: int, sources: Sources, begun: Beginning
    ) -> bool:
        if not sources.are_complete:
            return False
        made_from = sources.sealed()
        size += _BYTES_PER_ENTRY + 2 * len(key) + _BYTES_PER_NAME * len(made_from.names)
        if size > self._largest or self._is_overtaken(made_from, begun):
            return False
        self._remove(key)
        self._index.add(key, made_from.names)
        shelf.add(key, _Entry(size=size, answer=answer, made_from=made_from))
        return key in shelf

    def _is_overtaken(self, made_from: MadeFrom, begun: Beginning) -> bool:
        missed = self._writes - begun.writes
        if begun.era != self._era or not self.is_fresh or missed > len(self._latest):
            return True
        return any(self._latest[-number].evicts(made_from) for number in range(1, missed + 1))

    # Hearing of writes

    def written(self, write: Write) -> None:
        """Somebody wrote, whoever it was: what was made from it goes."""
        effect = self._effect_of(write)
        if effect is None:
            return
        self._writes += 1
        self._latest.append(effect)
        for key in {key for name in effect.certain | effect.possible for key in self._index.find(name)}:
            entry = self._entries.find(key) or self._missing.find(key)
            if entry is not None and effect.evicts(entry.made_from):
                self._remove(key)
                self.evictions["written",] += 1
                if entry.asked:  # it will be asked for again
                    self._answers_door.admits(key, len(self._entries))

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
        """All writes up to this moment have been told."""
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
        for kept in (self._entries, self._missing, self._unpacked, self._index, self._latest):
            kept.clear()

    # Upkeep

    def _remove(self, key: str) -> None:
        entry = self._entries.remove(key) or self._missing.remove(key)
        if entry is not None:
            self._forget(key, entry)

    def _dropped(self, key: str, entry: _Entry[Answer]) -> None:
        self._forget(key, entry)
        self.evictions["room",] += 1

    def _forget(self, key: str, entry: _Entry[Answer]) -> None:
        self._unpacked.remove(key)
        self._index.remove(key, entry.made_from.names)

    @property
    def lag(self) -> float | None:
        """For how many seconds nothing has been heard of writes; None while they are not told at all."""
        return None if self._fresh_until == float("-inf") else max(0.0, self._clock() - self.told_until)

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [
            gauge("blogapi_cache_bytes", "What the kept answers take.", lambda: self.bytes),
            gauge("blogapi_cache_unpacked_bytes", "What of these is unpacked too.", lambda: self._unpacked.bytes),
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
        return self._entries.bytes + self._missing.bytes + self._unpacked.bytes

    def __len__(self) -> int:
        return len(self._entries) + len(self._missing)
