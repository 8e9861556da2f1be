"""Every list query, on a real server: an index gives both the items and their order."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bson import ObjectId

from blogapi.access.administrator import as_operator
from blogapi.posts.schemas import PostListQuery
from blogapi.posts.service import PostService
from blogapi.posts.store import AddressStore
from blogapi.settings.service import SettingsService
from blogapi.wiring import SERVICES
from tests.posts.loading import load

pytestmark = [pytest.mark.mongod, pytest.mark.any_driver]

SINCE, LONG_AGO, FAR_AHEAD = "2000-01-01T00:00:00Z", "2002-01-01T00:00:00Z", "2040-01-01T00:00:00Z"
FILTERS = {
    "kind": "kind=page",
    "kinds": "kind=post,page",
    "tag": "tag=red",
    "tags": "tag=red,blue",
    "author": "author=ada",
    "authors": "author=ada,bob",
    "lang": "lang=en",
    "langs": "lang=en,de",
    "featured": "featured=false",
    "custom": "custom.series=Bees",
    "customs": "custom.series=Bees,Birds",
    "published": f"published_at[gte]={SINCE}",
    "published before": f"published_at[lt]={FAR_AHEAD}",
}
WORKING_FILTERS = {
    **FILTERS,
    "updated": f"updated_at[gte]={SINCE}",
    "updated before": f"updated_at[lt]={FAR_AHEAD}",
}
# Each alone, and what the others do not have: few posts, at either end of a list.
FEW = ("kind=page", "tag=rare", "author=carl", "lang=fr", "custom.series=Rare", "featured=true")
SCHEMA = {"properties": {"series": {"type": "string"}}}
FEW_BY_TIME = (f"published_at[lt]={LONG_AGO}", f"published_at[gte]={FAR_AHEAD}")


@pytest.fixture
def database(mongod_database):
    """Plans are the real server's."""
    return mongod_database


@pytest.fixture
def app(quiet_app):
    return quiet_app


@pytest.fixture
async def library(client, ada, bob, sign_up):
    services = client.app[SERVICES]
    settings = services[SettingsService]
    before = await settings.fresh()
    wish = replace(before.wish, custom_schema=json.dumps(SCHEMA), filterable=("series",))
    await settings.edit(as_operator(), before, wish, frozenset({before.version}))
    await load(services, ada, 120, tags=("red",), lang="en", custom={"series": "Bees"})
    await load(services, bob, 120, tags=("blue", "red"), lang="de", custom={"series": "Birds"})
    # Few, as pages are, and in the middle: a list of what one may edit passes over those on its way.
    await load(services, await sign_up("pat"), 6, kind="page", tags=("red",), lang="en", custom={"series": "Bees"})
    posts = services.database["posts"]
    middle = await posts.find_one({"working.slug": "ada-post-60"})
    await posts.update_many({"kind": "page"}, {"$set": {"updated_at": middle["updated_at"]}})


@pytest.fixture
async def odd_ones(client, database, library, sign_up):
    """Six posts at either end, which were changed as all others were, and published long before or after them."""
    await load(client.app[SERVICES], await sign_up("carl"), 12, tags=("rare",), lang="fr", custom={"series": "Rare"})
    posts = database["posts"]
    theirs = await posts.find({"live.tags": "rare"}).sort([("updated_at", 1)]).to_list(12)
    for times, changed, published in ((theirs[:6], 2001, 2001), (theirs[6:], 2041, 2041)):
        moments = {"updated_at": datetime(changed, 1, 1), "live.published_at": datetime(published, 1, 1)}
        await posts.update_many(
            {"_id": {"$in": [post["_id"] for post in times]}}, {"$set": {**moments, "featured": True}}
        )


def test_these_are_all_filters_of_the_lists():
    about_pages = {"limit", "cursor", "count", "fields", "sort", "status"}
    known = {field.data_key or name for name, field in PostListQuery().fields.items()} - about_pages
    # Fields of one's own have names of their own.
    known = {"custom.series" if name == "custom." else name for name in known}
    assert known == {query.partition("=")[0] for query in WORKING_FILTERS.values()}
    public = {query.partition("=")[0] for query in FILTERS.values()}
    assert known - public == {"updated_at[gte]", "updated_at[lt]"}
    assert {query.partition("=")[0] for query in (*FEW, *FEW_BY_TIME)} == public


def subsets(filters):
    """No filter, each one, and each two."""
    for count in range(3):
        for names in itertools.combinations(filters, count):
            if not {name + "s" for name in names} & set(names):
                yield "&".join(filters[name] for name in names)


async def profiled(database, client, paths, headers=None, collections="posts|tags|users|revisions"):
    """The plans of the finds behind these lists, first page and second. What is kept of them does not count."""
    plans, headers = [], {"Cache-Control": "no-cache", **(headers or {})}
    for some in batched(paths, 40):  # what is profiled is kept in a collection that forgets
        await database.command("profile", 2)
        for path in some:
            response = await client.get(path, headers=headers)
            assert response.status == 200, await response.text()
            link = response.links.get("next")
            if link:
                assert (await client.get(str(link["url"].relative()), headers=headers)).status == 200
        await database.command("profile", 0)
        found = database["system.profile"].find({"op": "query", "ns": {"$regex": rf"\.({collections})$"}})
        plans += [entry async for entry in found if "sort" in entry["command"]]
        await database.drop_collection("system.profile")
    return plans


