"""Posts that are published and unpublished at a given time: as it was scheduled, once, by the right of who did it."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.clock import rfc3339, utc_now
from blogapi.db.client import new_id, object_id
from blogapi.operations.doctor import examine
from blogapi.paging.keyset import stored
from blogapi.posts.checks import post_checks
from blogapi.posts.service import PostService
from blogapi.users.model import ManagedProfile
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import QUIET, matching, with_etag
from tests.deaths import MOST_WRITES, death
from tests.posts.steps import edit, public, seen, step, trash, working


@pytest.fixture
def app(config, database, clock):
    """The tests say when it is looked for what is due."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
def run_due(client):
    return client.app[SERVICES][PostService].schedules.run_due


@pytest.fixture
def schedule(client, write):
    """A draft that is published in an hour: `await schedule(ada)`."""

    async def schedule(who, *, at=None, **fields):
        post = await write(who, **fields)
        return await step(client, who, post, "publish", at=at or in_hours(1))

    return schedule


def in_hours(hours):
    return rfc3339(utc_now() + timedelta(hours=hours))


async def make_due(database, post, *, hours=2):
    """What was to happen in an hour should have happened an hour ago: all of a schedule moves by two hours."""
    where = {"_id": object_id(post["id"])}
    head = await database["posts"].find_one(where)
    parts = [f"{part}.at" for part in ("scheduled", "withdrawal") if head.get(part)]
    ends = {path: head[path.split(".")[0]]["at"] - timedelta(hours=hours) for path in parts}
    await database["posts"].update_one(where, {"$set": {**ends, "due_at": min(ends.values())}})
    return rfc3339(ends.get("scheduled.at", min(ends.values())))


async def change_user(client, user_id, **changes):
    service = client.app[SERVICES][UserService]
    user = await service.get(user_id)
    about = {name: getattr(user, name) for name in ("username", "display_name", "bio", "links", "avatar_url")}
    wish = ManagedProfile(**about, **{"role": user.role, "status": user.status, **changes})
    await service.manage(as_operator(), user, wish, frozenset({user.version}))


async def test_scheduled_post_waits_and_is_published_when_it_is_due(client, ada, bob, run_due, database, schedule):
    at = in_hours(1)
    post = await schedule(ada, at=at, tags=["news"])
    assert (post["status"], post["scheduled_at"], post["scheduled_revision"]) == ("scheduled", at, 1)
    assert (post["scheduled_by"], post["published_at"], post["unpublish_at"]) == (ada.id, None, None)
    assert [await seen(client, post, who) for who in (None, bob, ada)] == [404, 404, 200]
    assert await run_due() == 0
    assert await seen(client, post) == 404
    at = await make_due(database, post)
    assert await run_due() == 1
    assert await run_due() == 0
    shown = await public(client, post)
    assert (shown["status"], shown["published_at"], shown["live_updated_at"]) == ("published", at, at)
    assert shown["version"] == post["version"] + 1
    now = await working(client, ada, post)
    assert (now["scheduled_at"], now["scheduled_revision"], now["scheduled_by"]) == (None, None, None)
    assert (await (await client.get("/v1/tags/news")).json())["post_count"] == 1


async def test_later_edits_are_not_in_what_was_scheduled(client, ada, bob, write, run_due, database, clock, schedule):
    """Its slug is among them, and nobody else gets it meanwhile."""
    post = await schedule(ada, title="As decided", body="As decided.")
    later = await edit(client, ada, post, title="Half an idea", body="Half", tags=["leak"], authors=[ada.id, bob.id])
    assert (later["status"], later["scheduled_revision"], later["working_revision"]) == ("scheduled", 1, 2)
    clock.ahead = timedelta(hours=1)
    await client.app[SERVICES][PostService].leftovers.settle()
    clock.ahead = timedelta(0)
    assert (later["slug"], (await write(bob, title="As decided"))["slug"]) == ("half-an-idea", "as-decided-2")
    await make_due(database, post)
    assert await run_due() == 1
    shown = await (await client.get("/v1/posts/by-slug/as-decided")).json()
    assert (shown["id"], shown["title"], shown["body"]) == (post["id"], "As decided", "As decided.")
    assert ([author["id"] for author in shown["authors"]], shown["tags"]) == ([ada.id], [])
    now = await working(client, ada, post)
    assert (now["title"], now["has_unpublished_changes"], now["live_revision"]) == ("Half an idea", True, 1)


