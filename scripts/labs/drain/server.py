"""A server with several workers, on a database of its own, and what its log says of them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from scripts.labs import ROOT

_START_SECONDS = 60
_SECRET = os.urandom(32).hex()
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
        self._follower = asyncio.create_task(self._follow())

    @classmethod
    async def start(
        cls,
        folder: Path,
        workers: int,
        module: str = "blogapi",
        environ: Mapping[str, str] = MappingProxyType({}),
        /,
        **settings: str,
    ) -> Server:
        """Start one with its data in this folder: a program, with more in its environment. It does not serve yet."""
        known = {
            "SERVER__PORT": "0",
            "METRICS__PORT": "0",
            "SERVER__WORKERS": str(workers),
            "MONGO__DATA_DIR": str(folder / "mongo"),
            "AUTH__SECRET": _SECRET,
            "AUTH__BCRYPT_ROUNDS": "4",
            "LIMITS__ENABLED": "false",
            "LOG__FORMAT": "text",
            **settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, "serve", "--empty"),
                cwd=ROOT,
                env={**kept, **environ, **{f"BLOGAPI_{name}": value for name, value in known.items()}},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )

    async def until_serving(self, workers: int) -> None:
        """Wait until it has said its address, and all workers serve. Raises NotServing when it ends instead."""
        assert self.process.stdout is not None
        async with asyncio.timeout(2 * _START_SECONDS):
            async for line in self.process.stdout:
                if found := re.search(r"http://[a-z0-9.]+:[0-9]+", line.decode()):
                    self.address = found[0]  # a few more lines follow, which fit the pipe
                    await self.until_started(workers)
                    return
        await self.end(None)
        raise NotServing("\n".join(self.log[-10:]))

    async def end(self, number: int | None = signal.SIGTERM) -> int:
        """Send it a signal, unless it has ended, and wait until nobody is left who could log. Its exit code."""
        if self.process.returncode is None and number is not None:
            self.process.send_signal(number)
        code = await self.process.wait()
        await self._follower
        return code

    async def _follow(self) -> None:
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
        await self._until(lambda: self.starts >= count)

    async def until_reloaded(self, count: int) -> None:
        """Wait until so many reloads are done."""
        await self._until(lambda: self.reloads >= count)

    async def until_logged(self, text: str) -> None:
        """Wait for a line that holds this."""
        await self._until(lambda: any(text in line for line in self.log))

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with self._news, asyncio.timeout(_START_SECONDS):
            await self._news.wait_for(condition)

    def reload(self) -> None:
        """Have all workers renewed."""
        self.process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def serving(folder: Path, workers: int, **settings: str) -> AsyncIterator[Server]:
    """A server on a free port with an empty blog in this folder; stopped at the end. Raises NotServing."""
    server = await Server.start(folder, workers, **settings)
    try:
        await server.until_serving(workers)
        yield server
    finally:
        code = await server.end()
    if code:
        raise NotServing("\n".join(server.log[-10:]))
