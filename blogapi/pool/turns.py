"""A fair queue: one account after the other, however much each of them asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager

from blogapi.errors import Overloaded
from blogapi.measures import Measure, counter, gauge, tally
from blogapi.translation.sentence import Sentence

_QUEUE = ("queue",)


class Turns:
    """A few at a time, of each account one at a time. Those who wait are bounded in number and in time."""

    def __init__(self, *, at_once: int, most_waiting: int, patience_seconds: float, busy: Sentence) -> None:
        self._free, self._most_waiting = at_once, most_waiting
        self._patience_seconds, self._busy = patience_seconds, busy
        self._having: set[Hashable] = set()
        # In the order of their turns: who has had one goes to the end.
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        self.begun = 0
        self.refusals = tally("full", "patience")
        """How many had no turn, by why: the queue was `full`, or their `patience` was at its end."""

    @property
    def having(self) -> int:
        """How many have their turn now."""
        return len(self._having)

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def turn(self, account: Hashable) -> AsyncIterator[None]:
        """Wait for a turn and have it. Raises Overloaded, at once when too many wait."""
        await self._wait(account)
        try:
            yield
        finally:
            self._end(account)

    async def _wait(self, account: Hashable) -> None:
        if self._free and account not in self._having:  # then nobody waits who could be next
            self._begin(account)
            return
        self._make_room(account)
        called = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, deque()).append(called)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await called
        except BaseException as error:
            if called.done() and not called.cancelled() and called.exception() is None:
                self._end(account)  # called at the very moment at which it was given up
            self._drop(account, called)
            if isinstance(error, TimeoutError):
                self.refusals["patience",] += 1
                raise self._overloaded() from None
            raise

    def _make_room(self, account: Hashable) -> None:
        """Where all places are taken, who has the most of them gives one up: the one that came last."""
        if self.waiting < self._most_waiting:
            return
        greediest = max(self._waiting, key=lambda other: len(self._waiting[other]), default=account)
        self.refusals["full",] += 1
        if len(self._waiting.get(greediest, ())) <= len(self._waiting.get(account, ())) + 1:
            raise self._overloaded()
        given_up = self._waiting[greediest].pop()
        if not given_up.done():
            given_up.set_exception(self._overloaded())

    def _overloaded(self) -> Overloaded:
        return Overloaded(self._busy)

    def _drop(self, account: Hashable, called: asyncio.Future[None]) -> None:
        mine = self._waiting.get(account)
        if mine is not None and called in mine:
            mine.remove(called)
            if not mine:
                del self._waiting[account]

    def _begin(self, account: Hashable) -> None:
        self._free -= 1
        self.begun += 1
        self._having.add(account)

    def _end(self, account: Hashable) -> None:
        self._free += 1
        self._having.discard(account)
        self._call_next()

    def _call_next(self) -> None:
        for account in [*self._waiting]:
            if not self._free:
                return
            if account in self._having:
                continue
            mine = self._waiting.pop(account)
            called = mine.popleft()
            while called.done() and mine:  # given up, though still here
                called = mine.popleft()
            if mine:
                self._waiting[account] = mine
            if not called.done():
                self._begin(account)
                called.set_result(None)


def queues(turns: Mapping[str, Turns]) -> list[Measure]:
    """The metrics of queues, by their names."""
    return [
        gauge(
            "blogapi_queue_waiting",
            "Who waits for a turn: passwords to be hashed, texts to be rendered.",
            lambda: {(name,): queue.waiting for name, queue in turns.items()},
            _QUEUE,
        ),
        gauge(
            "blogapi_queue_busy",
            "Who has a turn just now.",
            lambda: {(name,): queue.having for name, queue in turns.items()},
            _QUEUE,
        ),
        counter(
            "blogapi_queue_turns_total",
            "Turns that have begun.",
            lambda: {(name,): queue.begun for name, queue in turns.items()},
            _QUEUE,
        ),
        counter(
            "blogapi_queue_refusals_total",
            "Who had no turn, and was answered 503: the queue was full, or their patience was at its end.",
            lambda: {(name, *why): times for name, queue in turns.items() for why, times in queue.refusals.items()},
            (*_QUEUE, "reason"),
        ),
    ]