async def test_another_revision_is_scheduled_by_saying_so(client, ada, run_due, database, schedule):
    post = await schedule(ada, title="One")
    two = await edit(client, ada, post, title="Two")
    three = await edit(client, ada, two, title="Three")
    at = in_hours(2)
    again = await step(client, ada, three, "publish", revision=2, at=at)
    assert (again["scheduled_revision"], again["scheduled_at"]) == (2, at)
    same = await step(client, ada, again, "publish", revision=2, at=at)
    assert same["etag"] == again["etag"]
    await make_due(database, post, hours=3)
    await run_due()
    shown = await public(client, post)
    assert (shown["title"], shown["slug"]) == ("Two", "two")
    assert {each["_id"] async for each in database["slugs"].find()} == {"two", "three"}


async def test_correction_is_scheduled_by_scheduling_again(client, ada, schedule):
    post = await schedule(ada, title="Wit a typo")
    corrected = await edit(client, ada, post, title="With a typo less")
    again = await step(client, ada, corrected, "publish", at=post["scheduled_at"])
    assert (again["scheduled_revision"], again["scheduled_at"]) == (2, post["scheduled_at"])


async def test_unscheduled_post_is_a_draft_for_good(client, ada, bob, write, run_due, database, schedule):
    post = await schedule(ada, title="Not now")
    post = await edit(client, ada, post, title="Maybe later")
    draft = await step(client, ada, post, "unschedule")
    assert (draft["status"], draft["scheduled_at"]) == ("draft", None)
    assert (await write(bob, title="Not now"))["slug"] == "not-now"
    assert await database["posts"].count_documents({"due_at": {"$exists": True}}) == 0
    assert (await step(client, ada, draft, "unschedule", status=409))["allowed"] == ["publish", "submit", "trash"]


async def test_publishing_by_hand_ends_the_schedule(client, ada, run_due, database, schedule):
    post = await schedule(ada)
    post = await step(client, ada, post, "publish")
    assert (post["status"], post["scheduled_at"]) == ("published", None)
    post = await step(client, ada, post, "unpublish")
    assert await database["posts"].count_documents({"due_at": {"$exists": True}}) == 0
    assert await run_due() == 0
    assert await seen(client, post) == 404


async def test_time_that_has_come_is_now(client, ada, write):
    before = rfc3339(utc_now())
    post = await step(client, ada, await write(ada), "publish", at="2001-02-03T04:05:06Z")
    assert (post["status"], post["scheduled_at"]) == ("published", None)
    assert post["published_at"] >= before
    post = await step(client, ada, post, "unpublish", at=before)
    assert (post["status"], post["unpublish_at"]) == ("draft", None)


async def test_published_post_ends_when_that_is_due(client, ada, run_due, database, write):
    post = await write(ada, status="published")
    public_etag = (await client.get(f"/v1/posts/{post['id']}")).headers["ETag"]
    at = in_hours(1)
    post = await step(client, ada, post, "unpublish", at=at)
    assert (post["status"], post["unpublish_at"]) == ("published", at)
    assert (await client.get(f"/v1/posts/{post['id']}")).headers["ETag"] == public_etag  # readers are not told
    assert await run_due() == 0
    await make_due(database, post)
    assert await run_due() == 1
    now = await working(client, ada, post)
    assert (now["status"], now["unpublish_at"], await seen(client, post)) == ("draft", None, 404)


async def test_end_of_a_published_post_can_be_taken_away(client, ada, write, database):
    post = await step(client, ada, await write(ada, status="published"), "unpublish", at=in_hours(1))
    public_etag = (await client.get(f"/v1/posts/{post['id']}")).headers["ETag"]
    post = await step(client, ada, post, "unschedule")
    assert (post["status"], post["unpublish_at"]) == ("published", None)
    assert (await client.get(f"/v1/posts/{post['id']}")).headers["ETag"] == public_etag


