"""Sets the clock of this process by that of the primary, at the start and again and again.

How it is used and what it is worth is in docs/discussions/clocks.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import TypeAlias

from blogapi.db.client import Client, database_time, present_reign
from blogapi.errors import Unavailable
from blogapi.jobs.tasks import running

log = logging.getLogger("blogapi.clock")

# The clocks of machines drift by a millisecond or two in that time.
_AGAIN_SECONDS = 30.0
# How often to look whether something happened after which to ask at once; and when to ask again without an answer.
_LOOK_SECONDS = 1.0
# The steady clock of a host stands still while it sleeps, and its other one is put right by hand.
_MOVED_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
# Of so many answers the quickest counts, since it says most. One that took less than that says enough.
_MOST_QUESTIONS = 5
_QUICK_SECONDS = 0.005
# By how much a clock has to be wrong to be worth a line in the log.
_MUCH_SECONDS = 5.0

_Told: TypeAlias = tuple[float, float, float]
"""What the primary's clock said, and between which moments of ours: see `Clock.told`."""


@asynccontextmanager
async def keeping_time(client: Client, *, look_seconds: float = _LOOK_SECONDS) -> AsyncIterator[None]:
    """Set the clock of this client by that of the database, and keep it so. One within another does nothing.

    Raises Unavailable when the database does not answer now; later the clock goes on without it. Where nothing tells
    the time, as on a mock, it stays that of the host.
    """
    keeper = _Keeper(client, look_seconds)
    if client.clock.is_kept or not await keeper.set():
        yield
        return
    client.clock.is_kept = True
    try:
        async with running(keeper.keep()):
            yield
    finally:
        client.clock.is_kept = False


class _Keeper:
    def __init__(self, client: Client, look_seconds: float) -> None:
        self._client, self._clock, self._look_seconds = client, client.clock, look_seconds
        # How it was when the clock was set last.
        self._reign: object = None
        self._host_error = 0.0

    async def set(self) -> bool:
        """Set the clock; False where nothing tells the time. Raises Unavailable."""
        told = await self._ask()
        if told is None:
            return False
        is_first, step = not self._clock.is_set, self._clock.told(*told)
        if not is_first and abs(step) > _MUCH_SECONDS:
            log.warning("the clock of the database moved by %+.1f s, or this process stood still as long", step)
        error = self._clock.host_error()
        if abs(error) > _MUCH_SECONDS >= abs(self._host_error):
            log.warning(
                "the clock of this host is off by %+.1f s: set it right. The blog goes by the database's", error
            )
        self._host_error, self._reign = error, present_reign(self._client.raw)
        return True

    async def keep(self) -> None:
        """Set it again and again."""
        while True:
            await self._wait()
            try:
                await self.set()
            except Unavailable:
                log.info("the database does not tell the time; the clock goes on without it")

    async def _ask(self) -> _Told | None:
        answers: list[_Told] = []
        with database_time(_PATIENCE_SECONDS):
            for _ in range(_MOST_QUESTIONS):
                asked = self._clock.steady()
                try:
                    hello = await self._client.admin.command("hello")
                except NotImplementedError:
                    return None
                answered = self._clock.steady()
                if "localTime" not in hello:
                    return None
                answers.append((hello["localTime"].replace(tzinfo=UTC).timestamp(), asked, answered))
                if answered - asked < _QUICK_SECONDS:
                    break
        return min(answers, key=lambda told: told[2] - told[1])

    async def _wait(self) -> None:
        """Until it is time, there is another primary, or this host has slept or got another time."""
        end = time.monotonic() + _AGAIN_SECONDS
        while True:
            await asyncio.sleep(self._look_seconds)
            if time.monotonic() >= end or self._is_other_primary() or self._has_moved():
                return

    def _is_other_primary(self) -> bool:
        return present_reign(self._client.raw) not in (None, self._reign)

    def _has_moved(self) -> bool:
        return abs(self._clock.host_error() - self._host_error) > _MOVED_SECONDS
