"""The last answer of each connection of a server that ends, on the loop of asyncio and on that of uvloop."""

import asyncio
import dataclasses
import json
import re
import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from blogapi.app import create_app
from blogapi.config import ServerConfig
from blogapi.serving.server import Runner
from tests.servers import LONG

ASKING = b"GET /healthz HTTP/1.1\r\nHost: blog\r\n\r\n"


pytestmark = [pytest.mark.both_loops, pytest.mark.any_driver]


@pytest.fixture
def serving(config, database):
    @asynccontextmanager
    async def serving():
        """The runner, and the port on which it listens."""
        known = dataclasses.replace(config, server=ServerConfig(port=0))
        runner = Runner(create_app(known, database), known.server)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield runner, runner.addresses[0][1]
        finally:
            await runner.cleanup()

    return serving


def answers(told):
    """Of each answer its status, and whether it says that it is the last one."""
    heads = re.findall(r"HTTP/1\.1 (\d+) (.+?)\r\n(?:\r\n|$)", told, re.DOTALL)
    return [(int(status), "\r\nConnection: close" in head) for status, head in heads]


@asynccontextmanager
async def connected(**where):
    reader, writer = await asyncio.open_connection(**where)
    try:
        async with asyncio.timeout(LONG):
            yield reader, writer
    finally:
        writer.close()


async def all_of(reader):
    return (await reader.read()).decode()


async def test_connection_that_is_open_hears_that_its_next_answer_is_the_last(serving):
    async with serving() as (runner, port), connected(host="127.0.0.1", port=port) as (reader, writer):
        writer.write(ASKING)
        first = await reader.readuntil(b"}")
        runner.say_goodbye()
        writer.write(ASKING)
        told = answers(first.decode()) + answers(await all_of(reader))

    assert told == [(200, False), (200, True)]


async def test_connection_that_was_accepted_a_moment_before_hears_it_too(serving):
    async with serving() as (runner, _):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        # As a loop does: made when it accepts, connected when it comes to it.
        protocol = runner.server()
        runner.say_goodbye()
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, theirs)
        async with connected(sock=ours) as (reader, writer):
            writer.write(ASKING)
            told = answers(await all_of(reader))

    assert told == [(200, True)]


async def test_all_that_has_arrived_is_answered_before_the_end(serving):
    async with serving() as (runner, port), connected(host="127.0.0.1", port=port) as (reader, writer):
        runner.say_goodbye()
        writer.write(ASKING * 100)
        told = answers(await all_of(reader))

    assert told == [(200, False)] * 99 + [(200, True)]


async def test_what_arrives_while_a_request_is_answered_is_answered_too(serving):
    body = json.dumps({"login": "nobody", "password": "tread softly because"}).encode()
    head = (
        f"POST /v1/auth/login HTTP/1.1\r\nHost: blog\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )

    async with serving() as (runner, port), connected(host="127.0.0.1", port=port) as (reader, writer):
        writer.write(f"{head}\r\n\r\n".encode() + body[:5])
        while not runner.has_work:
            await asyncio.sleep(0)
        runner.say_goodbye()
        writer.write(body[5:] + ASKING + ASKING)
        told = answers(await all_of(reader))

    assert told == [(401, False), (200, False), (200, True)]
