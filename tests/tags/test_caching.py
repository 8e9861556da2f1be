"""What the read cache keeps of tags, and of lists by a tag, when tags move."""

from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.config import CacheConfig
from tests.apps import stopped_clock
from tests.caching import all_told, fill, status_of
from tests.conftest import QUIET, matching, with_etag

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    """There is a change stream."""
    return mongod_database


@pytest.fixture
def app(config, database):
    return create_app(replace(config, cache=CacheConfig(enabled=True)), database, QUIET, clock=stopped_clock)


async def change(client, editor, method, slug, body=None, end=""):
    tag = await with_etag(await client.get(f"/v1/tags/{slug}", headers={**editor.headers, "Cache-Control": "no-cache"}))
    response = await client.request(method, f"/v1/tags/{slug}{end}", json=body, headers=matching(editor, tag))
    assert response.status in (200, 204), await response.text()


async def seen(client, path, headers=None):
    response = await client.get(path, headers=headers, allow_redirects=False)
    body = await response.json() if response.status == 200 else None
    return response.status, response.headers.get("Location"), body


SLUGS = ("js", "new", "other")
PATHS = (*(f"/v1/tags/{slug}" for slug in SLUGS), *(f"/v1/posts?tag={slug}" for slug in SLUGS))
CHANGES = {
    "name": ("PATCH", {"name": "JavaScript"}, ""),
    "slug": ("PATCH", {"slug": "new"}, ""),
    "merge": ("POST", {"into": "other"}, "/merge"),
    "delete": ("DELETE", None, ""),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_is_kept_is_what_would_be_made(client, ada, editor, write, name):
    await write(ada, title="One", tags=["js"], status="published")
    await write(ada, title="Two", tags=["js", "other"], status="published")
    await write(ada, title="Untagged", status="published")
    await fill(client, *(path for path in PATHS if path != "/v1/tags/new"), "/v1/tags")
    assert (await client.get("/v1/tags/new")).status == 404
    method, body, end = CHANGES[name]
    await change(client, editor, method, "js", body, end)
    for path in (*PATHS, "/v1/tags"):
        kept, made = await seen(client, path), await seen(client, path, {"Cache-Control": "no-cache"})
        assert kept == made, path


async def test_list_by_a_tag_stays_when_only_its_count_changes(client, ada, write):
    for number in range(3):
        await write(ada, title=str(number), tags=["js"], status="published")
    first = "/v1/posts?tag=js&limit=1"
    link = (await (await client.get(first)).json())["page"]["next"]
    second = f"{first}&cursor={link}"
    await fill(client, first, second, "/v1/tags/js")
    await write(ada, title="New", tags=["js"], status="published")
    await all_told(client)
    assert await status_of(client, second) == "hit"
    for path in (first, "/v1/tags/js"):
        assert await status_of(client, path) != "hit"
