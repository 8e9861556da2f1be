"""The HTTP client of the laboratories sees what a server does to a connection, whole or not."""

import asyncio

import pytest

from scripts.labs.client import Connection, CutOff, LastingConnection

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
LAST = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def answering():
    """Makes a server that answers each request with the next of some bytes, and closes when there are none left."""
    servers = []

    async def answering(*answers, pieces=1):
        left = list(answers)

        async def serve(reader, writer):
            while left:
                await reader.readuntil(b"\r\n\r\n")
                answer = left.pop(0)
                for start in range(0, len(answer), pieces):
                    writer.write(answer[start : start + pieces])
                    await writer.drain()
                    await asyncio.sleep(0)
                if b"close" in answer:
                    break
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield answering
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED])
@pytest.mark.parametrize("pieces", [1, 1000])
async def test_answer_is_read_whole(answering, answer, pieces):
    connection = Connection(await answering(answer, answer, pieces=pieces))
    await connection.open()
    answers = [await connection.ask("GET", "/") for _ in range(2)]
    assert [(each.status, each.body) for each in answers] == [(200, b"hello")] * 2
    connection.close()


@pytest.mark.parametrize("answer", [WHOLE[:-1], CHUNKED[:-1], WHOLE[:20], b""])
async def test_half_an_answer_is_none(answering, answer):
    connection = Connection(await answering(answer))
    await connection.open()
    with pytest.raises(CutOff):
        await connection.ask("GET", "/")


async def test_connection_that_has_ended_is_not_asked(answering):
    port = await answering(LAST, WHOLE)
    connection = Connection(port)
    await connection.open()
    assert (await connection.ask("GET", "/")).says_goodbye
    assert connection.has_ended
    with pytest.raises(CutOff):
        await connection.ask("GET", "/")


async def test_lasting_one_is_opened_again(answering):
    connection = LastingConnection(await answering(LAST, WHOLE))
    assert [(await connection.ask("GET", "/")).status for _ in range(2)] == [503, 200]
    connection.close()
