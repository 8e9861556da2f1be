"""The server around the app: broken, slow and many clients."""

import asyncio
import dataclasses
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from blogapi.app import create_app
from blogapi.config import ServerConfig
from blogapi.web import server
from tests.serving import raw


@pytest.fixture
def running(config, database):
    """The app behind our own server on a free port: `async with running(...) as address`."""

    @asynccontextmanager
    async def running(**settings):
        known = dataclasses.replace(config, server=ServerConfig(port=0, **settings))
        runner = server.Runner(create_app(known, database), known.server)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    return running


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(200)) + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /v1/posts HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n", 417),
    ],
    ids=["no request", "long path", "long header", "many headers", "two lengths", "no host", "two hosts", "expect"],
)
async def test_broken_http_gets_a_problem_document_without_a_version(running, sent, status):
    async with running() as address, raw(address) as connection:
        await connection.write(sent)
        head, _, body = (await connection.answer()).partition("\r\n\r\n")
    assert int(head.split()[1]) == status
    assert "Server: blogapi" in head
    assert "aiohttp" not in head
    problem = json.loads(body)
    assert problem["type"] == f"/docs/problems/{problem['code']}"
    assert problem["status"] == status
    assert problem["instance"]
    assert f"X-Request-Id: {problem['request_id']}\r\n" in head


async def test_body_that_does_not_arrive_is_given_up(running):
    async with running(body_timeout_seconds=1) as address, raw(address) as connection:
        await connection.write(
            b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        assert "408" in (await connection.answer()).split("\r\n")[0]


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n"])
async def test_head_that_does_not_arrive_is_given_up(running, sent):
    async with running(keepalive_seconds=1) as address, raw(address) as connection:
        await connection.write(sent)
        assert await connection.answer() == ""


async def test_connections_of_one_address_are_bounded(running):
    async with running(connections_per_address=2) as address, raw(address) as first:
        assert await is_served(first)
        async with raw(address) as second:
            assert await is_served(second)
            async with raw(address) as third:
                assert await third.answer() == ""
        # The server learns of the end of the second at its own pace.
        async with asyncio.timeout(10):
            while True:
                async with raw(address) as again:
                    if await is_served(again):
                        return


async def test_connections_of_one_ipv6_network_count_as_one_address():
    async def handler(request):
        raise AssertionError("nobody asks")

    asked = ("2001:db8::1", "2001:db8::2", "2001:db8::3:0:0:3", "2001:db8:0:1::1")
    known = server.Server(web.Server(handler), ServerConfig(connections_per_address=2))
    assert [known.admit(address) for address in asked] == [True, True, False, True]
    for address in asked[:2]:
        known.leave(address)
    assert known.admit("2001:db8::4")


async def is_served(connection):
    try:
        await connection.send("GET /healthz")
    except ConnectionError:
        return False
    return "200" in await connection.answer()


async def test_reader_who_takes_nothing_is_cut_off(running, monkeypatch, ada, write):
    monkeypatch.setattr(server, "_LOOK_SECONDS", 0.5)
    async with running() as address, raw(address) as connection:
        for number in range(12):
            await write(ada, title=f"long {number}", body="word " * 100_000, status="published")
        await connection.send("GET /v1/posts?limit=100&fields=body,html")
        # This side stops reading when its buffer is full. The server gives up, which shows when one writes to it.
        async with asyncio.timeout(30):
            with pytest.raises(ConnectionError):
                await send_for_ever(connection)


async def send_for_ever(connection):
    while True:
        await connection.send("GET /healthz")
        await asyncio.sleep(0)
