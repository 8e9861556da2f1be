"""Tags as readers see them. That their counts follow posts is shown with the posts."""

from dataclasses import replace

import pytest

from blogapi.tags.store import TagStore
from blogapi.wiring import SERVICES


@pytest.fixture
async def tagged(ada, write):
    for number, tags in enumerate((["red"], ["red", "blue"], ["green", "red"], ["draft-only"])):
        await write(ada, title=str(number), tags=tags, status="draft" if "draft-only" in tags else "published")


async def slugs(client, query=""):
    return [tag["slug"] for tag in (await (await client.get(f"/v1/tags?{query}")).json())["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["blue", "green", "red"]),
        ("sort=-slug", ["red", "green", "blue"]),
        ("sort=-post_count&limit=1", ["red"]),
    ],
)
async def test_tags_of_published_posts_are_listed(client, tagged, query, expected):
    assert await slugs(client, query) == expected


async def test_tags_are_paged(client, tagged):
    first = await (await client.get("/v1/tags?limit=2")).json()
    cursor = first["page"]["next"]
    assert await slugs(client, f"limit=2&cursor={cursor}") == ["red"]


async def test_tag_has_a_name_made_from_its_slug(client, ada, write):
    await write(ada, tags=["two-words"], status="published")
    tag = await (await client.get("/v1/tags/two-words")).json()
    assert (tag["name"], tag["description"], tag["post_count"]) == ("two words", "", 1)
    assert (await (await client.get(f"/v1/tags/{tag['id']}")).json())["slug"] == "two-words"


async def test_tag_that_no_public_post_carries_is_not_found(client, tagged):
    for slug in ("draft-only", "nonesuch", "0" * 24):
        assert (await client.get(f"/v1/tags/{slug}")).status == 404


async def test_fields_choose(client, tagged):
    item = (await (await client.get("/v1/tags?fields=slug&limit=1")).json())["items"][0]
    assert item.keys() == {"id", "slug"}
    assert (await client.get("/v1/tags?fields=sluk")).status == 400


async def test_count_is_corrected_unless_it_moved_meanwhile(client, ada, write):
    await write(ada, tags=["red"], status="published")
    store = TagStore(client.app[SERVICES].database)
    seen = await store.post_count("red")
    assert not await store.correct_post_count("red", replace(seen, value=2), 7)
    for delta in (1, -1):
        await store.add_to_post_counts(["red"], delta)
    assert not await store.correct_post_count("red", seen, 7)
    assert await store.correct_post_count("red", await store.post_count("red"), 7)
    assert (await store.find("red")).post_count == 7