async def test_both_ends_come_in_the_order_of_their_times(client, ada, run_due, database, schedule):
    post = await schedule(ada, at=in_hours(1))
    post = await step(client, ada, post, "unpublish", at=in_hours(2))
    await make_due(database, post, hours=1.5)
    assert await run_due() == 1
    now = await working(client, ada, post)
    assert (now["status"], now["scheduled_at"], bool(now["unpublish_at"])) == ("published", None, True)
    await make_due(database, post)
    assert await run_due() == 1
    assert (await working(client, ada, post))["status"] == "draft"
    assert await run_due() == 0


async def test_end_outlives_publishing_by_hand(client, ada, schedule):
    post = await step(client, ada, await schedule(ada), "unpublish", at=in_hours(2))
    post = await step(client, ada, post, "publish")
    assert (post["status"], bool(post["unpublish_at"])) == ("published", True)


async def test_post_is_not_unpublished_before_it_is_published(client, ada, schedule):
    post = await schedule(ada, at=in_hours(2))
    for at in (in_hours(1), post["scheduled_at"], in_hours(-1)):
        assert (await step(client, ada, post, "unpublish", status=409, at=at))["code"] == "schedule_conflict"
    post = await step(client, ada, post, "unpublish", at=in_hours(3))
    assert (await step(client, ada, post, "publish", status=409, at=in_hours(4)))["code"] == "schedule_conflict"
    assert (await step(client, ada, post, "publish", at=in_hours(1)))["status"] == "scheduled"


@pytest.mark.parametrize("verb", ["unpublish", "archive"])
async def test_what_was_withdrawn_by_hand_has_no_end_any_more(client, ada, write, database, run_due, verb):
    post = await step(client, ada, await write(ada, status="published"), "unpublish", at=in_hours(1))
    post = await step(client, ada, post, verb)
    assert post["unpublish_at"] is None
    assert await database["posts"].count_documents({"due_at": {"$exists": True}}) == 0


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (422, {"at": "tomorrow"}, "invalid_fields"),
        (422, {"at": 1764500000}, "invalid_fields"),
        (404, {"at": "2101-01-01T00:00:00Z", "revision": 7}, "not_found"),
    ],
)
async def test_bad_wish_is_refused(client, ada, write, status, body, code):
    assert (await step(client, ada, await write(ada), "publish", status=status, **body))["code"] == code


async def test_time_without_a_time_zone_is_told_apart(client, ada, write):
    problem = await step(client, ada, await write(ada), "publish", status=422, at="2101-01-01T00:00:00")
    (error,) = problem["errors"]
    assert error["pointer"] == "/at"
    assert "with a time zone, such as 2030-03-01T09:00:00Z" in error["detail"]


async def test_post_without_a_title_is_not_scheduled(client, ada, write):
    problem = await step(client, ada, await write(ada, title=""), "publish", status=422, at=in_hours(1))
    assert problem["errors"][0]["pointer"] == "/title"


LOST = {
    "role_lost": lambda client, ada: change_user(client, ada.id, role="contributor"),
    "suspended": lambda client, ada: change_user(client, ada.id, status="suspended"),
    "erased": lambda client, ada: client.app[SERVICES][UserService].erase(as_operator(), ada.id),
    "not_author": None,
}


@pytest.mark.parametrize("why", LOST)
@pytest.mark.parametrize("verb", ["publish", "unpublish"])
async def test_who_has_lost_the_right_publishes_nothing(
    client, ada, bob, editor, write, run_due, database, caplog, why, verb
):
    post = await write(ada, authors=[ada.id, bob.id], status="draft" if verb == "publish" else "published")
    post = await step(client, ada, post, verb, at=in_hours(1))
    if LOST[why] is None:
        await edit(client, editor, post, authors=[bob.id])
    else:
        await LOST[why](client, ada)
    at = await make_due(database, post)
    with caplog.at_level(logging.WARNING, "blogapi.posts.schedules"):
        assert await run_due() == 1
    assert post["id"] in caplog.text
    assert verb in caplog.text
    now = await working(client, editor, post)
    assert now["schedule_error"] == {"code": why, "verb": verb, "at": at}
    assert (now["status"], await seen(client, post)) == (("draft", 404) if verb == "publish" else ("published", 200))
    assert (now["scheduled_at"], now["unpublish_at"], await run_due()) == (None, None, 0)
    again = await step(client, editor, now, verb, at=in_hours(1))
    assert again["schedule_error"] is None


