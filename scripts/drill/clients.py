"""Clients that retry nothing, on sockets of their own: what a server does to a connection shows as it is."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 60
_TOKEN_SECONDS = 300  # half of the time for which an access token is good
PATHS = ("/v1/posts", "/healthz", "/v1/tags", "/v1/posts?limit=1")


class CutOff(Exception):
    """There was no whole answer to a request."""


@dataclass(slots=True)
class Tally:
    """What became of the requests. Each answer that is no 2xx and each request without one has failed."""

    statuses: Counter[int] = field(default_factory=Counter)
    cut_off: list[str] = field(default_factory=list)
    goodbyes: int = 0
    slowest_seconds: float = 0
    acknowledged: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.statuses.total() + len(self.cut_off)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return self.requests - sum(count for status, count in self.statuses.items() if status < 300)


class Connection:
    """One HTTP/1.1 connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tally: Tally) -> None:
        self._reader, self._writer, self._tally = reader, writer, tally
        self.is_open = True

    @classmethod
    async def to(cls, address: str, tally: Tally) -> Connection:
        """Raises OSError when it is refused."""
        parts = urlsplit(address)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return cls(*await asyncio.open_connection(parts.hostname, parts.port), tally)

    async def ask(self, line: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
        """Send a request and read the whole answer. Raises CutOff."""
        fields = {"Host": "blog", "Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        began = time.monotonic()
        try:
            self._writer.write(f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, content = await self._answer()
        except (OSError, EOFError, TimeoutError) as error:
            self.is_open = False
            self._tally.cut_off.append(f"{line}: {error!r}")
            raise CutOff(line) from error
        self._tally.slowest_seconds = max(self._tally.slowest_seconds, time.monotonic() - began)
        self._tally.statuses[status] += 1
        return content if status < 300 else b""

    async def _answer(self) -> tuple[int, bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        parts = (line.partition(":") for line in head.split("\r\n")[1:-2])
        fields = {name: value.strip() for name, _, value in parts}
        if fields.get("transfer-encoding") == "chunked":  # by a proxy
            content = b"".join([chunk async for chunk in self._chunks()])
        else:
            content = await self._reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection") == "close":
            self._tally.goodbyes += 1
            self.is_open = False
        return int(head.split()[1]), content

    async def _chunks(self) -> AsyncIterator[bytes]:
        size = 1
        while size:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            yield (await self._reader.readexactly(size + 2))[:-2]

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be asked any more: the server said so with its last answer, or closed it idle."""
        return not self.is_open or self._reader.at_eof()

    async def close(self) -> None:
        """Whoever was first."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Clients of one server, until `enough`."""

    address: str
    tally: Tally
    enough: asyncio.Event
    chance: random.Random

    async def keep_alive(self) -> None:
        """Ask on one connection for as long as it lasts, at odd times."""
        connection: Connection | None = None
        while not self.enough.is_set():
            if connection is None or connection.has_ended:
                connection = await self._renewed(connection)
            elif await self._read(connection):
                await asyncio.sleep(self.chance.choice((0, 0.001, 0.01, 0.1, 0.5)))
        if connection is not None:
            await connection.close()

    async def come_and_go(self) -> None:
        """A new connection for each request."""
        while not self.enough.is_set():
            if (connection := await self._renewed(None)) is not None:
                await self._read(connection)
                await connection.close()
            await asyncio.sleep(self.chance.choice((0, 0.01, 0.05)))

    async def write(self) -> None:
        """Publish post after post, and note those that were acknowledged."""
        connection: Connection | None = None
        headers, signed_in = await sign_in(self.address), time.monotonic()
        while not self.enough.is_set():
            if time.monotonic() - signed_in > _TOKEN_SECONDS:
                headers, signed_in = await sign_in(self.address), time.monotonic()
            if connection is None or connection.has_ended:
                connection = await self._renewed(connection)
                continue
            post = {"title": f"drill {self.chance.getrandbits(64):x}", "status": "published"}
            try:
                answer = await connection.ask("POST /v1/posts", headers, json.dumps(post).encode())
            except CutOff:
                continue
            if answer:
                self.tally.acknowledged.append(json.loads(answer)["id"])
        if connection is not None:
            await connection.close()

    async def _renewed(self, before: Connection | None) -> Connection | None:
        if before is not None:
            await before.close()
        try:
            return await Connection.to(self.address, self.tally)
        except (OSError, TimeoutError) as error:
            self.tally.cut_off.append(f"connect: {error!r}")
            await asyncio.sleep(0.05)
            return None

    async def _read(self, connection: Connection) -> bool:
        try:
            await connection.ask(f"GET {self.chance.choice(PATHS)}")
        except CutOff:
            return False
        return True


async def sign_in(address: str) -> dict[str, str]:
    """The header of somebody who may publish; made if there is nobody yet. Tried until nobody cuts it off."""
    person = {"username": "drill", "email": "drill@example.org", "password": "tread softly because"}
    wish = {"login": "drill", "password": person["password"]}
    while True:
        try:
            await _ask_once(address, "POST /v1/auth/register", person)
            answer: dict[str, Any] = json.loads(await _ask_once(address, "POST /v1/auth/login", wish))
            return {"Authorization": f"Bearer {answer['access_token']}"}
        except (CutOff, OSError, TimeoutError, json.JSONDecodeError):
            await asyncio.sleep(0.1)


async def _ask_once(address: str, line: str, body: Mapping[str, str]) -> bytes:
    connection = await Connection.to(address, Tally())
    try:
        return await connection.ask(line, body=json.dumps(body).encode())
    finally:
        await connection.close()


async def missing(address: str, ids: list[str]) -> list[str]:
    """Those of these posts that are not there."""
    connection, gone = await Connection.to(address, Tally()), []
    for post_id in ids:
        if connection.has_ended:
            await connection.close()
            connection = await Connection.to(address, Tally())
        if not await connection.ask(f"GET /v1/posts/{post_id}", {"Cache-Control": "no-cache"}):
            gone.append(post_id)
    await connection.close()
    return gone
