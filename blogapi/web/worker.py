"""One of the processes that serve: what it tells `web/workers.py`, which started it, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from blogapi.config import ServerConfig
from blogapi.web.cached import CACHED_READS
from blogapi.web.health import READINESS, Readiness
from blogapi.web.server import Runner
from blogapi.web.workers import BACKLOG, RETIRE, RETIRING, STOP, TAKE_STOCK

# How long a server that was told to stop still takes connections, while it has any.
_GRACE_SECONDS = 2
_LOOK_SECONDS = 0.05

log = logging.getLogger("blogapi.worker")


async def run_worker(
    app: web.Application, settings: ServerConfig, listener: socket.socket, channel: int, facts: Mapping[str, Any]
) -> None:
    """Serve until told to retire or to stop. Ends at once when its starter does.

    `channel` is the descriptor of the pipe to that one, who is told the facts when it serves.
    """
    retire, stop = asyncio.Event(), asyncio.Event()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, event in ((RETIRE, retire), (STOP, stop)):
        loop.add_signal_handler(number, _set, event, told)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for who started us: it renews all of us
    loop.add_reader(sys.stdin.fileno(), _end_with_starter)
    runner = Runner(app, settings)
    await runner.setup()
    loop.add_signal_handler(TAKE_STOCK, _take_stock, app, runner)
    _spare_the_collector()
    try:
        site = web.SockSite(runner, listener, backlog=BACKLOG)
        await site.start()
        os.write(channel, orjson.dumps(dict(facts)) + b"\n")
        await told.wait()
        runner.say_goodbye()
        if not stop.is_set():
            await site.stop()
            os.write(channel, RETIRING)
            await _retire(runner, stop, min(settings.keepalive_seconds, settings.drain_seconds))
        if stop.is_set():
            await _stop(runner, app[READINESS], min(settings.drain_seconds, _GRACE_SECONDS))
    finally:
        await runner.cleanup()


def _spare_the_collector() -> None:
    """Look for garbage in cycles more rarely, and never again through what was there before the first request.

    Requests leave none behind; the default walks all that a page of posts is made of several times while it is made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _take_stock(app: web.Application, runner: Runner) -> None:
    reads = app[CACHED_READS]
    kept = "" if reads is None else f", {len(reads.cache)} kept answers of {reads.cache.bytes / 1e6:.1f} MB"
    log.info("holds %d tasks, %d connections%s", len(asyncio.all_tasks()), runner.connections, kept)


def _set(*events: asyncio.Event) -> None:
    for event in events:
        event.set()


def _end_with_starter() -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        log.error("the server's first process is gone: this worker ends")
        os._exit(1)


async def _retire(runner: Runner, stop: asyncio.Event, seconds: float) -> None:
    """Go on with the connections that there are: a client may be sending its next request on an idle one just now.

    It gets its answer, with `Connection: close`; one that stays idle is closed when its time is over, as always.
    """
    await _wait_while(lambda: runner.connections > 0 and not stop.is_set(), seconds)


async def _stop(runner: Runner, readiness: Readiness, seconds: float) -> None:
    """While there are clients go on for a moment: a load balancer reads on /readyz that it should send no more."""
    readiness.draining = True
    await _wait_while(lambda: runner.connections > 0 or readiness.running > 0, seconds)


async def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    # Looked at again and again, as an event would cost every connection and every request.
    await asyncio.sleep(_LOOK_SECONDS)
    while condition() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)
