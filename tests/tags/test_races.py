"""Tags move while writers write, and whoever moves them dies: counts stay exact, and no post keeps a former tag."""

import asyncio
import random
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta

import pytest

from blogapi.app import create_app
from blogapi.clock import utc_now
from blogapi.deadline import OVER
from blogapi.jobs.service import LongWork
from blogapi.posts.service import PostService
from blogapi.tags.service import TagService
from blogapi.wiring import SERVICES
from tests.conftest import QUIET, matching, with_etag
from tests.deaths import MOST_WRITES, death, lease_is_over
from tests.posts.loading import load
from tests.tags.test_tidying import leads_to, problems

POSTS = 60
IS_WORKER = ContextVar("is_worker", default=False)


@pytest.fixture
def app(config, database, clock):
    """Without jobs: the tests say when something is done, and by whom."""
    return create_app(config, database, QUIET, clock)


async def tag_of(client, who, slug):
    return await with_etag(await client.get(f"/v1/tags/{slug}", headers=who.headers))


async def settle(client, clock):
    """What every process does again and again, some time later."""
    services = client.app[SERVICES]
    await lease_is_over(client)
    await services[LongWork].carry_on()
    clock.ahead = 2 * OVER
    await services[PostService].tagging.settle()
    await services[PostService].counts.settle()
    clock.ahead = timedelta()


async def tags_of_all(client):
    documents = client.app[SERVICES].database["posts"].find({}, {"working.tags": 1, "live.tags": 1})
    copies = [each.get(copy) for each in await documents.to_list() for copy in ("working", "live")]
    return [tuple(copy["tags"]) for copy in copies if copy]


