"""The read cache over HTTP, on a real replica set: what is kept, and that nobody sees what is not so any more."""

import asyncio
import dataclasses
import gzip
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession
from bson import ObjectId
from pymongo import MongoClient

from blogapi.app import create_app
from blogapi.config import CacheConfig, LimitsConfig
from blogapi.posts.store import AddressStore
from blogapi.wiring import SERVICES
from tests.apps import stopped_clock
from tests.caching import all_told, cache_of, fill
from tests.conftest import QUIET, matching, until, with_etag
from tests.contract import checked_client

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    return mongod_database


@pytest.fixture
def config(config, request):
    return dataclasses.replace(config, **{"cache": CacheConfig(enabled=True), **getattr(request, "param", {})})


@pytest.fixture
def app(config, database):
    return create_app(config, database, QUIET, clock=stopped_clock)


async def ask(client, path, **headers):
    """The status, the body and what the cache says of it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.get(path, headers=named, allow_redirects=False)
    body = await response.json() if response.content_type.endswith("json") and response.status != 304 else None
    return response.status, body, response.headers.get("Cache-Status", "").removeprefix("blogapi; ")


@pytest.fixture
async def post(write, ada):
    return await write(ada, title="First", status="published", tags=["python"], lang="en")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/posts/{id}",
        "/v1/posts/{id}?fields=title",
        "/v1/posts/by-slug/first",
        "/v1/posts",
        "/v1/posts?tag=python&lang=en&limit=3",
        "/v1/posts?author=ada",
        "/v1/posts?author=nobody",
        "/v1/posts?count=exact",
        "/v1/tags",
        "/v1/tags/python",
        "/v1/users",
        "/v1/users/{user}",
        "/v1/users/by-username/ada",
    ],
)
async def test_second_answer_is_the_first_one_again(client, ada, post, path):
    path = path.format(id=post["id"], user=ada.id)
    await all_told(client)
    first = await client.get(path)
    second = await client.get(path)
    assert first.headers["Cache-Status"] == "blogapi; fwd=uri-miss; stored"
    assert second.headers["Cache-Status"] == "blogapi; hit"
    own = dict.fromkeys(["Cache-Status", "Date", "X-Request-ID"])
    assert {**first.headers, **own} == {**second.headers, **own}
    assert await first.read() == await second.read()
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert (await ask(client, path, If_None_Match=first.headers["ETag"]))[0] == 304
    assert (await client.head(path)).headers["Content-Length"] == first.headers["Content-Length"]


async def test_redirect_of_a_former_slug_is_kept_until_the_post_moves_on(client, ada, post):
    for slug in ("second", "third"):
        edited = await client.patch(f"/v1/posts/{post['id']}", json={"slug": slug}, headers=matching(ada, post))
        headers = matching(ada, await with_etag(edited))
        post = await with_etag(await client.post(f"/v1/posts/{post['id']}/publish", json={}, headers=headers))
        await fill(client, "/v1/posts/by-slug/first")
        response = await client.get("/v1/posts/by-slug/first", allow_redirects=False)
        assert response.headers["Location"] == f"/v1/posts/by-slug/{slug}"


async def keep_address(client, post, address):
    await AddressStore(client.app[SERVICES].database).claim([address], post["id"], datetime.now(UTC))


async def test_redirect_of_a_former_address_is_kept_until_the_post_moves_on(client, ada, post):
    path = "/v1/posts/by-url?url=/Old.html"
    await keep_address(client, post, "/old")
    for slug in ("second", "third"):
        post = await step(client, ada, await edit(client, ada, post, slug=slug), "publish")
        await fill(client, path)
        response = await client.get(path, allow_redirects=False)
        assert response.headers["Location"] == f"/v1/posts/by-slug/{slug}"
    await step(client, ada, post, "unpublish")
    assert (await ask(client, path))[0] == 404


async def test_address_that_was_not_known_is_found_once_it_is_kept(client, ada, post):
    paths = [f"/v1/posts/by-url?url={url}" for url in ("/old", "https://old.example/OLD/?p=1")]
    await all_told(client)
    assert [(await ask(client, path))[0] for path in paths] == [404, 404]
    assert all(cache_of(client.app).get_missing(path) for path in paths)
    await keep_address(client, post, "/old")
    assert [(await ask(client, path))[0] for path in paths] == [301, 301]
    await fill(client, *paths)
    await keep_address(client, await step(client, ada, post, "unpublish"), "/old?p=1")
    assert [(await ask(client, path))[0] for path in paths] == [404, 404]


async def test_purge_of_a_post_is_seen_at_its_addresses(client, ada, admin, post):
    path = "/v1/posts/by-url?url=/old"
    await keep_address(client, post, "/old")
    await fill(client, path)
    response = await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(admin, post))
    assert response.status == 204
    assert (await ask(client, path))[0] == 404


async def edit(client, who, post, **changes):
    response = await client.patch(f"/v1/posts/{post['id']}", json=changes, headers=matching(who, post))
    assert response.status == 200, await response.text()
    return await with_etag(response)


async def step(client, who, post, name):
    response = await client.post(f"/v1/posts/{post['id']}/{name}", json={}, headers=matching(who, post))
    assert response.status == 200, await response.text()
    return await with_etag(response)


async def test_edit_of_the_working_copy_evicts_nothing(client, ada, post):
    paths = [f"/v1/posts/{post['id']}", "/v1/posts/by-slug/first", "/v1/posts", "/v1/tags", "/v1/users"]
    await fill(client, *paths)
    await edit(client, ada, post, title="Better", tags=["go"])
    assert [(await ask(client, path))[2] for path in paths] == ["hit"] * len(paths)


async def test_writers_next_read_is_never_stale(client, ada, post):
    paths = [f"/v1/posts/{post['id']}", "/v1/posts/by-slug/first", "/v1/posts", "/v1/posts?tag=python"]
    for number in range(20):
        await fill(client, *paths)
        post = await step(client, ada, await edit(client, ada, post, title=f"Title {number}"), "publish")
        seen = [(await ask(client, path))[1] for path in paths]
        titles = [body["title"] if "title" in body else body["items"][0]["title"] for body in seen]
        assert titles == [f"Title {number}"] * len(paths)


async def test_new_post_appears_on_the_pages_where_it_belongs_and_evicts_no_other(client, ada, write, post):
    queries = ("", "?limit=1", "?tag=go", "?tag=go,python", "?lang=de", "?count=exact", "?author=ada")
    mine = [*(f"/v1/posts{query}" for query in queries), "/v1/tags", "/v1/tags/go", "/v1/posts/by-slug/new"]
    early = "/v1/posts?sort=published_at&published_at[lt]=2020-01-01T00:00:00Z"
    others = [f"/v1/posts/{post['id']}", "/v1/posts/by-slug/first", "/v1/posts?lang=en", "/v1/posts?tag=rust", early]
    for path in (*mine, *others):
        await ask(client, path)
    await write(ada, title="New", status="published", tags=["go"], lang="de")
    assert [path for path in mine if (await ask(client, path))[2] == "hit"] == []
    assert [path for path in others if (await ask(client, path))[2] != "hit"] == []


async def test_page_that_a_post_would_not_stand_on_stays(client, ada, write):
    posts = [await write(ada, title=f"Post {number}", status="published") for number in range(5)]
    cursor = (await ask(client, "/v1/posts?limit=2"))[1]["page"]["next"]
    second = f"/v1/posts?limit=2&cursor={cursor}"
    await fill(client, second, "/v1/posts?limit=2", "/v1/posts?limit=2&sort=published_at")
    await step(client, ada, await edit(client, ada, posts[4], title="Changed"), "publish")
    assert (await ask(client, second))[2] == "hit"
    assert (await ask(client, "/v1/posts?limit=2&sort=published_at"))[2] == "hit"
    assert (await ask(client, "/v1/posts?limit=2"))[2] != "hit"
    await write(ada, title="Newest", status="published")
    assert (await ask(client, second))[2] == "hit"


async def test_page_learns_that_nothing_follows_it_any_more(client, ada, write):
    posts = [await write(ada, title=f"Post {number}", status="published") for number in range(3)]
    await fill(client, "/v1/posts?limit=2")
    await step(client, ada, posts[0], "unpublish")
    status, body, _ = await ask(client, "/v1/posts?limit=2")
    assert (status, body["page"]["next"]) == (200, None)


@pytest.mark.parametrize("way", ["unpublish", "archive", "trash", "private", "members"])
async def test_withdrawn_post_is_gone_at_once(client, ada, post, way):
    paths = [
        f"/v1/posts/{post['id']}",
        "/v1/posts/by-slug/first",
        "/v1/posts",
        "/v1/tags/python",
        f"/v1/users/{ada.id}",
    ]
    await fill(client, *paths)
    if way == "trash":
        assert (await client.delete(f"/v1/posts/{post['id']}", headers=matching(ada, post))).status == 204
    elif way in ("private", "members"):
        await edit(client, ada, post, visibility=way)
    else:
        await step(client, ada, post, way)
    found = [await ask(client, path) for path in paths]
    assert [status for status, _, _ in found] == [404, 404, 200, 404, 404]
    assert found[2][1]["items"] == []


async def test_purged_post_takes_its_redirects_along(client, ada, admin, post):
    post = await step(client, ada, await edit(client, ada, post, slug="second"), "publish")
    await fill(client, "/v1/posts/by-slug/first", "/v1/posts/by-slug/second")
    trashed = await client.delete(f"/v1/posts/{post['id']}", headers=matching(ada, post))
    headers = {**admin.headers, "If-Match": trashed.headers["ETag"]}
    assert (await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=headers)).status == 204
    assert [(await ask(client, f"/v1/posts/by-slug/{slug}"))[0] for slug in ("first", "second")] == [404, 404]
    for _ in range(2):  # remembered for what it is
        status, body, _ = await ask(client, f"/v1/posts/{post['id']}")
        assert (status, body["code"]) == (410, "purged")


async def test_changed_profile_shows_in_posts_and_lists(client, ada, post):
    paths = [f"/v1/posts/{post['id']}", "/v1/posts", "/v1/users", f"/v1/users/{ada.id}", "/v1/posts?author=ada"]
    await fill(client, *paths)
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    await client.patch("/v1/me", json={"username": "countess", "display_name": "Ada L."}, headers=matching(ada, me))
    texts = [str((await ask(client, path))[1]) for path in paths]
    assert ["Ada L." in text for text in texts] == [True, True, True, True, False]


async def test_what_changes_nothing_evicts_nothing(client, ada, bob, post):
    paths = [f"/v1/posts/{post['id']}", "/v1/posts", f"/v1/users/{ada.id}", "/v1/users", "/v1/users/by-username/ada"]
    await fill(client, *paths)
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    for change, status in (({"display_name": me["display_name"]}, 200), ({"username": "bob"}, 409)):
        answer = await client.patch("/v1/me", json=change, headers=matching(ada, me))
        assert answer.status == status
    assert [(await ask(client, path))[2] for path in paths] == ["hit"] * len(paths)


async def test_counts_evict_only_what_is_counted(client, ada, bob, write, post):
    await write(bob, title="Other", status="published", tags=["zope"])
    counted, others = ["/v1/tags/zope", f"/v1/users/{bob.id}"], ["/v1/tags/python", f"/v1/users/{ada.id}"]
    await fill(client, *counted, *others)
    await write(bob, title="Another", status="published", tags=["zope"])
    assert "hit" not in [(await ask(client, path))[2] for path in counted]
    assert [(await ask(client, path))[2] for path in others] == ["hit", "hit"]


async def test_sign_in_evicts_nobodys_profile(client, ada, post):
    await fill(client, f"/v1/users/{ada.id}")
    body = {"login": "ada", "password": "correct horse battery"}
    assert (await client.post("/v1/auth/login", json=body)).status == 200
    assert (await ask(client, f"/v1/users/{ada.id}"))[2] == "hit"


async def test_write_of_somebody_else_shows_within_a_second(client, mongo_url, database, post):
    paths = [f"/v1/posts/{post['id']}", "/v1/posts/by-slug/first", "/v1/posts?tag=python"]
    await fill(client, *paths)
    where, change = {"_id": ObjectId(post["id"])}, {"$set": {"live.title": "From outside", "live.version": 9}}
    with MongoClient(mongo_url) as other:
        other[database.name]["posts"].update_one(where, change)

    async def all_show_it():
        return all(["From outside" in str((await ask(client, path))[1]) for path in paths])

    await until(all_show_it)


async def test_post_that_somebody_else_removes_is_neither_led_to_nor_counted(client, ada, database, mongo_url, post):
    post = await step(client, ada, await edit(client, ada, post, slug="second"), "publish")
    paths = ["/v1/posts/by-slug/first", "/v1/posts/by-slug/second", "/v1/posts?count=exact&lang=de,en&limit=1"]
    await fill(client, *paths)
    with MongoClient(mongo_url) as other:
        other[database.name]["posts"].delete_one({"_id": ObjectId(post["id"])})

    async def all_know():
        found = [await ask(client, path) for path in paths]
        return [status for status, _, _ in found] == [404, 404, 200] and found[2][1]["page"]["total"] == 0

    await until(all_know)


async def test_text_where_we_keep_a_list_is_found_like_the_database_does(client, database, mongo_url, post):
    path = "/v1/posts?tag=zope&fields=title"
    await fill(client, path)
    with MongoClient(mongo_url) as other:
        other[database.name]["posts"].update_one({"_id": ObjectId(post["id"])}, {"$set": {"live.tags": "zope"}})

    async def is_listed():
        return bool((await ask(client, path))[1]["items"])

    await until(is_listed)


async def test_post_has_one_id(client, post):
    assert (await ask(client, f"/v1/posts/{post['id'].upper()}"))[0] == (
        404 if post["id"].upper() != post["id"] else 200
    )


async def test_list_by_a_name_that_nobody_had_learns_of_who_takes_it(client, sign_up, post):
    path = "/v1/posts?author=newcomer"
    await fill(client, path)
    await sign_up("newcomer")
    assert (await ask(client, path))[2] != "hit"


@pytest.mark.parametrize("path", ["/v1/tags?count=exact&limit=1", "/v1/users?count=exact&limit=1"])
async def test_total_shrinks_with_what_is_not_on_the_page(client, database, mongo_url, bob, write, post, path):
    await write(bob, title="Other", status="published", tags=["zope"])
    await fill(client, path)
    total = (await ask(client, path))[1]["page"]["total"]
    with MongoClient(mongo_url) as other:
        blog = other[database.name]
        blog["tags"].update_one({"slug": "zope"}, {"$set": {"post_count": 0}})
        blog["users"].update_one({"username_key": "bob"}, {"$set": {"counters.posts": 0}})

    async def has_shrunk():
        return (await ask(client, path))[1]["page"]["total"] == total - 1

    await until(has_shrunk)


@pytest.mark.parametrize("kept", [False, True])
async def test_two_credentials_are_refused_whatever_is_kept(client, ada, post, kept):
    path = f"/v1/posts/{post['id']}"
    if kept:
        await fill(client, path)
    response = await client.get(path, headers={**ada.headers, "Cookie": "session=x"})
    assert (response.status, (await response.json())["code"]) == (400, "ambiguous_credentials")
    assert (await client.get(path, headers={**ada.headers, "Cookie": "theme=dark"})).status == 200


async def test_no_cache_asks_the_database(client, post):
    await fill(client, "/v1/posts")
    lines = [("Cache-Control", "max-age=0"), ("Cache-Control", "No-Cache")]
    assert (await client.get("/v1/posts", headers=lines)).headers["Cache-Status"] == "blogapi; fwd=request; stored"
    assert (await ask(client, "/v1/posts", Cache_Control="max-age=0, no-cache"))[2] == "fwd=request; stored"
    assert (await ask(client, "/v1/posts"))[2] == "hit"


async def test_what_is_kept_as_missing_is_told_in_each_language(client):
    path, told = f"/v1/posts/{'0' * 24}", []
    for language in ("en", "de", "fr", "de", ""):
        response = await client.get(path, headers={"Accept-Language": language} if language else {})
        told.append(((await response.json())["detail"], response.headers["Content-Language"]))
        assert cache_of(client.app).get_missing(path)
    english, german = (f"There is no post '{'0' * 24}'.", "en"), (f"Es gibt keinen Beitrag '{'0' * 24}'.", "de")
    assert told == [english, german, (f"Il n'y a pas d'article '{'0' * 24}'.", "fr"), german, english]


async def test_kept_answer_is_one_for_all_languages(client, post):
    path = f"/v1/posts/{post['id']}"
    await fill(client, path)
    answers = [await client.get(path, headers={"Accept-Language": language}) for language in ("de", "fr", "en")]
    assert {answer.headers["Cache-Status"] for answer in answers} == {"blogapi; hit"}
    assert len({await answer.read() for answer in answers}) == 1
    assert {answer.headers["Vary"] for answer in answers} == {"Origin, Accept-Encoding"}
    known = {"If-None-Match": answers[0].headers["ETag"], "Accept-Language": "es"}
    assert (await client.get(path, headers=known)).status == 304


async def test_what_is_missing_is_remembered_until_it_is_there(client, ada, write):
    draft = await write(ada, title="First")
    paths = [f"/v1/posts/{draft['id']}", "/v1/posts/by-slug/first", "/v1/users/by-username/ada", "/v1/tags/python"]

    async def statuses(**headers):
        return [(await client.get(path, headers=headers)).status for path in paths]

    assert await statuses() == await statuses() == [404] * 4
    assert len(cache_of(client.app)) == 4
    assert await statuses(**ada.headers) == [200, 200, 404, 404]
    await step(client, ada, await edit(client, ada, draft, tags=["python"]), "publish")
    assert await statuses() == [200] * 4


async def test_what_somebody_may_see_is_shown_to_nobody_else(client, ada, bob, write):
    draft = await write(ada, title="First")
    path = f"/v1/posts/{draft['id']}"
    for who, status in ((ada, 200), (bob, 404), (ada, 200)):
        assert (await client.get(path, headers=who.headers)).status == status
    assert (await client.get(path)).status == 404
    assert (await client.get("/v1/posts?status=draft", headers=ada.headers)).status == 200
    assert (await client.get("/v1/posts?status=draft")).status == 401


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("/v1/posts?lang=de", "/v1/posts?lang=en", 200), (f"/v1/posts/{'0' * 24}", f"/v1/posts/{'1' * 24}", 404)],
)
async def test_readers_that_come_together_ask_the_database_once(client, database, post, one, other, expected):
    async def asked():
        return await database["system.profile"].count_documents({"op": "query"})

    await all_told(client)
    profiler = {"profile": 2, "filter": {"ns": f"{database.name}.posts", "op": "query"}}
    await database.command(profiler)
    try:
        alone = await ask(client, one)
        once = await asked()
        found = await asyncio.gather(*(ask(client, other) for _ in range(50)))
    finally:
        await database.command({"profile": 0})
    assert {status for status, _, _ in [alone, *found]} == {expected}
    assert await asked() == 2 * once


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("br, GZIP;q=0.5", "gzip"),
        ("*", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("br", None),
        ("gzip;q=2", None),
    ],
)
async def test_hit_is_sent_compressed_to_whoever_accepts_it(client, ada, write, accepted, coding):
    post = await write(ada, title="Long", body="Much text. " * 500, status="published")
    path, headers = f"/v1/posts/{post['id']}", {"Accept-Encoding": accepted}
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})

    for _ in range(3):  # a miss, then hits
        response = await client.get(path, headers=headers)
        assert response.headers.get("Content-Encoding") == coding
        assert (await response.json())["body"] == (await plain.json())["body"]
    if coding is None:
        assert response.headers["ETag"] == plain.headers["ETag"]
        return
    async with ClientSession(auto_decompress=False) as session:
        response = await session.get(client.make_url(path), headers=headers)
        body = await response.read()
    assert gzip.decompress(body) == await plain.read()
    assert int(response.headers["Content-Length"]) == len(body) < len(await plain.read()) / 5
    assert response.headers["Vary"] == "Origin, Accept-Encoding"
    assert response.headers["ETag"] != plain.headers["ETag"]
    again = await client.get(path, headers={**headers, "If-None-Match": response.headers["ETag"]})
    assert again.status == 304
    edited = {**ada.headers, "If-Match": response.headers["ETag"]}
    assert (await client.patch(path, json={"title": "Longer"}, headers=edited)).status == 200


@pytest.mark.parametrize("config", [{"cache": CacheConfig(max_bytes=8 << 20)}], indirect=True)
async def test_long_answer_is_not_kept_however_short_it_is_compressed(client, ada, write):
    """Else whoever does not accept gzip would have it unpacked anew each time, in memory for as long as they read."""
    post = await write(ada, title="Long", body="Much text. " * 15_000, status="published")
    path = f"/v1/posts/{post['id']}"
    await all_told(client)
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert int(plain.headers["Content-Length"]) > (8 << 20) / 64
    assert (await ask(client, path))[2] == "fwd=uri-miss"


@pytest.mark.parametrize("asked", ["hit", "no-cache"])
async def test_whoever_has_it_in_another_coding_has_it(client, ada, write, asked):
    post = await write(ada, title="Long", body="Much text. " * 500, status="published")
    path = f"/v1/posts/{post['id']}"
    await all_told(client)
    codings = {"identity": None, "gzip": "gzip"}
    tags = {}
    for coding in (*codings, *codings):
        response = await client.get(path, headers={"Accept-Encoding": coding})
        assert response.headers.get("Content-Encoding") == codings[coding]
        tags[coding] = response.headers["ETag"]
    assert tags["identity"] != tags["gzip"]
    fresh = {} if asked == "hit" else {"Cache-Control": "no-cache"}
    for coding in codings:
        for known in (*tags.values(), f'"another", W/{tags["identity"]}', "*"):
            headers = {"Accept-Encoding": coding, "If-None-Match": known, **fresh}
            response = await client.get(path, headers=headers)
            assert (response.status, await response.read()) == (304, b"")
            if asked == "hit":
                assert response.headers["ETag"] == tags[coding]
        headers["If-None-Match"] = f'"1-{"0" * 24}"'
        assert (await client.get(path, headers=headers)).status == 200


async def packed_answer(client, who, write):
    """The path of an answer that is kept packed, and nothing else; and its `ETag` as it was."""
    post = await write(who, title="Long", body="Much text. " * 500, status="published")
    path = f"/v1/posts/{post['id']}"
    await all_told(client)
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert cache_of(client.app).get(path).is_packed
    return path, plain.headers["ETag"]


async def test_nothing_is_unpacked_for_whoever_has_it(client, ada, write):
    path, etag = await packed_answer(client, ada, write)
    headers = {"Accept-Encoding": "identity", "If-None-Match": etag}
    assert (await client.get(path, headers=headers)).status == 304
    assert cache_of(client.app).get_unpacked(path) is None
    assert (await client.get(path, headers={"Accept-Encoding": "identity"})).headers["ETag"] == etag
    assert cache_of(client.app).get_unpacked(path)


@pytest.mark.parametrize("config", [{"limits": LimitsConfig(reads="1/hour")}], indirect=True)
async def test_nothing_is_unpacked_for_whoever_asks_too_often(client, ada, write):
    path, _ = await packed_answer(client, ada, write)
    assert (await client.get(path, headers={"Accept-Encoding": "identity"})).status == 429
    assert cache_of(client.app).get_unpacked(path) is None


async def test_miss_is_sent_compressed_to_who_refuses_it_as_it_is(client, ada, write):
    post = await write(ada, title="Long", body="Much text. " * 500, status="published")
    for headers in ({"Accept-Encoding": "gzip, *;q=0"}, {"Accept-Encoding": "gzip", "Cache-Control": "no-cache"}):
        response = await client.get(f"/v1/posts/{post['id']}", headers=headers)
        assert (response.status, response.headers["Content-Encoding"]) == (200, "gzip")
        assert (await response.json())["title"] == "Long"


async def test_kept_answer_is_the_same_however_often_it_is_asked_for(client, ada, write):
    post = await write(ada, title="Long", body="Viel Text, auch mit Ü. " * 500, status="published")
    headers, path = {"Accept-Encoding": "identity"}, f"/v1/posts/{post['id']}"
    answers = [await client.get(path, headers=headers) for _ in range(4)]
    assert [answer.headers["Cache-Status"] for answer in answers[1:]] == ["blogapi; hit"] * 3
    assert len({await answer.read() for answer in answers}) == 1
    own = {"date", "x-request-id", "cache-status"}
    seen = [{name: value for name, value in answer.headers.items() if name.lower() not in own} for answer in answers]
    assert seen == [seen[0]] * 4


async def test_cache_that_is_switched_off_says_nothing(aiohttp_client, config, database):
    app = create_app(dataclasses.replace(config, cache=CacheConfig(enabled=False)), database)
    client = await checked_client(aiohttp_client, app)
    response = await client.get("/v1/posts")
    assert "Cache-Status" not in response.headers
    assert response.headers["Vary"] == "Origin"
