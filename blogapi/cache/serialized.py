"""Answers that are sent as the bytes that they are.

aiohttp puts a head together for every answer. That of one which is sent again and again differs in a few lines only, so
the rest of it is kept as bytes, too. Uses nothing of aiohttp but its documented ways to write.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter

# A longer body is sent from where it is. To copy a shorter one behind its head takes less than a second write; but what
# is longer than this gets pages of its own, anew for each answer (`cli/serve.py`).
_WORTH_NO_COPY = 15_000
# So much of it is handed on at a time, so that no connection holds more than that of what all of them share.
_SLICE_BYTES = 256 * 1024


def check_line(text: str) -> None:
    """Raises ValueError for what would end a header line before its end."""
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("A header holds what ends its line.")


def lines_of(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header lines, each with its end. Raises ValueError for what would end a line before."""
    lines = [f"{name}: {value}" for name, value in headers]
    for line in lines:
        check_line(line)
    return "".join([f"{line}\r\n" for line in lines]).encode()


def parse_lines(lines: bytes) -> list[tuple[str, str]]:
    """The headers that `lines_of` was given."""
    parts = [line.partition(": ") for line in lines.decode().split("\r\n")]
    return [(name, value) for name, _, value in parts if name]


@lru_cache(maxsize=64)
def _first_line(is_newest: bool, status: int) -> bytes:
    return f"HTTP/1.{int(is_newest)} {status} {HTTPStatus(status).phrase}\r\n".encode()


class Serialized(web.StreamResponse):
    """The answer to one request: lines as `lines_of` makes them, those that are its own as text, and the body.

    `size` is that of the body in bytes.
    """

    def __init__(
        self, request: web.BaseRequest, status: int, lines: Iterable[bytes], own_lines: str, body: bytes
    ) -> None:
        super().__init__(status=status)
        self.size = len(body)
        is_newest = request.version == HttpVersion11
        self._stays_open = request.keep_alive
        if self._stays_open is not is_newest:  # else what this version of HTTP takes for granted
            own_lines += f"Connection: {'keep-alive' if self._stays_open else 'close'}\r\n"
        last = f"{own_lines}Date: {_date(int(time.time()))}\r\n\r\n".encode()
        head = (_first_line(is_newest, status), *lines, last)
        if request.method == hdrs.METH_HEAD:
            self._parts: tuple[bytes | memoryview, ...] = (b"".join(head),)
        elif len(body) < _WORTH_NO_COPY:
            self._parts = (b"".join((*head, body)),)
        elif len(body) <= _SLICE_BYTES:
            self._parts = (b"".join(head), body)
        else:
            whole = memoryview(body)
            slices = (whole[start : start + _SLICE_BYTES] for start in range(0, len(body), _SLICE_BYTES))
            self._parts = (b"".join(head), *slices)

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