async def test_right_of_whoever_scheduled_last_counts(client, ada, editor, run_due, database, schedule):
    post = await schedule(ada)
    post = await step(client, editor, post, "publish", at=post["scheduled_at"])
    assert post["scheduled_by"] == editor.id
    await change_user(client, ada.id, role="reader")
    await make_due(database, post)
    await run_due()
    assert await seen(client, post) == 200


@pytest.mark.parametrize("verb", ["publish", "unpublish"])
async def test_trash_keeps_no_schedule(client, ada, write, run_due, database, caplog, verb):
    post = await write(ada, status="draft" if verb == "publish" else "published")
    post = await step(client, ada, post, verb, at=in_hours(1))
    at = post["scheduled_at"] or post["unpublish_at"]
    with caplog.at_level(logging.WARNING, "blogapi.posts.schedules"):
        gone = await trash(client, ada, post)
    assert post["id"] in caplog.text
    back = await step(client, ada, gone, "restore")
    assert back["status"] == ("draft" if verb == "publish" else "published")
    assert (back["scheduled_at"], back["unpublish_at"]) == (None, None)
    assert back["schedule_error"] == {"code": "trashed", "verb": verb, "at": at}
    assert await database["posts"].count_documents({"due_at": {"$exists": True}}) == 0


async def test_only_the_reviewed_revision_gets_to_readers(client, sign_up, editor, write, run_due, database):
    cora = await sign_up("cora", role="contributor")
    post = await step(client, cora, await write(cora, title="Reviewed"), "submit")
    post = await step(client, editor, post, "publish", at=in_hours(1))
    assert (post["scheduled_revision"], post["submitted_revision"]) == (1, 1)
    post = await edit(client, cora, post, title="Nobody has seen this")
    post = await step(client, editor, post, "publish", at=in_hours(2))
    assert post["scheduled_revision"] == 1
    post = await edit(client, editor, post, title="Corrected")
    post = await step(client, editor, post, "publish", at=in_hours(1))
    assert post["scheduled_revision"] == 3
    await make_due(database, post)
    await run_due()
    assert (await public(client, post))["title"] == "Corrected"


async def test_first_publication_stays_when_it_comes_back(client, ada, write, run_due, database):
    post = await write(ada, status="published")
    since = post["published_at"]
    post = await step(client, ada, post, "unpublish")
    post = await step(client, ada, post, "publish", at=in_hours(1))
    at = await make_due(database, post)
    await run_due()
    shown = await public(client, post)
    assert (shown["published_at"], shown["live_updated_at"]) == (since, at)


async def test_scheduled_posts_are_found_in_lists(client, ada, editor, write, schedule):
    post = await schedule(ada)
    await write(ada)
    for who in (ada, editor):
        for path in ("/v1/posts?status=scheduled", "/v1/me/posts?status=scheduled"):
            response = await client.get(path, headers=who.headers)
            found = [each["id"] for each in (await response.json())["items"]]
            assert found == ([] if who is editor and "/me/" in path else [post["id"]])
    (listed,) = (await (await client.get("/v1/posts?status=scheduled", headers=ada.headers)).json())["items"]
    assert listed["scheduled_at"] == post["scheduled_at"]
    assert len((await (await client.get("/v1/me/posts", headers=ada.headers)).json())["items"]) == 2


async def test_what_nobody_did_in_time_is_done_in_its_order(client, ada, run_due, database, schedule):
    """The end of a post, too, comes before what begins after it."""
    posts = [await schedule(ada, title=f"Number {number}", at=in_hours(3 - number)) for number in range(3)]
    posts[1] = await step(client, ada, posts[1], "unpublish", at=in_hours(2.5))
    times = [await make_due(database, post, hours=9) for post in posts]
    assert await run_due() == 4
    shown = [await public(client, post) for post in (posts[2], posts[0])]
    assert [each["published_at"] for each in shown] == [times[2], times[0]]
    heads = [await database["posts"].find_one({"_id": object_id(post["id"])}) for post in posts]
    done = [head["updated_at"] for head in heads]
    assert done[2] <= done[1] <= done[0]
    assert [head["status"] for head in heads] == ["published", "draft", "published"]


