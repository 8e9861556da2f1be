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

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from blogapi.cache.effects import Latest, effect_of
from blogapi.cache.index import Index
from blogapi.cache.shelves import Doorkeeper, Held, Shelf
from blogapi.cache.sources import MadeFrom, PublicPart, Sources
from blogapi.db.collection import Write
from blogapi.db.follow import FRESH_SECONDS
from blogapi.measures import Measure, counter, gauge, tally

Answer = TypeVar("Answer")

# What an entry takes besides its answer, its key and its names, and what a name takes in the index.
_BYTES_PER_ENTRY, _BYTES_PER_NAME, _BYTES_PER_UNPACKED = 1000, 120, 400
# Unpacked bodies come and go more often than anything else, and leave holes in the heap: this part of what they take.
_HOLES_PART = 8
# Where there is no room, one in so many unpackings is kept in the place of another.
_UNPACKINGS_PER_KEPT = 4
# No entry may take the place of many: at most this part of all.
_LARGEST_PART = 64
# What may be known to be missing: at most this part of all.
_MISSING_PART = 32
# What is left to unpacked answers by all others, at least.
_UNPACKED_PART = 8
# There is no room when less than this part is left.
_FREE_PART = 16
# What is left to the latest writes, and to the doorkeeper.
_LATEST_PART = _DOOR_PART = 64


@dataclass(slots=True, kw_only=True)
class _Entry(Held, Generic[Answer]):
    answer: Answer
    made_from: MadeFrom


@dataclass(slots=True, kw_only=True)
class _Unpacked(Held):
    body: bytes


@dataclass(frozen=True, slots=True)
class Beginning:
    """When an answer was begun, in the order of writes."""

    era: int
    writes: int


class Cache(Generic[Answer]):
    """Answers by key. `max_bytes` bounds them and all that belongs to them: names, latest writes, the doorkeeper."""

    def __init__(
        self, public: Mapping[str, PublicPart], max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.public, self.max_bytes, self._clock = public, max_bytes, clock
        self._largest = max_bytes // _LARGEST_PART
        missing, latest, door = (max_bytes // part for part in (_MISSING_PART, _LATEST_PART, _DOOR_PART))
        shared = max_bytes - missing - latest - door
        self._entries: Shelf[_Entry[Answer]] = Shelf(lambda: shared - max_bytes // _UNPACKED_PART, self._dropped)
        self._missing: Shelf[_Entry[Answer]] = Shelf(lambda: missing, self._dropped)
        # What some entries are unpacked, under the same keys. It takes the room that entries leave.
        self._unpacked: Shelf[_Unpacked] = Shelf(lambda: shared - self._entries.bytes, lambda *_: None)
        self._unpackings = 0
        self._door = Doorkeeper(door)
        self._index = Index()
        self._latest = Latest(latest)
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
        return self._fresh_until - FRESH_SECONDS

    def get(self, key: str) -> Answer | None:
        """The answer under this key, as it would be made now."""
        if self._clock() >= self._fresh_until:
            return None
        entry = self._entries.ask(key)
        return None if entry is None else entry.answer

    def get_unpacked(self, key: str) -> bytes | None:
        """The unpacked body of what `get` has just returned, if that is kept, too."""
        unpacked = self._unpacked.ask(key)
        return None if unpacked is None else unpacked.body

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

    def offer(self, key: str, size: int, askers: int = 1) -> bool:
        """Whether an answer of so many bytes is to be kept if it is true: to be asked once, before it is packed.

        When there is no room any more, only what is asked for again is worth the place of something else: what was
        asked for before, or what several `askers` wait for. What is not wanted now is remembered for the next time.
        """
        if size > self._largest:  # unpacked, as whoever does not accept gzip gets it each time
            return False
        bound = self._entries.bound()
        has_room = self._entries.bytes < bound - bound // _FREE_PART
        if has_room or askers > 1 or self._door.knows(key):
            return True
        self._door.remember(key)
        return False

    def put(self, key: str, answer: Answer, size: int, sources: Sources, begun: Beginning) -> bool:
        """Keep an answer that was wanted (`offer`), unless it may be out of date already; whether it was kept."""
        if not self._put(self._entries, key, answer, size, sources, begun):
            return False
        self._unpacked.shrink()
        return True

    def put_unpacked(self, key: str, body: bytes) -> None:
        """Keep the unpacked body of what `get` has just returned: while there is room, and else now and then.

        What is asked for more often comes by more often, and is kept sooner, for which nobody has to remember it.
        """
        size = len(body) + len(body) // _HOLES_PART + sys.getsizeof(key) + _BYTES_PER_UNPACKED
        if self._unpacked.bytes + size > self._unpacked.bound():
            self._unpackings += 1
            if self._unpackings % _UNPACKINGS_PER_KEPT or size > self._largest:
                return
        self._unpacked.remove(key)
        self._unpacked.add(key, _Unpacked(body=body, size=size))

    def put_missing(self, key: str, answer: Answer, size: int, sources: Sources, begun: Beginning) -> bool:
        """Keep that there is nothing, and how that was answered."""
        return self._put(self._missing, key, answer, size, sources, begun)

    def _put(
        self, shelf: Shelf[_Entry[Answer]], key: str, answer: Answer, size: int, sources: Sources, begun: Beginning
    ) -> bool:
        if not sources.are_complete:
            return False
        made_from = sources.sealed()
        size += _BYTES_PER_ENTRY + sys.getsizeof(key) + _BYTES_PER_NAME * len(made_from.names)
        size += sum(map(sys.getsizeof, made_from.names))  # one wide letter makes a whole text four times as large
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
        return any(effect.evicts(made_from) for effect in self._latest.last(missed))

    # Hearing of writes

    def written(self, write: Write) -> None:
        """Somebody wrote, whoever it was: what was made from it goes."""
        effect = effect_of(write, self.public.get(write.collection))
        if effect is None:
            return
        self._writes += 1
        self._latest.add(effect)
        for key in {key for name in effect.certain | effect.possible for key in self._index.find(name)}:
            entry = self._entries.find(key) or self._missing.find(key)
            if entry is not None and effect.evicts(entry.made_from):
                self._remove(key)
                self.evictions["written",] += 1
                if entry.asked:  # it will be asked for again
                    self._door.remember(key)

    def heard(self, until: float) -> None:
        """All writes up to this moment have been told."""
        self._fresh_until = max(self._fresh_until, until + FRESH_SECONDS)
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
