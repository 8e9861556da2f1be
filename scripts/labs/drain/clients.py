"""Clients that retry nothing, on sockets of their own: what a server does to a connection shows as it is."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from scripts.labs.client import Connection, CutOff

_PATIENCE_SECONDS = 60
_TOKEN_SECONDS = 300  # half of the time for which an access token is good
PATHS = ("/v1/posts", "/healthz", "/v1/tags", "/v1/posts?limit=1")


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


@dataclass(frozen=True, slots=True)
class Client:
    """A connection, and the tally of what becomes of the requests on it."""

    connection: Connection
    tally: Tally

    @classmethod
    async def to(cls, address: str, tally: Tally) -> Client:
        """Raises OSError when it is refused, TimeoutError."""
        parts = urlsplit(address)
        assert parts.hostname is not None
        assert parts.port is not None
        connection = Connection(parts.port, parts.hostname, patience_seconds=_PATIENCE_SECONDS)
        await connection.open()
        return cls(connection, tally)

    async def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None) -> bytes:
        """Send a request and read the whole answer; empty when it failed. Raises CutOff."""
        try:
            answer = await self.connection.ask(method, path, headers, body)
        except CutOff as error:
            self.tally.cut_off.append(f"{method} {path}: {error!r}")
            raise
        self.tally.slowest_seconds = max(self.tally.slowest_seconds, answer.received_at - answer.sent_at)
        self.tally.statuses[answer.status] += 1
        self.tally.goodbyes += answer.says_goodbye
        return answer.body if answer.status < 300 else b""

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be asked any more."""
        return self.connection.has_ended

    def close(self) -> None:
        """Whoever was first."""
        self.connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Clients of one server, until `enough`."""

    address: str
    tally: Tally
    enough: asyncio.Event
    chance: random.Random

    async def keep_alive(self) -> None:
        """Ask on one connection for as long as it lasts, at odd times."""
        client: Client | None = None
        while not self.enough.is_set():
            if client is None or client.has_ended:
                client = await self._renewed(client)
            elif await self._read(client):
                await asyncio.sleep(self.chance.choice((0, 0.001, 0.01, 0.1, 0.5)))
        if client is not None:
            client.close()

    async def come_and_go(self) -> None:
        """A new connection for each request."""
        while not self.enough.is_set():
            if (client := await self._renewed(None)) is not None:
                await self._read(client)
                client.close()
            await asyncio.sleep(self.chance.choice((0, 0.01, 0.05)))

    async def write(self) -> None:
        """Publish post after post, and note those that were acknowledged."""
        client: Client | None = None
        headers, signed_in = await sign_in(self.address), time.monotonic()
        while not self.enough.is_set():
            if time.monotonic() - signed_in > _TOKEN_SECONDS:
                headers, signed_in = await sign_in(self.address), time.monotonic()
            if client is None or client.has_ended:
                client = await self._renewed(client)
                continue
            post = {"title": f"drill {self.chance.getrandbits(64):x}", "status": "published"}
            try:
                answer = await client.ask("POST", "/v1/posts", headers, post)
            except CutOff:
                continue
            if answer:
                self.tally.acknowledged.append(json.loads(answer)["id"])
        if client is not None:
            client.close()

    async def _renewed(self, before: Client | None) -> Client | None:
        if before is not None:
            before.close()
        try:
            return await Client.to(self.address, self.tally)
        except (OSError, TimeoutError) as error:
            self.tally.cut_off.append(f"connect: {error!r}")
            await asyncio.sleep(0.05)
            return None

    async def _read(self, client: Client) -> bool:
        try:
            await client.ask("GET", self.chance.choice(PATHS))
        except CutOff:
            return False
        return True


async def sign_in(address: str) -> dict[str, str]:
    """The header of somebody who may publish; made if there is nobody yet. Tried until nobody cuts it off."""
    person = {"username": "drill", "email": "drill@example.org", "password": "tread softly because"}
    wish = {"login": "drill", "password": person["password"]}
    while True:
        try:
            await _ask_once(address, "/v1/auth/register", person)
            answer: dict[str, Any] = json.loads(await _ask_once(address, "/v1/auth/login", wish))
            return {"Authorization": f"Bearer {answer['access_token']}"}
        except (CutOff, OSError, TimeoutError, json.JSONDecodeError):
            await asyncio.sleep(0.1)


async def _ask_once(address: str, path: str, body: Mapping[str, str]) -> bytes:
    client = await Client.to(address, Tally())
    try:
        return await client.ask("POST", path, body=body)
    finally:
        client.close()


async def missing(address: str, ids: list[str]) -> list[str]:
    """Those of these posts that are not there."""
    client, gone = await Client.to(address, Tally()), []
    for post_id in ids:
        if client.has_ended:
            client = await Client.to(address, Tally())
        if not await client.ask("GET", f"/v1/posts/{post_id}", {"Cache-Control": "no-cache"}):
            gone.append(post_id)
    client.close()
    return gone
