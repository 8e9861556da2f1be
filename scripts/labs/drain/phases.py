"""What is done to the workers while clients ask."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from scripts.labs.drain.clients import Load, Tally, missing
from scripts.labs.drain.server import Server

_KEEPING, _COMING, _WRITING = 12, 4, 4
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One row of the table."""

    what: str
    events: int
    tally: Tally
    lost: int | None = None
    may_fail: bool = False

    @property
    def is_passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.lost and (self.may_fail or not self.tally.failed)


async def sigterms(server: Server, count: int, chance: random.Random, advance: Progress) -> Phase:
    """A worker at random is told to end, again and again, and its successor awaited."""
    async with load(server.address, chance) as tally:
        for _ in range(count):
            before = server.starts
            _send(chance.choice(server.workers), signal.SIGTERM)
            await server.until_started(before + 1)
            await asyncio.sleep(chance.uniform(0, 0.3))
            advance(1)
    return Phase(what="SIGTERM to a worker", events=count, tally=tally)


async def reloads(server: Server, count: int, chance: random.Random, advance: Progress) -> Phase:
    """All workers are renewed, again and again."""
    async with load(server.address, chance) as tally:
        for _ in range(count):
            before = server.reloads
            server.reload()
            await server.until_reloaded(before + 1)
            await asyncio.sleep(chance.uniform(0, 0.3))
            advance(1)
    return Phase(what="rolling reload", events=count, tally=tally)


async def kills(server: Server, count: int, chance: random.Random, advance: Progress) -> Phase:
    """A worker at random is killed while writers publish. What it was doing fails; what it acknowledged stays."""
    async with load(server.address, chance, _WRITING) as tally:
        for _ in range(count):
            enough = len(tally.acknowledged) + 20
            while len(tally.acknowledged) < enough:  # noqa: ASYNC110  (the writers are not to be slowed)
                await asyncio.sleep(0.01)
            before = server.starts
            _send(chance.choice(server.workers), signal.SIGKILL)
            await server.until_started(before + 1)
            advance(1)
    lost = await missing(server.address, tally.acknowledged)
    return Phase(what="kill -9 of a worker", events=count, tally=tally, lost=len(lost), may_fail=True)


def _send(process: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it has ended a moment ago
        os.kill(process, number)


@asynccontextmanager
async def load(address: str, chance: random.Random, writers: int = 0) -> AsyncIterator[Tally]:
    """Clients that read, and some that write, as long as the block runs."""
    tally, enough = Tally(), asyncio.Event()
    clients = Load(address=address, tally=tally, enough=enough, chance=chance)
    work: Sequence[Callable[[], Awaitable[None]]] = (
        [clients.keep_alive] * _KEEPING + [clients.come_and_go] * _COMING + [clients.write] * writers
    )
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(_run(each))
        yield tally
        enough.set()


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()
