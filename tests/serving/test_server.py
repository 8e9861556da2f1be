"""The server around the app: broken, slow and many clients."""

import asyncio
import dataclasses
import json
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from blogapi.app import create_app
from blogapi.config import CacheConfig, LogConfig, ServerConfig
from blogapi.config.kinds import network
from blogapi.serving import server
from tests.conftest import until
from tests.servers import LONG, raw

pytestmark = [pytest.mark.both_loops, pytest.mark.any_driver]


@pytest.fixture
def running(config, database):
    """The app behind our own server on a free port: `async with running(...) as address`."""

    @asynccontextmanager
    async def running(log=config.log, cache=config.cache, **settings):
        known = dataclasses.replace(config, log=log, cache=cache, server=ServerConfig(port=0, **settings))
        runner = running.runner = server.Runner(create_app(known, database), known.server)
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
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(200)) + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /v1/posts HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n", 417),
        (b"GET /v1/posts HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        (b"GET /v1/posts HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /v1/posts HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        (b"GET /v1/posts HTTP/3\r\nHost: a\r\n\r\n", 505),
        (b"GET /v1/posts?a=" + b"b" * 4000 + b" HTTP/10.1\r\nHost: a\r\n\r\n", 505),
        (b"GET /v1/posts HTTP/1.10\r\nHost: a\r\n\r\n", 505),
        (b"GET /v1/posts HTTP/one\r\nHost: a\r\n\r\n", 400),
        (b"GET /v1/posts HTTP/1.1 HTTP/3\r\nHost: a\r\n\r\n", 400),
        (b"GET /v1/posts HTTP/1.1\r\nHost HTTP/3\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (
            b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
        ),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 404),
        (b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://u:p@a/v1/posts HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://a/v1/posts HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://a:99999/v1/posts HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /v1/posts#top HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /v1/posts?limit=1# HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
    ids=lambda sent: repr(sent[:40]) if isinstance(sent, bytes) else "",
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
    assert head.startswith("HTTP/1.1 ")
    assert f"X-Request-Id: {problem['request_id']}" in head.split("\r\n")
    assert "Content-Language: en" in head.split("\r\n")


@pytest.mark.parametrize(
    "host",
    [
        "a b",
        "a/b",
        "a:b",
        "a:99999",
        "a:1:2",
        "u@a",
        "",
        "[::1",
        "[nonsense]",
        "::1",
        "a..b",
        ".a",
        "ä",
        "a,b",
        "a?b",
        "a#",
    ],
)
async def test_host_that_is_none_is_refused(running, host):
    async with running() as address, raw(address) as connection:
        await connection.write(f"GET /v1/posts HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await connection.answer()
    assert answer.startswith("HTTP/1.1 400 ")
    assert json.loads(answer.partition("\r\n\r\n")[2])["code"] == "bad_request"


@pytest.mark.parametrize("host", ["a", "A.example.", "a_b-c:80", "a:", "192.0.2.1:8080", "[::1]:8080", "[2001:db8::1]"])
async def test_host_of_any_name_is_served(running, host):
    async with running() as address, raw(address) as connection:
        await connection.write(f"GET /v1/posts HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert (await connection.answer()).startswith("HTTP/1.1 200 ")


async def test_address_in_full_is_served(running):
    async with running() as address, raw(address) as connection:
        await connection.write(b"GET http://b:80/v1/posts HTTP/1.1\r\nHost: b\r\n\r\n")
        assert (await connection.answer()).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("requests", [1, 3, 50])
async def test_client_who_has_said_all_gets_its_answers(running, requests):
    async with running() as address, raw(address) as connection:
        await connection.write(b"GET /v1/posts HTTP/1.1\r\nHost: a\r\n\r\n" * requests)
        connection.say_all()
        answers = await connection.rest()
    assert answers.count("HTTP/1.1 200 OK") == requests


async def test_client_who_says_nothing_and_ends_is_let_go(running):
    async with running(keepalive_seconds=3600) as address, raw(address) as connection:
        assert await is_served(connection)
        connection.say_all()
        assert await connection.rest() == ""


async def test_body_that_turns_into_nonsense_is_answered_once(running, caplog):
    async with running(body_timeout_seconds=3600) as address, raw(address) as connection:
        await connection.write(_CHUNKED + b'"a":\r\n')
        async with raw(address) as another:  # by now the server waits for the rest
            assert await is_served(another)
        await connection.write(b"zz\r\n")
        await connection.write(b"GET /v1/posts HTTP/1.1\r\nHost: a\r\n\r\n")
        answers = await connection.rest()
    assert answers.count("HTTP/1.1 ") == 1
    assert answers.startswith("HTTP/1.1 400 ")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


_UPLOAD = b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
_CHUNKED = _UPLOAD.replace(b"Content-Length: 900\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{")
_REFUSED = _UPLOAD.replace(b"application/json", b"text/plain").replace(b"900", b"900000000")


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("sent", [_UPLOAD, _CHUNKED, _REFUSED, b"GET /v1/posts HTTP/1.1\r\nHost: a\r\n\r\n" * 3])
async def test_connection_that_breaks_is_no_error(running, caplog, sent, how):
    caplog.set_level("INFO")
    async with running(keepalive_seconds=3600) as address:
        async with raw(address) as connection:
            await connection.write(sent)
            if how == "end":
                connection.say_all()
                await connection.rest()
            else:
                connection.reset()
        async with raw(address) as another:
            assert await is_served(another)
    assert [record.getMessage() for record in caplog.records if record.levelname not in ("INFO", "DEBUG")] == []


async def test_upload_that_breaks_off_has_one_line(running, capsys):
    async with running(log=LogConfig(level="info", format="json")) as address:
        async with raw(address) as connection:
            await connection.write(_UPLOAD)
            connection.say_all()
            assert await connection.rest() == ""
        async with raw(address) as connection:
            await connection.write(b"nonsense\r\n\r\n")
            await connection.rest()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    seen = [(line["level"], line["method"], line["route"], line["status"], line["network"]) for line in lines]
    assert seen == [("info", "POST", "/v1/auth/login", 499, "127.0.0.0/24"), ("info", "-", "-", 400, "127.0.0.0/24")]


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
        async with asyncio.timeout(LONG):
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


_LONG_PAGE = "GET /v1/posts?limit=100&fields=body,html"
_MIB = 1 << 20


@pytest.fixture
async def long_page(ada, write):
    """The longest page that there is: far more than the system's buffers hold for somebody who does not read."""
    for number in range(9):
        await write(ada, title=f"long {number}", body="word " * 100_000, status="published")


async def test_reader_who_takes_nothing_is_cut_off(running, monkeypatch, long_page):
    monkeypatch.setattr(server, "_LOOK_SECONDS", 0.5)
    async with running() as address, raw(address) as connection:
        await connection.send(_LONG_PAGE)
        # This side stops reading when its buffer is full. The server gives up, which shows when one writes to it.
        async with asyncio.timeout(LONG):
            with pytest.raises(ConnectionError):
                await send_for_ever(connection)


async def send_for_ever(connection):
    while True:
        await connection.send("GET /healthz")
        await asyncio.sleep(0)


async def test_reader_who_takes_nothing_of_a_closed_connection_is_cut_off(running, monkeypatch, long_page):
    monkeypatch.setattr(server, "_LOOK_SECONDS", 0.5)
    async with running() as address, raw(address) as connection:
        await connection.write(f"{_LONG_PAGE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        await until(lambda: running.runner.unsent_bytes > 0)
        await until(lambda: running.runner.connections == 0)
        assert running.runner.unsent_bytes == 0


@pytest.mark.parametrize(
    "bounds",
    [{"unsent_bytes_per_address": 20 * _MIB}, {"unsent_bytes": 20 * _MIB, "trusted_proxies": [network("127.0.0.0/8")]}],
)
async def test_bytes_that_wait_for_readers_are_bounded(running, long_page, bounds):
    async with running(**bounds) as address, AsyncExitStack() as stack:
        silent = []
        for _ in range(12):
            silent.append(await stack.enter_async_context(raw(address)))
            await silent[-1].send(_LONG_PAGE)
            assert "200 OK" in await silent[-1].answer()
            assert running.runner.unsent_bytes <= 20 * _MIB
        assert running.runner.unsent_bytes > 8 * _MIB
        async with raw(address) as reader:
            await reader.write(f"{_LONG_PAGE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            assert len(await reader.rest()) > 7 * _MIB
        assert running.runner.connections < 12


@pytest.mark.parametrize("database", [pytest.param("mongod", marks=pytest.mark.mongod)], indirect=True)
async def test_kept_answer_is_not_held_for_each_of_its_readers(running, long_page):
    async with running(cache=CacheConfig(max_bytes=1024 * _MIB)) as address, AsyncExitStack() as stack:
        await until(lambda: is_kept(address))
        silent = [await stack.enter_async_context(raw(address)) for _ in range(12)]
        for connection in silent:
            await connection.write(f"{_LONG_PAGE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            assert "Cache-Status: blogapi; hit" in await connection.answer()
        assert 0 < running.runner.unsent_bytes < 12 * _MIB / 2
        for connection in silent:
            assert len(await connection.rest()) > 7 * _MIB


async def is_kept(address):
    async with raw(address) as connection:
        await connection.write(f"{_LONG_PAGE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return "Cache-Status: blogapi; hit" in await connection.rest()
