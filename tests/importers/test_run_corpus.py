"""Two whole blogs of other people in one database, where they are at hand (`BLOGAPI_CORPUS`)."""

import pytest

from blogapi.app import create_app
from blogapi.clock import rfc3339
from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry
from blogapi.importers.run import import_folder
from blogapi.wiring import SERVICES
from tests.contract import checked_client

from .conftest import CORPUS

BLOGS = {"rust-blog": 385, "jekyll-news": 102}
pytestmark = pytest.mark.mongod


@pytest.fixture
async def client(aiohttp_client, config, mongod_database):
    return await checked_client(aiohttp_client, create_app(config, mongod_database))


async def every_post(client):
    """The public list, page by page."""
    posts, url = [], "/v1/posts?limit=100"
    while url:
        page = await (await client.get(url)).json()
        posts += page["items"]
        cursor = page["page"]["next"]
        url = cursor and f"/v1/posts?limit=100&cursor={cursor}"
    return posts


async def documents(database):
    """All posts as they are kept, without the mark that a job takes away when a post is older than half a minute."""
    return await database["posts"].find({}, {"unswept_at": 0}).sort("_id").to_list(None)


async def test_both_blogs_are_published_and_a_second_run_changes_nothing(client, mongod_database):
    services = client.app[SERVICES]
    found = {name: list(read_folder(CORPUS / name)) for name in BLOGS}
    entries = [item for items in found.values() for item in items if isinstance(item, Entry)]
    for name, posts in BLOGS.items():
        report = await import_folder(services, iter(found[name]))
        assert (report.created, report.refused) == (posts, 0)

    posts = await every_post(client)
    assert sorted((post["title"], post["published_at"]) for post in posts) == sorted(
        (entry.title, rfc3339(entry.published_at)) for entry in entries
    )
    assert all(post["authors"] for post in posts)
    for entry in entries:
        for slug in entry.former_slugs:
            response = await client.get(f"/v1/posts/by-slug/{slug}", allow_redirects=False)
            assert response.status == 301

    before = await documents(mongod_database)
    for name, posts in BLOGS.items():
        report = await import_folder(services, iter(found[name]))
        assert (report.unchanged, report.created, report.updated, report.refused) == (posts, 0, 0, 0)
    assert await documents(mongod_database) == before
