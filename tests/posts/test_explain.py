"""Every list query, on a real server: an index gives both the items and their order."""

import itertools
from datetime import UTC, datetime

import pytest
from bson import ObjectId

from blogapi.posts.service import PostService
from blogapi.posts.store import AddressStore
from blogapi.wiring import SERVICES
from tests.posts.loading import load

pytestmark = pytest.mark.mongod

SINCE = "2000-01-01T00:00:00Z"
FILTERS = {
    "tag": "tag=red",
    "tags": "tag=red,blue",
    "author": "author=ada",
    "authors": "author=ada,bob",
    "lang": "lang=en",
    "langs": "lang=en,de",
    "featured": "featured=false",
    "published": f"published_at[gte]={SINCE}",
}
WORKING_FILTERS = {
    **{name: query for name, query in FILTERS.items() if name != "published"},
    "updated": f"updated_at[gte]={SINCE}",
    "published": f"published_at[gte]={SINCE}",
}


@pytest.fixture
def database(mongod_database):
    """Plans are the real server's."""
    return mongod_database


@pytest.fixture
async def library(client, ada, bob):
    services = client.app[SERVICES]
    await load(services, ada, 120, tags=("red",), lang="en")
    await load(services, bob, 120, tags=("blue", "red"), lang="de")


def subsets(filters):
    """No filter, each one, and each two."""
    for count in range(3):
        for names in itertools.combinations(filters, count):
            if not {name + "s" for name in names} & set(names):
                yield "&".join(filters[name] for name in names)


async def profiled(database, client, paths, headers=None):
    """The plans of the finds behind these lists, first page and second."""
    await database.command("profile", 2)
    for path in paths:
        response = await client.get(path, headers=headers or {})
        assert response.status == 200, await response.text()
        link = response.links.get("next")
        if link:
            assert (await client.get(str(link["url"].relative()), headers=headers or {})).status == 200
    await database.command("profile", 0)
    found = database["system.profile"].find({"op": "query", "ns": {"$regex": r"\.(posts|tags|users|revisions)$"}})
    return [entry async for entry in found if "sort" in entry["command"]]


def check(plans, at_least):
    assert len(plans) >= at_least
    for plan in plans:
        what = (plan["command"]["filter"], plan["command"]["sort"], plan["planSummary"])
        assert "COLLSCAN" not in plan["planSummary"], what
        assert not plan.get("hasSortStage"), what


@pytest.mark.parametrize("sort", ["-published_at", "published_at"])
async def test_public_lists_are_served_by_an_index(client, database, library, sort):
    paths = [f"/v1/posts?limit=5&sort={sort}&{query}" for query in subsets(FILTERS)]
    check(await profiled(database, client, paths), 2 * len(paths) - 2)


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at"])
@pytest.mark.parametrize("who", ["ada", "editor"])
async def test_working_lists_are_served_by_an_index(client, database, library, ada, editor, who, sort):
    headers = {"ada": ada, "editor": editor}[who].headers
    statuses = ["draft,published,archived", "published,draft", "draft"]
    paths = [
        f"/v1/posts?limit=5&sort={sort}&status={status}&{query}"
        for status in statuses
        for query in subsets(WORKING_FILTERS)
    ]
    paths += [f"/v1/me/posts?limit=5&sort={sort}&{query}" for query in subsets(WORKING_FILTERS)]
    check(await profiled(database, client, paths, headers), len(paths))


async def test_single_filter_looks_only_at_what_it_returns(client, database, library):
    queries = ["", *(query for name, query in FILTERS.items() if name in ("tag", "author", "lang", "featured"))]
    paths = [f"/v1/posts?limit=5&{query}" for query in queries]
    # A plan that served the posts of another test is kept while it does not get ten times as bad.
    await database.command("planCacheClear", "posts")
    # The planner tries several indexes out until it knows its way, and what it looks at meanwhile counts, too.
    for _ in range(2):
        await profiled(database, client, paths)
    await database.drop_collection("system.profile")
    for plan in await profiled(database, client, paths):
        # One more is asked for to know whether there is a next page; the bound of a range is looked at once more.
        assert plan["docsExamined"] <= plan["nreturned"] + 7, plan["command"]["filter"]


async def test_marks_of_what_is_not_counted_yet_are_found_by_an_index(client, database, library, ada, write):
    await write(ada, status="published", tags=["red"])
    counts = client.app[SERVICES][PostService].counts
    await database["posts"].update_one(
        {}, {"$push": {"uncounted": {"id": ObjectId(), "at": datetime(2000, 1, 1), "tags": ["red"], "author_ids": []}}}
    )
    await database.command("profile", 2)
    assert await counts.settle() == 1
    assert await counts.recount_author(ada.id)
    await database.command("profile", 0)
    found = database["system.profile"].find({"op": "query", "ns": {"$regex": r"\.posts$"}})
    plans = [entry async for entry in found if "uncounted.at" in entry["command"]["filter"]]
    assert len(plans) >= 3
    for plan in plans:
        assert "uncounted.at" in plan["planSummary"], plan["planSummary"]
        assert plan["docsExamined"] <= 1


async def test_lists_of_tags_and_revisions_are_served_by_an_index(client, database, ada, write):
    post = await write(ada, status="published", tags=["one", "two", "three"])
    paths = [f"/v1/tags?limit=1&sort={sort}" for sort in ("slug", "-slug", "-post_count")]
    check(await profiled(database, client, paths), 6)
    path = f"/v1/posts/{post['id']}/revisions?limit=2"
    check(await profiled(database, client, [path], ada.headers), 1)


async def test_former_address_is_looked_up_by_its_key(client, database, ada, write):
    post = await write(ada, status="published", slug="here")
    addresses = AddressStore(client.app[SERVICES].database)
    await addresses.claim(["/old", *(f"/old/{number}" for number in range(50))], post["id"], datetime.now(UTC))
    await database.command("profile", 2)
    assert (await client.get("/v1/posts/by-url?url=/old/?p=7")).status == 200
    await addresses.release_all(post["id"])
    await database.command("profile", 0)
    found = database["system.profile"].find({"op": "query", "ns": {"$regex": r"\.addresses$"}})
    looked_up, released = [entry async for entry in found]
    assert "COLLSCAN" not in looked_up["planSummary"] + released["planSummary"]
    assert (looked_up["docsExamined"], released["docsExamined"]) == (1, 51)
