"""kill -9 of the first process at any moment, and whether the next start can have the address."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from blogapi.db.embedded.mongod import free_port
from scripts.labs.blog import Blog, empty_blog
from scripts.labs.drain.server import NotServing

_WORKERS = 2
# Longer than any of them takes, so that also what comes right after is hit.
_MOMENTS = {"start": 3.0, "reload": 4.0, "replacement": 2.0}
_FREE_SECONDS = 10


@dataclass(slots=True)
class Kills:
    """How often it was killed at which moment, how long the address was taken after that, and which starts failed."""

    moments: Counter[str] = field(default_factory=Counter)
    longest_seconds: float = 0
    refused: list[str] = field(default_factory=list)


async def kill_first(count: int, chance: random.Random, advance: Callable[[int], None]) -> Kills:
    """Start, kill, start again. Every start that is not killed has to come to serve, almost without patience."""
    kills = Kills()
    port = free_port()
    # Its database outlives them, so that a start is quick; the end of that is not what is looked at here.
    async with empty_blog(f"http://localhost:{port}") as blog:
        for number in range(count):
            moment = list(_MOMENTS)[number % len(_MOMENTS)]
            try:
                seconds = await _kill(blog, port, moment, chance.uniform(0, _MOMENTS[moment]))
                kills.longest_seconds = max(kills.longest_seconds, seconds)
            except NotServing as error:
                kills.refused.append(f"{number}, {moment}: {error}")
            kills.moments[moment] += 1
            advance(1)
    return kills


async def _kill(blog: Blog, port: int, moment: str, seconds: float) -> float:
    """How many seconds the address stayed taken. Raises NotServing when it did not come to live until then."""
    server = await blog.start(port, _WORKERS, SERVER__START_PATIENCE_SECONDS="1")
    try:
        if moment != "start":
            await server.until_serving(_WORKERS)
        if moment == "reload":
            server.reload()
        if moment == "replacement":
            os.kill(server.workers[0], signal.SIGKILL)
        await asyncio.sleep(seconds)
    finally:
        if server.process.returncode is None:
            server.process.kill()
        code = await server.process.wait()
        taken_seconds = await _seconds_until_free(port)
        await server.end()  # of what it left behind
    if code != -signal.SIGKILL:
        raise NotServing("\n".join(server.log[-10:]))
    return taken_seconds


async def _seconds_until_free(port: int) -> float:
    began = time.monotonic()
    while (seconds := time.monotonic() - began) < _FREE_SECONDS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return seconds
        except OSError:
            await asyncio.sleep(0.01)
    raise NotServing(f"The address was still taken after {_FREE_SECONDS} s.")
