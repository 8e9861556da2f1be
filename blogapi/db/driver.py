"""What differs between the drivers, Motor and PyMongo's own async client (`mongo.driver`); nobody else can tell.

Where one returns what the other returns an awaitable of, whatever came is looked at: so the mock of the tests, which
imitates Motor, needs no name here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from inspect import isawaitable
from typing import Any

DRIVERS = MOTOR, PYMONGO = "motor", "pymongo"


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


async def _got(value: Any) -> Any:
    return await value if isawaitable(value) else value
