"""What differs between the drivers, Motor and PyMongo's own async client (`mongo.driver`); nobody else can tell.

Where one returns what the other returns an awaitable of, whatever came is looked at: so the mock of the tests, which
imitates Motor, needs no name here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any, Protocol

DRIVERS = MOTOR, PYMONGO = "motor", "pymongo"

Address = tuple[str, int]


def new_client(driver: str, url: str, **options: Any) -> Any:
    """The driver's own client of the running event loop. Raises what the driver raises for a URL or an option."""
    if driver == PYMONGO:
        from pymongo import AsyncMongoClient

        return AsyncMongoClient(url, **options)
    from motor.motor_asyncio import AsyncIOMotorClient

    return AsyncIOMotorClient(url, **options)


async def close(client: Any) -> None:
    """End a client's connections."""
    await _got(client.close())


def primary(client: Any) -> Address | None:
    """Where the present primary is, as far as the client knows."""
    servers = client.topology_description.server_descriptions()
    return next((address for address, server in servers.items() if server.is_writable), None)


class Aggregation:
    """What an aggregation finds. Nothing is asked before it is read."""

    __slots__ = ("_collection", "_stages")

    def __init__(self, collection: Any, stages: Sequence[Mapping[str, Any]]) -> None:
        self._collection, self._stages = collection, stages

    async def to_list(self, length: int | None = None) -> list[dict[str, Any]]:
        """All, or the first few."""
        found: list[dict[str, Any]] = await (await self._cursor()).to_list(length)
        return found

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for document in await self._cursor():
            yield document

    async def _cursor(self) -> Any:
        return await _got(self._collection.aggregate(self._stages))


class Stream(Protocol):
    """An open change stream."""

    @property
    def resume_token(self) -> Mapping[str, Any] | None:
        """Where to go on after an interruption."""

    async def try_next(self) -> dict[str, Any] | None:
        """The next change; None when there was none for a while."""


class _Stream:
    """A change stream that is closed only after its last question was answered.

    With either driver, a stream that is cancelled in a question leaves its cursor open on the server. And Motor asks in
    a thread, which does not hear of a cancellation.
    """

    __slots__ = ("_asked", "_stream")

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._asked: asyncio.Future[dict[str, Any] | None] | None = None

    @property
    def resume_token(self) -> Mapping[str, Any] | None:
        token: Mapping[str, Any] | None = self._stream.resume_token
        return token

    async def try_next(self) -> dict[str, Any] | None:
        self._asked = asyncio.ensure_future(self._stream.try_next())
        return await asyncio.shield(self._asked)

    async def answered(self) -> None:
        if self._asked is not None:
            await asyncio.wait([self._asked])


@asynccontextmanager
async def watch(database: Any, stages: Sequence[Mapping[str, Any]], **options: Any) -> AsyncIterator[Stream]:
    """A change stream of a database, open from here on."""
    async with await _got(database.watch(stages, **options)) as opened:
        stream = _Stream(opened)
        try:
            yield stream
        finally:
            await stream.answered()


async def _got(value: Any) -> Any:
    return await value if isawaitable(value) else value
