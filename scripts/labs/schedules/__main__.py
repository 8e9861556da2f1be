"""The command behind scripts/schedules."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import kill

import click
from rich.console import Console
from rich.progress import Progress

from blogapi.db.embedded.mongod import free_port
from scripts.labs.blog import Blog, empty_blog
from scripts.labs.chance import chance_of
from scripts.labs.drain.server import NotServing, Server
from scripts.labs.drills import found_table, percentile, seed_option
from scripts.labs.schedules import server as wrong
from scripts.labs.schedules.history import now_in, seen_in
from scripts.labs.schedules.model import Alive, Findings, Plan, judge
from scripts.labs.schedules.people import Writer

_PROMISE = timedelta(seconds=2)
_AT_A_TIME = 8
# From the last post that is written to the first that is due, and how long it takes to write them on a busy machine.
_BEFORE_SECONDS = 15
# The last thing has to happen, and a server that has just been killed to come back.
_AFTER_SECONDS = 25
_AT_LEAST_ONE = click.IntRange(1)
console = Console()


@dataclass(slots=True)
class Drill:
    """Its servers, and what happened."""

    blog: Blog
    chance: random.Random
    clocks: dict[int, float]
    """By port, by how many seconds its clock is wrong."""

    servers: dict[int, Server] = field(default_factory=dict)
    born: dict[int, datetime] = field(default_factory=dict)
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    kills: int = 0

    async def start(self, port: int) -> None:
        """Start the server of this port, and wait until it serves. Raises NotServing."""
        server = await self.blog.start(port, 1, wrong.__name__, {wrong.WRONG_BY: str(self.clocks[port])})
        await server.until_serving(1)
        self.servers[port], self.born[port] = server, datetime.now(UTC)

    async def kill(self, port: int) -> None:
        """kill -9 of all its processes."""
        server = self._gone(port)
        self.kills += 1
        for worker in server.workers:
            with suppress(ProcessLookupError):
                kill(worker, signal.SIGKILL)
        await server.end(signal.SIGKILL)

    async def restart(self, written: asyncio.Event) -> None:
        """One server after the other, as it should be done, until posts are written.

        At its start each looks for what others have left behind, and must not take for that what they have just begun.
        """
        while True:
            for port in self.clocks:
                await self._gone(port).end()
                await self.start(port)
                if written.is_set():
                    return

    async def kill_at_random(self, until: datetime, blackout_at: datetime) -> None:
        """One server after the other, mostly while others live, and once all of them."""
        while datetime.now(UTC) < until:
            if datetime.now(UTC) >= blackout_at:
                blackout_at = until
                ports = list(self.servers)
                await asyncio.gather(*(self.kill(port) for port in ports))
                await asyncio.sleep(self.chance.uniform(2, 4))
                await asyncio.gather(*(self.start(port) for port in ports))
            port = self.chance.choice(list(self.servers))
            await self.kill(port)
            await asyncio.sleep(self.chance.uniform(0, 1))
            await self.start(port)
            await asyncio.sleep(self.chance.uniform(0, 1))

    async def end(self) -> None:
        """Stop what still runs."""
        for port in list(self.servers):
            await self._gone(port).end()

    def _gone(self, port: int) -> Server:
        """The server of this port, which counts as dead from now on."""
        self.spans.append((self.born.pop(port), datetime.now(UTC)))
        return self.servers.pop(port)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--posts", type=_AT_LEAST_ONE, default=300, show_default=True, help="That are scheduled.")
@click.option("--seconds", type=_AT_LEAST_ONE, default=60, show_default=True, help="Within which they are due.")
@click.option("--processes", type=click.IntRange(2), default=4, show_default=True, help="Servers.")
@seed_option
def main(posts: int, seconds: int, processes: int, seed: int) -> None:
    """Publish posts at their times while servers with wrong clocks are killed and people act by hand.

    Exit code 1: something was missed, done twice, too early or too late, a token was refused, or `doctor` found
    something.
    """
    try:
        run, writer, plans, found, complaint = asyncio.run(drill(posts, seconds, processes, chance_of(seed)))
    except NotServing as error:
        sys.exit(f"scripts/schedules: {error}")
    show(seed, run, writer, plans, found, complaint)
    sys.exit(1 if found.are_wrong or writer.refused or complaint is not None else 0)


async def drill(
    posts: int, seconds: int, processes: int, chance: random.Random
) -> tuple[Drill, Writer, list[Plan], Findings, str | None]:
    """What happened, what is wrong with it, and what `doctor` said if it found anything. Raises NotServing."""
    # One is right, one is fast, one is slow.
    wrong_by = [0.0, 240.0, -240.0, *(chance.uniform(-240, 240) for _ in range(processes))]
    clocks = {free_port(): each for each in wrong_by[:processes]}
    async with empty_blog(f"http://localhost:{min(clocks)}") as blog:
        run = Drill(blog, chance, clocks)
        try:
            await asyncio.gather(*(run.start(port) for port in clocks))
            writer = Writer([*clocks], chance)
            await writer.sign_in()
            since = await asyncio.to_thread(now_in, blog.mongo_url)
            written = asyncio.Event()
            restarting = asyncio.create_task(run.restart(written))
            with Progress(console=console, transient=True) as bars:
                plans = await _planned(writer, posts, seconds, bars)
            written.set()
            await restarting
            start = min(plan.at for plan in plans)
            await asyncio.sleep((start - timedelta(seconds=10) - datetime.now(UTC)).total_seconds())
            until, blackout_at = start + timedelta(seconds=seconds), start + timedelta(seconds=seconds / 2)
            killing = asyncio.create_task(run.kill_at_random(until, blackout_at))
            await asyncio.gather(killing, *(writer.live(plan) for plan in plans))
            last = max([plan.end_at or plan.new_at or plan.at for plan in plans])
            await asyncio.sleep((last - datetime.now(UTC)).total_seconds() + _AFTER_SECONDS)
            await run.end()
            seen = await asyncio.to_thread(seen_in, blog.mongo_url, since, plans)
            found = judge(plans, seen, Alive(run.spans), _PROMISE)
            return run, writer, plans, found, await blog.examined()
        finally:
            await run.end()


async def _planned(writer: Writer, posts: int, seconds: int, bars: Progress) -> list[Plan]:
    """Write and schedule posts before any of them is due."""
    bar, plans = bars.add_task("scheduled", total=posts), list[Plan]()
    start = datetime.now(UTC) + timedelta(seconds=_BEFORE_SECONDS + posts / 8)

    async def write(numbers: list[int]) -> None:
        for number in numbers:
            plans.append(await writer.plan(number, start, seconds))
            bars.advance(bar)

    await asyncio.gather(*(write(list(range(first, posts, _AT_A_TIME))) for first in range(_AT_A_TIME)))
    return plans


def show(seed: int, run: Drill, writer: Writer, plans: list[Plan], found: Findings, complaint: str | None) -> None:
    """The table, and what is wrong."""
    lags = [lag.total_seconds() for lag in found.lags]
    clocks = ", ".join(f"{seconds:+.0f}" for seconds in run.clocks.values())
    acts = sum(plan.has_acted for plan in plans)
    rows = (
        ("posts", f"{len(plans):,}", ""),
        ("processes, with clocks wrong by seconds", clocks, ""),
        ("kill -9", f"{run.kills}", ""),
        ("edited while they waited", f"{sum(plan.is_edited for plan in plans)}", ""),
        ("changed by hand in time", f"{acts}", ""),
        ("requests", f"{writer.requests:,}", ""),
        ("of them cut off", f"{writer.cut_off:,}", ""),
        ("due while no process lived, or behind that", f"{found.overdue}", ""),
        ("lag, p50, ms", _ms(lags, 50), ""),
        ("lag, p99, ms", _ms(lags, 99), ""),
        ("lag, longest, ms", _ms(lags, 100), f"{_PROMISE.total_seconds() * 1000:,.0f}"),
        *((what, f"{len(posts)}", "0") for what, posts in found.rows().items()),
        ("tokens refused", f"{writer.refused}", "0"),
        ("`doctor` finds", "nothing" if complaint is None else "something", "nothing"),
    )
    console.print(found_table(seed, rows))
    for what, posts in found.rows().items():
        for post_id in posts[:5]:
            console.print(what, next(plan for plan in plans if plan.id == post_id), markup=False)
    if complaint is not None:
        console.print(complaint, markup=False)


def _ms(lags: list[float], percent: float) -> str:
    return f"{percentile(lags, percent) * 1000:,.0f}" if lags else ""


if __name__ == "__main__":
    main(prog_name="scripts/schedules")
