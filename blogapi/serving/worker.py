"""One of the processes that serve: what it tells `serving/workers.py`, which started it, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from blogapi.cache.reads import CACHED_READS
from blogapi.config import ServerConfig
from blogapi.measures import Measure, counter, gauge
from blogapi.operations.health import READINESS, Readiness
from blogapi.operations.metrics import Metrics
from blogapi.operations.traffic import METRICS
from blogapi.serving.listening import BACKLOG
from blogapi.serving.server import Runner
from blogapi.serving.workers import BEAT, RETIRE, RETIRING, STOP, STOP_WATCHED, TAKE_STOCK, WATCHED_BEAT

GRACE_SECONDS = 8
"""How long a server that was told to stop still takes connections where a load balancer asks /readyz: longer than it
takes that one to ask again and to give up, so that it sends nothing to a closed door."""

# The same where nobody asks, while anybody is connected.
_SHORT_GRACE_SECONDS = 2
_LOOK_SECONDS = 0.05
_LONGEST_BEAT_SECONDS = 1

log = logging.getLogger("blogapi.worker")


class Channel:
    """The pipe to who started us. From the beginning, and for as long as our loop runs, that one hears it every second.

    With `readiness` it hears, too, whether somebody watches us; with `metrics`, what is new of our measures.
    """

    def __init__(self, descriptor: int, settings: ServerConfig) -> None:
        self.readiness: Readiness | None = None
        self.metrics: Metrics | None = None
        self._descriptor, self._loop = descriptor, asyncio.get_running_loop()
        # Often enough that some that are late do not matter.
        self._seconds = min(_LONGEST_BEAT_SECONDS, settings.stuck_seconds / 10) or _LONGEST_BEAT_SECONDS
        os.set_blocking(descriptor, False)
        self._beat()

    def send(self, line: bytes) -> bool:
        """Tell it. Lost, and answered with False, when it stands still and has not listened for long."""
        try:
            os.write(self._descriptor, line)
        except BlockingIOError:
            return False
        return True

    def tell_measures(self) -> None:
        """Tell it what is new of them."""
        if self.metrics is not None:
            self.metrics.tell(self.send)

    def _beat(self) -> None:
        self.send(WATCHED_BEAT if self.readiness is not None and self.readiness.is_watched else BEAT)
        self.tell_measures()
        self._loop.call_later(self._seconds, self._beat)


async def run_worker(
    app: web.Application,
    settings: ServerConfig,
    listener: socket.socket,
    channel: Channel,
    facts: Mapping[str, Any],
    *,
    tells_measures: bool = False,
) -> None:
    """Serve until told to retire or to stop. Who started us is told the facts when we serve, and then our measures."""
    told, stop, is_watched = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, events in ((RETIRE, ()), (STOP, (stop,)), (STOP_WATCHED, (stop, is_watched))):
        loop.add_signal_handler(number, _set, told, *events)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for who started us: it renews all of us
    channel.readiness = app[READINESS]
    runner = Runner(app, settings)
    await runner.setup()
    loop.add_signal_handler(TAKE_STOCK, _take_stock, app, runner)
    _spare_the_collector()
    try:
        site = web.SockSite(runner, listener, backlog=BACKLOG)
        await site.start()
        channel.send(orjson.dumps(dict(facts)) + b"\n")
        if tells_measures:
            app[METRICS].add(*runner.measures(), *measures_of_process())
            channel.metrics = app[METRICS]
            channel.tell_measures()
        await told.wait()
        runner.say_goodbye()
        if not stop.is_set():
            await _leave(site, channel)
            await _retire(runner, stop, min(settings.keepalive_seconds, settings.drain_seconds))
        if stop.is_set():
            # A load balancer reads there that it should send no more.
            app[READINESS].draining = True
            await _stop(runner, settings.drain_seconds, is_watched=is_watched.is_set())
        if runner.sites:
            await _leave(site, channel)
        await _wait_while(lambda: runner.has_work, settings.drain_seconds)
    finally:
        await runner.cleanup()
        channel.tell_measures()


def measures_of_process() -> list[Measure]:
    """What there is to tell of any process."""
    return [
        counter("blogapi_cpu_seconds_total", "CPU time of workers.", time.process_time),
        gauge("blogapi_tasks", "Tasks on the event loop.", lambda: len(asyncio.all_tasks())),
        gauge("blogapi_resident_bytes", "Memory of a worker; on Linux.", _resident_bytes),
    ]


def _resident_bytes() -> dict[tuple[str, ...], float]:
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    except OSError:
        return {}
    return {(): int(pages) * os.sysconf("SC_PAGE_SIZE")}


def _spare_the_collector() -> None:
    """Look for garbage in cycles more rarely, and never again through what was there before the first request.

    Requests leave none behind; the default walks all that a page of posts is made of several times while it is made.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def _take_stock(app: web.Application, runner: Runner) -> None:
    reads = app[CACHED_READS]
    kept = "" if reads is None else f", {len(reads.cache)} kept answers of {reads.cache.bytes / 1e6:.1f} MB"
    waits = f", {runner.unsent_bytes / 1e6:.1f} MB that wait for readers"
    log.info("holds %d tasks, %d connections%s%s", len(asyncio.all_tasks()), runner.connections, kept, waits)


def _set(*events: asyncio.Event) -> None:
    for event in events:
        event.set()


async def _retire(runner: Runner, stop: asyncio.Event, seconds: float) -> None:
    """Go on with the connections that there are: a client may be sending its next request on an idle one just now.

    It gets its answer, with `Connection: close`; one that stays idle is closed when its time is over, as always.
    """
    await _wait_while(lambda: runner.connections > 0 and not stop.is_set(), seconds)


async def _stop(runner: Runner, longest: float, *, is_watched: bool) -> None:
    """Go on for a moment. Who watches us may connect until it has looked again, even when nobody is connected now."""
    takes_more = bool(runner.sites)
    seconds = min(longest, GRACE_SECONDS if is_watched else _SHORT_GRACE_SECONDS)
    await _wait_while(lambda: (is_watched and takes_more) or runner.connections > 0, seconds)


async def _leave(site: web.SockSite, channel: Channel) -> None:
    await site.stop()
    channel.send(RETIRING)


async def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    # Looked at again and again, as an event would cost every connection and every request.
    await asyncio.sleep(_LOOK_SECONDS)
    while condition() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)
