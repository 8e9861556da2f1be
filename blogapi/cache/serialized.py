"""Answers that are sent as the bytes that they are.

aiohttp puts a head together for every answer. That of one which is sent again and again differs in a few lines only, so
the rest of it is kept as bytes, too. Uses nothing of aiohttp but its documented ways to write.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter

# A longer body is sent from where it is. A shorter one is sooner copied.
_WORTH_NO_COPY = 4096
# So much of it is handed on at a time, so that no connection holds more than that of what all of them share.
_SLICE_BYTES = 256 * 1024


def head_of(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """The status and the header lines, between the version of HTTP and what belongs to one request only.

    Raises ValueError for what would end a line.
    """
    lines = [f" {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("A header holds what ends its line.")
    return "\r\n".join(lines).encode() + b"\r\n"


class Serialized(web.StreamResponse):
    """The answer to one request: a head as `head_of` makes it, the lines that are its own, and the body."""

    def __init__(self, request: web.BaseRequest, status: int, head: bytes, own: Mapping[str, str], body: bytes) -> None:
        super().__init__(status=status)
        is_newest = request.version == HttpVersion11
        self._stays_open = request.keep_alive
        lines = "".join([f"{name}: {value}\r\n" for name, value in own.items()])
        if self._stays_open is not is_newest:  # else what this version of HTTP takes for granted
            lines += f"Connection: {'keep-alive' if self._stays_open else 'close'}\r\n"
        lines += f"Date: {_date(int(time.time()))}\r\n\r\n"
        version = b"HTTP/1.1" if is_newest else b"HTTP/1.0"
        own_head = b"".join((version, head, lines.encode()))
        if request.method == hdrs.METH_HEAD:
            self._parts: tuple[bytes | memoryview, ...] = (own_head,)
        elif len(body) < _WORTH_NO_COPY:
            self._parts = (own_head + body,)
        elif len(body) <= _SLICE_BYTES:
            self._parts = (own_head, body)
        else:
            whole = memoryview(body)
            slices = (whole[start : start + _SLICE_BYTES] for start in range(0, len(body), _SLICE_BYTES))
            self._parts = (own_head, *slices)

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open after this answer."""
        return self._stays_open

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send all of it. Raises ConnectionError when the client has gone."""
        writer = request.writer
        for part in self._parts:
            await writer.write(part)  # waits for the reader after each slice
        await writer.drain()
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


@lru_cache(maxsize=2)  # thousands of answers fall into the same second
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
