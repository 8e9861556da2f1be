"""Answers as the bytes that are sent.

aiohttp puts a head together for every answer. That of one which is sent again and again differs in a few lines only, so
the rest of it is kept as bytes, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs
from aiohttp.http import RawRequestMessage

# A longer body is sent from where it is. To copy a shorter one behind its head takes less than to send two pieces; but
# what is longer than this gets pages of its own, anew for each answer (`cli/serve.py`).
_WORTH_NO_COPY = 15_000


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


def serialized(
    asked: RawRequestMessage, status: int, lines: tuple[bytes, bytes], own_lines: str, body: bytes
) -> tuple[bytes, ...]:
    """The whole answer to a request: lines as `lines_of` makes them, those that are its own as text, and the body."""
    is_newest = asked.version == HttpVersion11
    if asked.should_close is is_newest:  # else what this version of HTTP takes for granted
        own_lines += f"Connection: {'close' if asked.should_close else 'keep-alive'}\r\n"
    last = f"{own_lines}Date: {_date(int(time.time()))}\r\n\r\n".encode()
    head = (_first_line(is_newest, status), *lines, last)
    if asked.method == hdrs.METH_HEAD:
        return (b"".join(head),)
    if len(body) < _WORTH_NO_COPY:
        return (b"".join((*head, body)),)
    return (b"".join(head), body)


@lru_cache(maxsize=64)
def _first_line(is_newest: bool, status: int) -> bytes:
    return f"HTTP/1.{int(is_newest)} {status} {HTTPStatus(status).phrase}\r\n".encode()


@lru_cache(maxsize=2)  # thousands of answers fall into the same second
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
