"""Requests whose process dies in the middle: after its first write, after its second, and so on."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp

from blogapi.wiring import SERVICES

# Far more than any request writes.
MOST_WRITES = 30


@dataclass
class Death:
    """Of the server, as far as the client of one request can see: whether it came, and behind which write."""

    after: int
    writes: int = 0
    collection: str = ""

    @property
    def has_come(self):
        return self.writes >= self.after


@asynccontextmanager
async def death(database, *, after):
    """Whoever serves a request now dies behind this write, counted from one. Jobs have to rest (`QUIET`)."""
    coming = Death(after)

    def listener(write):
        coming.writes += 1
        if coming.writes == after:
            coming.collection = write.collection
            raise asyncio.CancelledError

    database.on_write.append(listener)
    try:
        with suppress(aiohttp.ClientError):
            yield coming
    finally:
        database.on_write.remove(listener)


async def lease_is_over(client):
    """As if the lease of whoever was at long work, and died, had run out for the database."""
    await client.app[SERVICES].database["jobs"].update_many({}, {"$set": {"lease_ms": 0}})
