"""A lean HTTP/1.1 client of the laboratories: one connection, one request at a time, and when it was sent and answered.

It retries nothing and follows nothing, so what a server does to a connection shows as it is. `bench` asks by the
standard library's client instead: it runs in no event loop, its few requests are not measured, and wrk makes its load.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class CutOff(Exception):
    """There was no whole answer to a request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Times are of `time.monotonic`."""

    status: int
    head: bytes
    body: bytes
    sent_at: float
    received_at: float

    def json(self) -> Any:
        """The body."""
        return orjson.loads(self.body)

    def header(self, name: str) -> str:
        """The value of a header; empty without it."""
        found = re.search(rf"\r\n{name}: *([^\r]*)".encode(), self.head, re.IGNORECASE)
        return found[1].decode("latin-1") if found else ""

    @property
    def says_goodbye(self) -> bool:
        """Whether the connection ends with it."""
        return b"\r\nconnection: close" in self.head.lower()

    @property
    def is_hit(self) -> bool:
        """Whether it came out of the cache."""
        return b"blogapi; hit" in self.head

    @property
    def is_bypass(self) -> bool:
        """Whether the cache stood aside."""
        return b"blogapi; fwd=bypass" in self.head


class Connection(asyncio.Protocol):
    """A connection to a server on this machine, to be opened before it is asked."""

    def __init__(self, port: int, host: str = "127.0.0.1", patience_seconds: float = 30) -> None:
        self.port, self.host, self._patience = port, host, patience_seconds
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[Answer] | None = None
        self._buffer, self._sent_at = b"", 0.0

    async def open(self) -> None:
        """Raises OSError when there is no server, TimeoutError when it does not answer."""
        async with asyncio.timeout(self._patience):
            await asyncio.get_running_loop().create_connection(lambda: self, self.host, self.port)

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be asked any more: the server said so with its last answer, or closed it idle."""
        return self._transport is None or self._transport.is_closing()

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Answer:
        """Send a request and read the whole answer. Raises CutOff."""
        if self._transport is None or self._transport.is_closing():
            raise CutOff("the server has closed the connection")
        fields = f"{method} {path} HTTP/1.1\r\nHost: blog\r\n"
        fields += "".join([f"{name}: {value}\r\n" for name, value in (headers or {}).items()])
        content = b"" if body is None else orjson.dumps(body)
        if method != "GET":
            fields += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        loop = asyncio.get_running_loop()
        self._buffer, self._awaited, self._sent_at = b"", loop.create_future(), time.monotonic()
        self._transport.write(f"{fields}\r\n".encode() + content)
        overdue = loop.call_later(self._patience, self._transport.abort)
        try:
            return await self._awaited
        finally:
            overdue.cancel()

    def close(self) -> None:
        """Whoever was first."""
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._awaited is None or self._awaited.done():
            return
        head = self._buffer[:end]
        body = _whole_body(head, self._buffer[end + 4 :])
        if body is not None:
            answer = Answer(int(head[9:12]), head, body, self._sent_at, time.monotonic())
            self._awaited.set_result(answer)
            if answer.says_goodbye:
                self.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(CutOff(f"the server closed the connection ({error!r})"))


class LastingConnection(Connection):
    """A connection that is opened when it is asked, and again when the server has closed it."""

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Answer:
        """Send a request and read the whole answer. Raises CutOff; OSError when there is no server."""
        if self.has_ended:
            await self.open()
        return await super().ask(method, path, headers, body)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read, on a new connection if the server has just given up the old one. Raises CutOff, OSError."""
        try:
            return await self.ask("GET", path, headers)
        except CutOff:
            return await self.ask("GET", path, headers)


def _whole_body(head: bytes, received: bytes) -> bytes | None:
    """None while some of it is missing."""
    if _CHUNKED.search(head):  # by a proxy
        return _unchunked(received)
    length = _LENGTH.search(head)
    return received if len(received) >= (int(length[1]) if length else 0) else None


def _unchunked(received: bytes) -> bytes | None:
    content, size = b"", 1
    while size:
        line, mark, rest = received.partition(b"\r\n")
        if not mark:
            return None
        size = int(line, 16)
        if len(rest) < size + 2:
            return None
        content, received = content + rest[:size], rest[size + 2 :]
    return content
