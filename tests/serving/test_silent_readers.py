"""Readers who ask and do not read, on a real server: what waits for them is bounded, and others are served."""

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from blogapi.config import Config
from blogapi.db.client import connect, new_id
from blogapi.db.embedded.mongod import embedded_mongo
from blogapi.features import FEATURES
from blogapi.wiring import build_services
from tests.conftest import until
from tests.posts.loading import load
from tests.servers import LONG, serving

pytestmark = [
    pytest.mark.mongod,
    pytest.mark.skipif(not Path("/proc").exists(), reason="addresses of their own, as Linux has them"),
]
MIB = 1024 * 1024
READERS = 100
PAGE = "/v1/posts?limit=20&fields=body"


@pytest.fixture
async def server(tmp_path, driver):
    """One worker, before pages of 8 MiB."""
    folder = tmp_path / "mongo"
    with embedded_mongo(folder) as mongo:
        client = connect(mongo.url, driver=driver, timeout_seconds=30, pool_size=4)
        services = build_services(Config(root=tmp_path), client["blogapi"], FEATURES)
        await load(services, SimpleNamespace(id=new_id(), username="ada"), 20, body="x" * (400 * 1024))
        await client.close()
        async with serving(folder, SERVER__CONNECTIONS_PER_ADDRESS="1000") as served:
            yield served


async def ask_and_be_silent(served, address):
    host, port = served.address.removeprefix("http://").split(":")
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.setblocking(False)
    reader.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(reader, ("127.0.0.1", int(port)))
    reader.send(f"GET {PAGE} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return reader


@pytest.mark.parametrize(("addresses", "most"), [(1, 64), (25, 256)], ids=["one address", "many addresses"])
async def test_what_waits_for_readers_who_do_not_read_is_bounded(server, addresses, most):
    async with aiohttp.ClientSession() as session, AsyncExitStack() as stack:
        async with session.get(server.address + PAGE) as answer:
            size = len(await answer.read())
        assert size > 7 * MIB
        for number in range(READERS):
            reader = await ask_and_be_silent(server, f"127.0.0.{1 + number % addresses}")
            stack.callback(reader.close)
        # An answer is kept as a whole, whatever the kernel has taken of it: for so many there is no room.
        no_room = READERS - most * MIB // size
        await until(lambda: server.log.count(b"too much waits") >= no_room, LONG)
        async with session.get(server.address + PAGE) as answer:
            assert len(await answer.read()) == size
