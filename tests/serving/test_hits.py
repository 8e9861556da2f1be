"""Hits, which are answered as they arrive, among all that a connection may bring besides."""

import asyncio
import re
from dataclasses import replace

import pytest
from aiohttp import web

from blogapi.app import create_app
from blogapi.config import CacheConfig, ServerConfig
from blogapi.serving.server import Runner
from tests.apps import stopped_clock
from tests.conftest import until
from tests.servers import raw

pytestmark = [pytest.mark.mongod, pytest.mark.any_driver]

KEEPALIVE_SECONDS = 15
GET, HEAD, OTHER, CLOSE = "GET /v1/tags", "HEAD /v1/tags", "GET /v1/tags/nothing", "Connection: close"
HIT, LAST = (200, "hit", None), (200, "hit", "close")


@pytest.fixture
async def runner(config, mongod_database):
    settings = ServerConfig(port=0, keepalive_seconds=KEEPALIVE_SECONDS)
    known = replace(config, cache=CacheConfig(enabled=True), server=settings)
    runner = Runner(create_app(known, mongod_database, clock=stopped_clock), settings)
    await runner.setup()
    yield runner
    await runner.cleanup()


@pytest.fixture
async def address(runner):
    """Of a server that keeps the list of tags."""
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await until(lambda: is_kept(address))
    return address


async def is_kept(address):
    return (await ask(address, asking(GET, CLOSE)))[0][1] == "hit"


def asking(line, *more, version="1.1"):
    return "\r\n".join([f"{line} HTTP/{version}", "Host: a", *more, "", ""])


async def ask(address, sent):
    """What is answered before the connection ends."""
    async with raw(address) as connection:
        await connection.write(sent.encode())
        return said(await connection.rest())


def said(answers):
    """Of each answer its status, whether it is a hit, and what it says of the connection."""
    found = []
    for head in re.finditer(r"HTTP/1\.[01] ([0-9]+) .*?\r\n(.*?)\r\n\r\n", answers, re.DOTALL):
        lines = dict(line.split(": ", 1) for line in head[2].split("\r\n"))
        found.append((int(head[1]), lines.get("Cache-Status", "").removeprefix("blogapi; "), lines.get("Connection")))
    return found


@pytest.mark.both_loops
@pytest.mark.parametrize("pieces", [1, 40, 1000])
async def test_answers_come_in_the_order_of_the_requests(address, pieces):
    sent = asking(GET, "Content-Length: 1000000") + "x" * 1_000_000
    sent += asking(GET) + asking(HEAD) + asking(OTHER) + asking(GET) * 20 + asking(GET, CLOSE)
    async with raw(address) as connection:
        size = -(-len(sent) // pieces)
        for start in range(0, len(sent), size):
            await connection.write(sent[start : start + size].encode())
            await asyncio.sleep(0)
        found = said(await connection.rest())
    assert [answer[0] for answer in found] == [200, 200, 200, 404, *[200] * 21]
    assert {answer[1] for answer in found if answer[0] == 200} == {"hit"}
    assert [answer[2] for answer in found] == [None] * 24 + ["close"]


@pytest.mark.both_loops
async def test_connection_ends_where_the_client_or_the_server_says_so(runner, address):
    older = asking(GET, "Connection: keep-alive", version="1.0") * 2 + asking(GET, version="1.0")
    assert await ask(address, older) == [(200, "hit", "keep-alive")] * 2 + [HIT]
    assert await ask(address, asking(GET) + asking(GET, CLOSE)) == [HIT, LAST]
    async with raw(address) as connection:
        await connection.write(asking(GET).encode())
        assert said(await connection.answer()) == [HIT]
        runner.say_goodbye()
        await connection.write(asking(GET).encode())
        assert said(await connection.rest()) == [LAST]


@pytest.mark.both_loops
async def test_client_who_has_said_all_gets_its_hits(address):
    async with raw(address) as connection:
        await connection.write(asking(GET).encode() * 3)
        connection.say_all()
        assert said(await connection.rest()) == [HIT] * 3


@pytest.mark.both_loops
async def test_client_who_never_says_anything_is_let_go(address):
    async with raw(address) as connection:
        connection.say_all()
        assert await connection.rest() == ""


async def test_hits_keep_a_connection_open(address, monkeypatch):
    loop = asyncio.get_running_loop()
    started, passed = loop.time(), 0.0
    monkeypatch.setattr(loop, "time", lambda: started + passed)
    async with raw(address) as connection:
        for _ in range(5):
            await connection.write(asking(GET).encode())
            assert said(await connection.answer()) == [HIT]
            passed += KEEPALIVE_SECONDS * 0.6