@pytest.mark.parametrize("hours", [-6, 6])
async def test_clock_of_a_server_does_not_matter(client, ada, run_due, database, clock, schedule, write, hours):
    """It is the database's that counts: nothing comes early, and nothing is missed."""
    due, not_due, draft = await schedule(ada), await schedule(ada), await write(ada)
    await make_due(database, due)
    clock.ahead = timedelta(hours=hours)
    posts = client.app[SERVICES][PostService]
    assert await run_due() == 1
    assert [await seen(client, post) for post in (due, not_due)] == [200, 404]
    clock.ahead = timedelta(0)
    token = ada.headers
    clock.ahead = timedelta(minutes=5 if hours > 0 else -5)
    response = await client.post(
        f"/v1/posts/{draft['id']}/publish",
        json={"at": rfc3339(utc_now() + timedelta(minutes=2))},
        headers={**token, "If-Match": draft["etag"]},
    )
    assert (await response.json())["status"] == "scheduled"
    assert await posts.schedules.run_due() == 0


async def test_what_fails_keeps_nothing_else_waiting(client, ada, run_due, database, caplog, schedule):
    broken, whole = await schedule(ada, title="Broken"), await schedule(ada, title="Whole")
    await make_due(database, broken, hours=3)
    await make_due(database, whole)
    await database["posts"].update_one({"_id": object_id(broken["id"])}, {"$set": {"left": 7}})
    assert await run_due() == 1
    assert "will be tried again" in caplog.text
    assert await seen(client, whole) == 200
    await database["posts"].update_one({"_id": object_id(broken["id"])}, {"$set": {"left": []}})
    assert await run_due() == 1
    assert await seen(client, broken) == 200


async def test_times_that_somebody_else_wrote_are_put_right(client, ada, run_due, database, schedule):
    """`due_at` follows from the schedule, which decides."""
    post = await schedule(ada)
    where = {"_id": object_id(post["id"])}
    due_at = (await database["posts"].find_one(where))["due_at"]
    await database["posts"].update_one(where, {"$set": {"due_at": stored(utc_now() - timedelta(hours=1))}})
    assert await run_due() == 0
    assert await seen(client, post) == 404
    assert (await database["posts"].find_one(where))["due_at"] == due_at


@pytest.mark.parametrize("status", ["trashed", "draft"])
async def test_earlier_version_beside_ours_may_move_a_scheduled_post(client, ada, run_due, database, schedule, status):
    """It knows of no schedules, and leaves them there."""
    post = await schedule(ada)
    await make_due(database, post)
    await database["posts"].update_one({"_id": object_id(post["id"])}, {"$set": {"status": status}})
    assert await run_due() == 1
    now = await working(client, ada, post)
    assert (now["status"], now["scheduled_at"], await run_due()) == (status, None, 0)
    assert (now["schedule_error"] or {}).get("code") == ("trashed" if status == "trashed" else None)


OUT_OF_PLACE = {
    "nothing is scheduled": ({"scheduled": None}, "draft"),
    "in the trash": ({"status": "trashed"}, "trashed"),
    "withdrawn": ({"status": "draft", "scheduled": None}, "draft"),
    "looked for too late": ({"due_at": datetime(2200, 1, 1)}, "scheduled"),
}


@pytest.mark.parametrize(("written", "after"), OUT_OF_PLACE.values(), ids=OUT_OF_PLACE)
async def test_doctor_finds_schedules_out_of_place(client, ada, database, schedule, written, after):
    services = client.app[SERVICES]

    async def found(*, fix):
        findings = await examine(post_checks(services).all(), settle=lambda: asyncio.sleep(0), fix=fix)
        return [(finding.check, finding.found, finding.fixed) for finding in findings if finding.found]

    post = await step(client, ada, await schedule(ada), "unpublish", at=in_hours(2))
    assert await found(fix=False) == []
    await database["posts"].update_one({"_id": object_id(post["id"])}, {"$set": written})
    assert await found(fix=True) == [("schedules out of place", 1, 1)]
    assert await found(fix=False) == []
    head = await database["posts"].find_one({"_id": object_id(post["id"])})
    assert head["status"] == after
    assert bool(head.get("due_at")) == bool(head["scheduled"]) == bool(head["withdrawal"]) == (after == "scheduled")


