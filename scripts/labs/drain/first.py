"""kill -9 of the first process at any moment, and whether the next start can have the address."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from blogapi.db.embedded.mongod import embedded_mongo, free_port
from scripts.labs.drain.server import NotServing, Server

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
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        mongo = embedded_mongo(folder / "mongo")
        # It outlives them, so that a start is quick; its folder and its end are not what is looked at here.
        url = (await asyncio.to_thread(mongo.__enter__)).url
        try:
            for number in range(count):
                moment = list(_MOMENTS)[number % len(_MOMENTS)]
                try:
                    seconds = await _kill(folder, port, url, moment, chance.uniform(0, _MOMENTS[moment]))
                    kills.longest_seconds = max(kills.longest_seconds, seconds)
                except NotServing as error:
                    kills.refused.append(f"{number}, {moment}: {error}")
                kills.moments[moment] += 1
                advance(1)
        finally:
            await asyncio.to_thread(mongo.__exit__, None, None, None)
    return kills


async def _kill(folder: Path, port: int, url: str, moment: str, seconds: float) -> float:
    """How many seconds the address stayed taken. Raises NotServing when it did not come to live until then."""
    settings = {"SERVER__PORT": str(port), "MONGO__URL": url, "SERVER__START_PATIENCE_SECONDS": "1"}
    server = await Server.start(folder, _WORKERS, **settings)
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