CHANGES = {
    "rename": ("PATCH", "", {"slug": "new"}, ("new",)),
    "merge": ("POST", "/merge", {"into": "other"}, ("other",)),
    "delete": ("DELETE", "", None, ()),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_whoever_moves_a_tag_dies_behind_each_write(client, clock, ada, editor, write, change):
    method, end, body, becomes = CHANGES[change]
    services = client.app[SERVICES]
    for after in range(1, MOST_WRITES):
        for number in range(2):
            await write(ada, title=str(number), tags=["kept", "old"], status="published")
        await write(ada, tags=["other"], status="published")
        headers = matching(editor, await tag_of(client, editor, "old"))
        async with death(services.database, after=after) as coming:
            await client.request(method, f"/v1/tags/old{end}", json=body, headers=headers)
        await settle(client, clock)
        decided = await client.get("/v1/tags/old", headers=editor.headers, allow_redirects=False)
        expected = ("kept", "old") if decided.status == 200 else ("kept", *becomes)
        assert {*await tags_of_all(client)} == {expected, ("other",)}, (after, coming.collection)
        assert await problems(client) == [], (after, coming.collection)
        for collection in ("posts", "tags", "slugs"):
            await services.database[collection].delete_many({})
        await services[PostService].counts.recount_author(ada.id)
        if not coming.has_come:
            break
    assert not coming.has_come


async def write_all_the_time(client, who, ids, dice, over):
    """Create, edit, publish and withdraw posts, with the old tag and without; returns what succeeded."""
    done = set()
    while not over.is_set():
        tags = dice.choice((["old"], ["old", "other"], ["kept"], ["mine", "old"]))
        if dice.random() < 0.2:
            new = {"title": "New", "tags": tags, "status": "published"}
            answer = await client.post("/v1/posts", json=new, headers=who.headers)
            verb = "create"
        else:
            path, verb = f"/v1/posts/{dice.choice(ids)}", dice.choice(("edit", "publish", "unpublish"))
            read = await with_etag(await client.get(f"{path}?view=working", headers=who.headers))
            if verb == "edit":
                body = {"tags": dice.choice((tags, [*dict.fromkeys([*read["tags"], "kept"])]))}
                answer = await client.patch(path, json=body, headers=matching(who, read))
            else:
                answer = await client.post(f"{path}/{verb}", json={}, headers=matching(who, read))
        assert answer.status in (200, 201, 409, 412), await answer.text()
        done |= {verb} if answer.status < 300 else set()
    return done


async def read_all_the_time(client, over):
    """Readers find the posts all the time."""
    while not over.is_set():
        found = await (await client.get("/v1/posts?tag=new&limit=1")).json()
        assert found["items"] or not (await client.get("/v1/tags/new")).ok


async def work_until_death(client, after):
    """Do long work, and die behind so many writes of it."""
    services, writes = client.app[SERVICES], 0

    def listener(write):
        nonlocal writes
        writes += IS_WORKER.get()
        if IS_WORKER.get() and writes >= after:
            raise asyncio.CancelledError

    async def work():
        IS_WORKER.set(True)
        await services[LongWork].carry_on()

    services.database.on_write.append(listener)
    try:
        with suppress(asyncio.CancelledError):
            await asyncio.create_task(work())
    finally:
        services.database.on_write.remove(listener)
    assert writes >= after
    await lease_is_over(client)


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
@pytest.mark.parametrize("change", CHANGES)
async def test_tag_moves_while_writers_write_and_workers_die(client, clock, ada, editor, write, change, monkeypatch):
    monkeypatch.setattr("blogapi.tags.tidying._WITHIN_SECONDS", 0)
    monkeypatch.setattr("blogapi.posts.tagging._AT_A_TIME", 10)
    method, end, body, becomes = CHANGES[change]
    services = client.app[SERVICES]
    await services[TagService].use(["kept", "old", "other"])
    await load(services, ada, POSTS, tags=("kept", "old"))
    for slug in ("kept", "old"):
        await services[PostService].counts.recount_tag(slug)
    await services[PostService].counts.recount_author(ada.id)
    for number in range(3):
        await write(ada, title=f"Draft {number}", tags=["old"])
    listed = await (await client.get("/v1/me/posts?limit=100&fields=id", headers=ada.headers)).json()
    ids, over, dice = [post["id"] for post in listed["items"]], asyncio.Event(), random.Random(7)
    writers = [asyncio.create_task(write_all_the_time(client, ada, ids, dice, over)) for _ in range(4)]
    headers = matching(editor, await tag_of(client, editor, "old"))
    answer = await client.request(method, f"/v1/tags/old{end}", json=body, headers=headers)
    assert answer.status == 202, await answer.text()
    reader = asyncio.create_task(read_all_the_time(client, over))
    for after in (5, 25):
        await work_until_death(client, after)
    await services[LongWork].carry_on()
    over.set()
    done = set().union(*(await asyncio.gather(*writers)))
    await reader
    assert done == {"create", "edit", "publish", "unpublish"}
    job = await (await client.get(answer.headers["Location"], headers=editor.headers)).json()
    assert job["state"] == "done"
    assert job["done"] > 10
    # Before anything is settled: whoever saves a post looks where its tags lead behind that.
    if change != "delete":  # a writer may have made it anew since
        assert not [tags for tags in await tags_of_all(client) if "old" in tags]
        assert await leads_to(client, "old") == becomes[0]
    await settle(client, clock)
    assert await problems(client) == []


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_tags_that_are_merged_into_each_other_at_once_stay_tags(client, clock, ada, editor, write):
    for turn in range(12):
        names = [f"{letter}{turn}" for letter in "abc"]
        post = await write(ada, tags=names, status="published")
        tags = [await tag_of(client, editor, name) for name in names]
        wishes = [(tags[0], names[1]), (tags[1], names[2]), (tags[2], names[0]), (tags[1], names[0])]
        changes = [
            client.post(f"/v1/tags/{tag['slug']}/merge", json={"into": into}, headers=matching(editor, tag))
            for tag, into in wishes
        ]
        changes.append(client.delete(f"/v1/tags/{names[2]}", headers=matching(editor, tags[2])))
        random.shuffle(changes)
        answers = await asyncio.gather(*changes)
        assert {answer.status for answer in answers} <= {200, 204, 404, 409, 412, 422}
        assert any(answer.status in (200, 204) for answer in answers)
        await settle(client, clock)
        assert await problems(client) == []
        now = await (await client.get(f"/v1/posts/{post['id']}")).json()
        for name in names:
            answer = await client.get(f"/v1/tags/{name}")
            assert answer.status in (200, 404)
            assert answer.status == 404 or (await answer.json())["slug"] in now["tags"]


@pytest.mark.parametrize("change", CHANGES)
async def test_posts_that_follow_by_long_work_are_left_to_it(client, clock, ada, editor, write, change, monkeypatch):
    monkeypatch.setattr("blogapi.tags.tidying._WITHIN_SECONDS", 0)
    method, end, body, becomes = CHANGES[change]
    services = client.app[SERVICES]
    await write(ada, tags=["kept", "old"], status="published")
    await write(ada, tags=["other"], status="published")
    headers = matching(editor, await tag_of(client, editor, "old"))
    answer = await client.request(method, f"/v1/tags/old{end}", json=body, headers=headers)
    assert answer.status == 202
    clock.ahead = 2 * OVER
    assert await services[PostService].tagging.settle() == 0
    assert ("kept", "old") in await tags_of_all(client)
    clock.ahead = timedelta()
    if becomes:  # until then, readers find it all the same
        found = await (await client.get(f"/v1/posts?tag={becomes[0]}&fields=tags")).json()
        assert ["kept", "old"] in [post["tags"] for post in found["items"]]
    await settle(client, clock)
    assert {*await tags_of_all(client)} == {("kept", *becomes), ("other",)}
    assert await problems(client) == []


@contextmanager
def meanwhile(database, collection, do):
    """Once, right behind a write to this collection, somebody else does something."""
    waiting = [do]

    def listener(write):
        if write.collection == collection and waiting:
            waiting.pop()()

    database.on_write.append(listener)
    try:
        yield
    finally:
        database.on_write.remove(listener)
    assert not waiting


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_save_that_was_begun_before_a_tag_moved_does_not_bring_it_back(client, mongo, ada, write):
    await write(ada, title="Other", tags=["old"])
    post = await write(ada, tags=["kept"])

    def rename():
        """And all posts have followed; there was none with this tag in its live copy."""
        moved = {"slug": "new", "slugs": ["old", "new"]}
        mongo["test"]["tags"].update_one({"slug": "old"}, {"$set": moved})

    with meanwhile(client.app[SERVICES].database, "revisions", rename):
        answer = await client.patch(
            f"/v1/posts/{post['id']}", json={"tags": ["kept", "old"]}, headers=matching(ada, post)
        )
    saved = await with_etag(answer)
    assert (saved["tags"], saved["version"], saved["working_revision"]) == (["kept", "new"], 3, 2)
    assert saved["etag"].startswith('"3-')


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_tag_is_not_merged_into_one_that_was_deleted_in_this_moment(client, mongo, ada, editor, write):
    post = await write(ada, tags=["js", "javascript"], status="published")
    tag, into = [await tag_of(client, editor, slug) for slug in ("js", "javascript")]
    tags, gone = mongo["test"]["tags"], {"at": utc_now(), "into": None}

    def delete():
        """As another process would: it breaks the hold, and then the tag may go."""
        tags.update_one({"slug": "js"}, {"$inc": {"broken": 1}})
        tags.update_one({"slug": "javascript"}, {"$set": {"joining": [], "gone": gone, "slug": f":{into['id']}"}})

    with meanwhile(client.app[SERVICES].database, "tags", delete):
        answer = await client.post("/v1/tags/js/merge", json={"into": "javascript"}, headers=matching(editor, tag))
    assert (answer.status, (await answer.json())["code"]) == (409, "conflict")
    assert (await tag_of(client, editor, "js"))["version"] == 1
    assert "js" in (await (await client.get(f"/v1/posts/{post['id']}")).json())["tags"]
