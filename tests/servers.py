"""Servers for tests that talk to a process of its own, and raw connections to them."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
import sys
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
DRIVER = "BLOGAPI_MONGO__DRIVER"
# Seconds that only something that never comes takes, however busy the machine is.
LONG = 180
SECRET = "a test secret that is long enough 0123456789"


def environment(data_dir, path=(), **settings):
    """What a server process needs to know; settings are `SERVER__PORT="0"` and so on, `path` is looked in first."""
    fixed = {
        "MONGO__DATA_DIR": str(data_dir),
        "MONGO__DRIVER": os.environ[DRIVER],
        "SERVER__PORT": "0",
        "METRICS__PORT": "0",
        "SERVER__WORKERS": "1",
        "AUTH__SECRET": SECRET,
        "AUTH__BCRYPT_ROUNDS": "4",
        "LIMITS__ENABLED": "false",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT])),
        **{f"BLOGAPI_{k}": v for k, v in {**fixed, **settings}.items()},
    }


class Served:
    """A running server: its address, its process, and what it has logged."""

    def __init__(self, process, address):
        self.process, self.address = process, address
        self.log = bytearray()
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        while chunk := await self.process.stderr.read(65536):
            self.log += chunk

    async def finish(self):
        """Wait for its end; returns the exit code."""
        code = await asyncio.wait_for(self.process.wait(), LONG)
        await self._reader
        return code


# Opened by the leader of a session it becomes its terminal. That the tests may run under nohup is none of its business.
_IN_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.open(sys.argv[1], os.O_RDWR)
os.execvp(sys.argv[2], sys.argv[2:])
"""


@asynccontextmanager
async def serving(data_dir, *arguments, terminal="", under=(), path=(), demo=False, **settings):
    """`blogapi serve` until the block ends, then SIGTERM; empty but for `demo`. It may have ended before."""
    command = [*under, sys.executable, "-m", "blogapi", "serve", *([] if demo else ["--empty"]), *arguments]
    process = await asyncio.create_subprocess_exec(
        *([sys.executable, "-c", _IN_TERMINAL, terminal, *command] if terminal else command),
        start_new_session=bool(terminal),
        env=environment(data_dir, path, **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Served(process, await asyncio.wait_for(_address(process), LONG))
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), LONG)


async def _address(process):
    while line := (await process.stdout.readline()).decode():
        found = re.search(r"http://[a-z0-9.]+:[0-9]+", line)
        if found:
            # The rest of the output is not read: it is a few lines and fits the pipe.
            return found[0]
    raise AssertionError((await process.stderr.read()).decode())


class Raw:
    """A connection on which anything can be sent."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    async def send(self, line, body=""):
        """A request: its method and path, and a JSON body."""
        head = f"{line} HTTP/1.1\r\nHost: blog\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        await self.write(f"{head}\r\n{body}".encode())

    async def write(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self):
        """What comes back first, headers and all; empty when the connection has been closed."""
        try:
            return (await asyncio.wait_for(self._reader.read(65536), LONG)).decode()
        except ConnectionError:
            return ""

    async def rest(self):
        """All that comes back until the connection is closed."""
        return b"".join([chunk async for chunk in self._chunks()]).decode()

    async def _chunks(self):
        async with asyncio.timeout(LONG):
            while chunk := await self._reader.read(65536):
                yield chunk

    def say_all(self):
        """Send no more, and still listen."""
        self._writer.write_eof()

    def reset(self):
        """Go without a word, as a client does that is killed."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self):
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # the other side was first


@asynccontextmanager
async def raw(address):
    """A connection to `http://host:port`."""
    host, port = address.removeprefix("http://").split(":")
    connection = Raw(*await asyncio.open_connection(host, int(port)))
    try:
        yield connection
    finally:
        await connection.close()
