"""Two servers behind Caddy with `deploy/Caddyfile`, stopped and started in turn while clients write through it."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from blogapi.db.embedded.mongod import free_port
from scripts.labs import ROOT
from scripts.labs.blog import empty_blog
from scripts.labs.drain.clients import missing
from scripts.labs.drain.phases import Phase, load
from scripts.labs.drain.server import NotServing, Server

_WORKERS, _WRITING = 2, 6
_BEHIND_CADDY = {"SERVER__TRUSTED_PROXIES": "127.0.0.1"}
_CADDY_SECONDS = 30


class NoCaddy(Exception):
    """The program is not there. The message says where it comes from."""


def find_caddy() -> str:
    """The program. Raises NoCaddy."""
    if (found := shutil.which("caddy")) is None:
        raise NoCaddy("caddy is missing: install the package `caddy` of Debian or Ubuntu, or put the program on PATH.")
    return found


async def sigterms_behind_caddy(count: int, chance: random.Random, advance: Callable[[int], None]) -> Phase:
    """SIGTERM to the one and the other server in turn; the next only when Caddy sends requests to the one before."""
    caddy = find_caddy()
    *ports, public_port = [free_port() for _ in range(3)]
    async with empty_blog(_public_url(public_port)) as blog:
        servers: list[Server] = []
        try:
            for port in ports:
                servers.append(await blog.serve(port, _WORKERS, **_BEHIND_CADDY))
            async with (
                _caddy(caddy, blog.folder, public_port, ports) as address,
                load(address, chance, _WRITING) as tally,
            ):
                for number in range(count):
                    port, server = ports[number % 2], servers[number % 2]
                    await asyncio.sleep(chance.uniform(0, 2))
                    if code := await server.end():
                        raise NotServing(f"ended with {code}: {server.log[-10:]}")
                    servers[number % 2] = await blog.serve(port, _WORKERS, **_BEHIND_CADDY)
                    await servers[number % 2].until_logged(" 201 POST ")
                    advance(1)
            lost = await missing(servers[0].address, tally.acknowledged)
        finally:
            for server in servers:
                await server.end()
    return Phase(what="SIGTERM behind Caddy", events=count, tally=tally, lost=len(lost))


@asynccontextmanager
async def _caddy(program: str, folder: Path, port: int, apps: list[int]) -> AsyncIterator[str]:
    """Its address, when it listens."""
    environ = {
        **os.environ,
        "PUBLIC_URL": _public_url(port),
        "APPS": " ".join(f"127.0.0.1:{app}" for app in apps),
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    with (folder / "caddy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program, "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(_CADDY_SECONDS):
            while not _listens(port):
                if process.returncode is not None:
                    raise NotServing((folder / "caddy.log").read_text()[-2000:])
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _public_url(port: int) -> str:
    return f"http://blog:{port}"  # as the clients call their host


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
