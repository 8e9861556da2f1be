"""The list of the example is kept, and goes with every write that it shows."""

import dataclasses
import time

import pytest

from blogapi.cache.reads import CACHED_READS
from blogapi.config import CacheConfig
from tests.conftest import until
from tests.guestbook.conftest import book, rename, write

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    return mongod_database


@pytest.fixture
def config(config):
    return dataclasses.replace(config, cache=CacheConfig(enabled=True))


async def status_of(client, path):
    """What the cache says of an answer."""
    return (await client.get(path)).headers["Cache-Status"].removeprefix("blogapi; ")


async def fill(client, *paths):
    """Have answers kept, once the change stream has told of what was written before."""
    now, cache = time.monotonic(), client.app[CACHED_READS].cache
    await until(lambda: cache.told_until > now)
    for path in paths:
        await client.get(path)
        assert await status_of(client, path) == "hit", path


PAGES = ("/v1/guestbook", "/v1/guestbook?limit=1", "/v1/guestbook?count=exact")


async def test_new_entry_is_there_at_once(client, ada):
    await fill(client, *PAGES)
    entry = await write(client, ada, "First!")
    assert [await status_of(client, path) for path in PAGES] == ["fwd=uri-miss; stored"] * len(PAGES)
    assert await book(client) == [entry]


async def test_removed_entry_is_gone_at_once(client, ada, editor):
    path = f"/v1/guestbook/{(await write(client, ada, 'Buy this!'))['id']}"
    await fill(client, *PAGES, path)
    assert (await client.delete(path, headers=editor.headers)).status == 204
    assert await book(client) == []
    assert (await client.get(path)).status == 404


async def test_new_name_is_there_at_once(client, ada):
    entry = await write(client, ada, "Hello.")
    path = f"/v1/guestbook/{entry['id']}"
    await fill(client, *PAGES, path)
    await rename(client, ada, "Countess")
    assert (await book(client))[0]["author"]["display_name"] == "Countess"
    assert (await (await client.get(path)).json())["author"]["display_name"] == "Countess"