def batched(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


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


async def check_that_few_are_looked_at(database, client, paths, headers=None):
    for path in paths:
        # A plan that served another list of the same form is kept while it does not get ten times as bad.
        await database.command("planCacheClear", "posts")
        # The planner tries several indexes out until it knows its way, and what it looks at meanwhile counts, too.
        for _ in range(2):
            await profiled(database, client, [path], headers)
        plans = await profiled(database, client, [path], headers)
        assert plans
        for plan in plans:
            # One more is asked for to know whether there is a next page; the bound of a range is looked at once more.
            assert plan["docsExamined"] <= plan["nreturned"] + 7, (path, plan["planSummary"])
            assert "COLLSCAN" not in plan["planSummary"], path


@pytest.mark.parametrize("sort", ["-published_at", "published_at"])
async def test_single_filter_of_the_public_list_looks_only_at_what_it_returns(client, database, odd_ones, sort):
    queries = ["", "tag=red", "author=ada", "lang=en", "custom.series=Bees", "featured=false", *FEW, *FEW_BY_TIME]
    paths = [f"/v1/posts?limit=5&sort={sort}&{query}" for query in queries]
    await check_that_few_are_looked_at(database, client, paths)


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at"])
async def test_single_filter_of_an_editors_list_looks_only_at_what_it_returns(client, database, odd_ones, editor, sort):
    times = [
        *FEW_BY_TIME,
        f"{FEW_BY_TIME[0]}&published_at[gte]={SINCE}",
        f"updated_at[lt]={LONG_AGO}",
        f"updated_at[gte]={FAR_AHEAD}",
    ]
    statuses = ["draft,published,archived", "published,draft"]
    paths = [
        f"/v1/posts?limit=5&sort={sort}&status={status}&{query}"
        for status in statuses
        for query in ["", "tag=red", "author=ada", "lang=en", "custom.series=Bees", "featured=false", *FEW, *times]
    ]
    await check_that_few_are_looked_at(database, client, paths, editor.headers)


@pytest.mark.parametrize("sort", ["-updated_at", "updated_at"])
async def test_list_of_ones_own_by_time_looks_only_at_what_it_returns(client, database, odd_ones, ada, sort):
    """Whose posts they are is a filter, too."""
    theirs = await database["posts"].find({"working.authors.id": ObjectId(ada.id)}).sort([("updated_at", 1)]).to_list(6)
    await database["posts"].update_many(
        {"_id": {"$in": [post["_id"] for post in theirs]}}, {"$set": {"live.published_at": datetime(2001, 1, 1)}}
    )
    queries = ["", *FEW_BY_TIME, f"updated_at[lt]={LONG_AGO}", f"updated_at[gte]={FAR_AHEAD}"]
    lists = "/v1/me/posts?", "/v1/posts?status=published,draft&"
    paths = [f"{path}limit=5&sort={sort}&{query}" for path in lists for query in queries]
    await check_that_few_are_looked_at(database, client, paths, ada.headers)


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


async def test_translations_are_looked_up_by_their_group(client, database, library, ada, write):
    """Once for a whole page, and nothing is asked for where no post has any."""
    made = [[await write(ada, title=lang, lang=lang, status="published") for lang in ("en", "de")] for _ in range(3)]
    for posts in made:
        known = await client.get(f"/v1/posts/{posts[0]['id']}/translations", headers=ada.headers)
        headers = {**ada.headers, "If-Match": known.headers["ETag"]}
        body = {"posts": [post["id"] for post in posts]}
        path = f"/v1/posts/{posts[0]['id']}/translations"
        assert (await client.put(path, json=body, headers=headers)).status == 200

    async def asked(path):
        await database.command("profile", 2)
        assert (await client.get(path, headers={**ada.headers, "Cache-Control": "no-cache"})).status == 200
        await database.command("profile", 0)
        found = database["system.profile"].find({"op": "query", "ns": {"$regex": r"\.(posts|translations)$"}})
        plans = [entry async for entry in found]
        await database.drop_collection("system.profile")
        return plans

    page, siblings = await asked("/v1/posts?limit=6")
    assert (page["docsExamined"], siblings["docsExamined"]) == (7, 6)
    assert "translation_group" in siblings["planSummary"]
    assert len(await asked("/v1/posts?limit=5&sort=published_at")) == 1
    page, siblings = await asked("/v1/me/posts?limit=6")
    assert siblings["docsExamined"] == 6
    _, siblings = await asked(f"/v1/posts/{made[0][0]['id']}")
    assert siblings["docsExamined"] == 2
    plans = await asked(f"/v1/posts/{made[0][0]['id']}/translations")
    assert {"IXSCAN { posts: 1 }"} == {plan["planSummary"] for plan in plans if plan["ns"].endswith("translations")}
    assert not [plan for plan in plans if "COLLSCAN" in plan["planSummary"]]


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