async def test_whoever_dies_while_publishing_leaves_nothing_half_done(client, ada, run_due, database, clock, schedule):
    """Behind each write in turn: another process does the rest, and nothing twice."""
    posts = client.app[SERVICES][PostService]
    for after in range(1, MOST_WRITES):
        post = await schedule(ada, title=f"Mortal {after}", tags=[f"tag-{after}"])
        post = await edit(client, ada, post, title=f"Later {after}")
        at = await make_due(database, post)
        async with death(database, after=after) as coming:
            with suppress(asyncio.CancelledError):
                await run_due()
        await run_due()
        clock.ahead += timedelta(hours=1)
        await posts.counts.settle()
        await posts.leftovers.settle()
        clock.ahead = timedelta(0)
        shown = await public(client, post)
        assert (shown["title"], shown["published_at"]) == (f"Mortal {after}", at)
        assert (await working(client, ada, post))["version"] == post["version"] + 1
        assert (await (await client.get(f"/v1/tags/tag-{after}")).json())["post_count"] == 1
        if not coming.has_come:
            break
    else:
        pytest.fail("It never came to an end.")
    assert after > 2


async def test_whoever_dies_while_scheduling_is_retried(client, ada, write, run_due, database, clock):
    for after in range(1, MOST_WRITES):
        post = await write(ada, title=f"Mortal {after}")
        post = await edit(client, ada, post, title=f"Later {after}")
        headers = {**matching(ada, post), "Idempotency-Key": f"once-{after}"}
        path, wish = f"/v1/posts/{post['id']}/publish", {"at": in_hours(1), "revision": 1}
        async with death(database, after=after) as coming:
            await client.post(path, json=wish, headers=headers)
        clock.ahead += timedelta(minutes=3)  # the lease of the first attempt is over
        response = await client.post(path, json=wish, headers=headers)
        clock.ahead = timedelta(0)
        assert response.status == 200, await response.text()
        scheduled = await with_etag(response)
        assert (scheduled["version"], scheduled["status"]) == (post["version"] + 1, "scheduled")
        await make_due(database, scheduled)
        assert await run_due() == 1
        assert (await public(client, post))["slug"] == f"mortal-{after}"
        if not coming.has_come:
            break
    else:
        pytest.fail("It never came to an end.")
    assert after > 2


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_eight_servers_at_once_do_each_thing_once(client, ada, run_due, database, schedule):
    posts = [await schedule(ada, title=f"Race {number}", tags=["race"]) for number in range(12)]
    for post in posts:
        await make_due(database, post)
    assert sum(await asyncio.gather(*(run_due() for _ in range(8)))) == 12
    assert {(await working(client, ada, post))["version"] for post in posts} == {3}
    assert (await (await client.get("/v1/tags/race")).json())["post_count"] == 12


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_a_time_that_comes_and_a_person_one_is_first(client, ada, run_due, database, schedule):
    """Whoever unschedules with the version that they have read either prevents it or is told that they are late."""
    for number in range(6):
        post = await schedule(ada, title=f"Race {number}")
        await make_due(database, post)
        headers = matching(ada, post)
        answer, _ = await asyncio.gather(
            client.post(f"/v1/posts/{post['id']}/unschedule", json={}, headers=headers), run_due()
        )
        assert (answer.status, await seen(client, post)) in ((200, 404), (412, 200))


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_looking_for_what_is_due_reads_next_to_nothing(client, ada, run_due, database, schedule):
    """However much is scheduled: each process looks every second."""
    await schedule(ada)
    head = await database["posts"].find_one({})
    tomorrow = utc_now() + timedelta(hours=20)
    many = [{**head, "_id": object_id(new_id()), "due_at": tomorrow, "live_slugs": [str(n)]} for n in range(300)]
    await database["posts"].insert_many(many)
    await database.command("profile", 2)
    assert await run_due() == 0
    await database.command("profile", 0)
    (plan,) = [each async for each in database["system.profile"].find({"op": "query", "ns": {"$regex": r"\.posts$"}})]
    await database.drop_collection("system.profile")
    print(plan["planSummary"], plan["keysExamined"], plan["docsExamined"], plan.get("hasSortStage"))
    assert plan["planSummary"] == "IXSCAN { due_at: 1, _id: 1 }"
    assert (plan["keysExamined"], plan["docsExamined"], plan.get("hasSortStage")) == (0, 0, None)
