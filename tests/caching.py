"""What tests of the read cache share."""

from __future__ import annotations

import time

from aiohttp import web
from aiohttp.test_utils import TestClient

from blogapi.cache.cache import Cache
from blogapi.cache.reads import CACHED_READS
from tests.conftest import until


def cache_of(app: web.Application) -> Cache:
    """The read cache of an app that has one."""
    reads = app[CACHED_READS]
    assert reads is not None
    return reads.cache


async def all_told(client: TestClient) -> None:
    """Wait until the change stream has told of what was written before. It goes by the monotonic clock, always."""
    now, cache = time.monotonic(), cache_of(client.app)
    await until(lambda: cache.told_until > now)


async def status_of(client: TestClient, path: str) -> str:
    """What the cache says of the answer to a GET."""
    response = await client.get(path, allow_redirects=False)
    return response.headers["Cache-Status"].removeprefix("blogapi; ")


async def fill(client: TestClient, *paths: str) -> None:
    """Have answers kept."""
    await all_told(client)
    for path in paths:
        await client.get(path, allow_redirects=False)
        assert await status_of(client, path) == "hit", path
