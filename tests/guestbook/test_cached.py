"""The list of the example is kept, and goes with every write that it shows."""

import dataclasses

import pytest

from blogapi.app import create_app
from blogapi.config import CacheConfig
from tests.apps import stopped_clock
from tests.caching import fill, status_of
from tests.guestbook.conftest import WITH_GUESTBOOK, book, rename, write

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    return mongod_database


@pytest.fixture
def config(config):
    return dataclasses.replace(config, cache=CacheConfig(enabled=True))


@pytest.fixture
def app(config, database):
    return create_app(config, database, WITH_GUESTBOOK, clock=stopped_clock)


PAGES = ("/v1/guestbook", "/v1/guestbook?limit=1", "/v1/guestbook?count=exact")


async def test_new_entry_is_there_at_once(client, ada):
    await fill(client, *PAGES)
    entry = await write(client, ada, "First!")
    for path in PAGES:  # which is not stored if just then the change stream tells of the entry once more
        assert (await status_of(client, path)).startswith("fwd=uri-miss"), path
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
