"""A server with several workers, on a database of its own, and what its log says of them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60
_SERVES, _ENDED = re.compile(r"worker \d+ serves, process (\d+)"), re.compile(r"worker \d+ .*, process (\d+)$")


class NotServing(Exception):
    """The server did not start, or stopped by itself; the message is the end of its log."""


class Server:
    """`address`, and the process ids of its workers that serve."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.address = process, ""
        self.workers: list[int] = []
        self.starts = self.reloads = 0
        self.log: list[str] = []
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        """Read the log until it ends."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = raw.decode().rstrip()
            self.log.append(line)
            async with self._news:
                self._note(line)
                self._news.notify_all()

    def _note(self, line: str) -> None:
        if found := _SERVES.search(line):
            self.workers.append(int(found[1]))
            self.starts += 1
        elif (found := _ENDED.search(line)) and int(found[1]) in self.workers:
            self.workers.remove(int(found[1]))
        self.reloads += line.endswith(": reloaded")

    async def until_started(self, count: int) -> None:
        """Wait until so many workers have come to serve since the start of the server."""
        async with self._news, asyncio.timeout(_START_SECONDS):
            await self._news.wait_for(lambda: self.starts >= count)

    async def until_reloaded(self, count: int) -> None:
        """Wait until so many reloads are done."""
        async with self._news, asyncio.timeout(_START_SECONDS):
            await self._news.wait_for(lambda: self.reloads >= count)

    def reload(self) -> None:
        """Have all workers renewed."""
        self.process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def serving(folder: Path, workers: int) -> AsyncIterator[Server]:
    """A server on a free port with an empty blog in this folder; stopped at the end. Raises NotServing."""
    settings = {
        "SERVER__PORT": "0",
        "SERVER__WORKERS": str(workers),
        "MONGO__DATA_DIR": str(folder / "mongo"),
        "AUTH__SECRET": os.urandom(32).hex(),
        "AUTH__BCRYPT_ROUNDS": "4",
        "LIMITS__ENABLED": "false",
        "LOG__FORMAT": "text",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blogapi", "serve", "--empty"),
        cwd=ROOT,
        env={**kept, **{f"BLOGAPI_{name}": value for name, value in settings.items()}},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    server = Server(process)
    follower = asyncio.create_task(server.follow())
    try:
        server.address = await _address(process)
        if server.address:
            await server.until_started(workers)
            yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await follower
    if not server.address or process.returncode:
        raise NotServing("\n".join(server.log[-10:]))


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(r"http://[0-9.:]+", line.decode()):
            return found[0]  # a few more lines follow, which fit the pipe
    return ""
