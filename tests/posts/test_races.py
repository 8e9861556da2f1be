"""Many at once, on a real server: one winner each, and nothing lost."""

import asyncio

import pytest

from blogapi.access.identity import Identity
from blogapi.clock import utc_now
from blogapi.db.client import new_id
from blogapi.errors import Stale
from blogapi.idempotency.attempt import Attempt
from blogapi.posts.rights import Publishable
from blogapi.posts.service import PostService
from blogapi.posts.store import SlugStore
from blogapi.wiring import SERVICES
from tests.conftest import matching, with_etag
from tests.posts.loading import load

pytestmark = pytest.mark.mongod
RACERS = 64


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def test_no_edit_is_lost_among_64_editors(client, editor, write):
    post = await write(editor, title="Counter", body="0")
    path, order = f"/v1/posts/{post['id']}", []
    few_at_once = asyncio.Semaphore(RACERS // 8)

    async def try_to_add_one(name):
        read = await with_etag(await client.get(f"{path}?view=working", headers=editor.headers))
        wish = {"body": str(int(read["body"]) + 1), "note": f"editor {name}"}
        response = await client.patch(path, json=wish, headers=matching(editor, read))
        if response.status == 200:
            order.append((int(wish["body"]), wish["note"]))
        else:
            assert response.status == 412
        return response.status == 200

    async def add_one(name):
        if await try_to_add_one(name):
            return
        # All have raced once. Were they to go on together, it would take four times as many requests.
        async with few_at_once:
            while not await try_to_add_one(name):
                pass

    await asyncio.gather(*(add_one(number) for number in range(RACERS)))
    final = await (await client.get(path, headers=editor.headers)).json()
    assert (final["body"], final["version"], final["working_revision"]) == (str(RACERS), RACERS + 1, RACERS + 1)
    stored = []
    for number in range(2, RACERS + 2):
        revision = await (await client.get(f"{path}/revisions/{number}", headers=editor.headers)).json()
        assert revision["revision"] == number
        stored.append((int(revision["body"]), revision["note"]))
    assert stored == sorted(order)


async def test_one_of_many_edits_of_the_same_version_wins(client, ada, write):
    post = await write(ada)
    answers = await asyncio.gather(
        *(
            client.patch(f"/v1/posts/{post['id']}", json={"body": f"text {n}"}, headers=matching(ada, post))
            for n in range(RACERS)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * (RACERS - 1)


async def test_one_of_many_transitions_wins(client, ada, write):
    post = await write(ada)
    post = await with_etag(await client.post(f"/v1/posts/{post['id']}/publish", headers=matching(ada, post)))
    verbs = ["unpublish", "archive"] * (RACERS // 2)
    answers = await asyncio.gather(
        *(client.post(f"/v1/posts/{post['id']}/{verb}", headers=matching(ada, post)) for verb in verbs)
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * (RACERS - 1)
    after = await (await client.get(f"/v1/posts/{post['id']}", headers=ada.headers)).json()
    assert after["version"] == 3


async def test_one_of_32_claims_of_a_slug_wins(client, ada):
    answers = await asyncio.gather(
        *(client.post("/v1/posts", json={"title": str(n), "slug": "mine"}, headers=ada.headers) for n in range(32))
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 31
    assert [(await answer.json())["code"] for answer in answers if answer.status == 409] == ["slug_taken"] * 31


async def test_many_posts_of_one_title_get_a_slug_each(client, ada):
    answers = await asyncio.gather(
        *(client.post("/v1/posts", json={"title": "Same"}, headers=ada.headers) for _ in range(32))
    )
    slugs = {(await answer.json())["slug"] for answer in answers}
    assert len(slugs) == 32
    assert "same" in slugs


async def test_slug_that_is_given_up_and_taken_back_stays_claimed(client, ada, database, write):
    post = await write(ada, slug="there")

    async def move():
        while True:
            read = await with_etag(await client.get(f"/v1/posts/{post['id']}", headers=ada.headers))
            slug = "back" if read["slug"] == "there" else "there"
            path = f"/v1/posts/{post['id']}"
            if (await client.patch(path, json={"slug": slug}, headers=matching(ada, read))).status == 200:
                return

    await asyncio.gather(*(move() for _ in range(16)))
    read = await (await client.get(f"/v1/posts/{post['id']}", headers=ada.headers)).json()
    claim = await database["slugs"].find_one({"_id": read["slug"]})
    assert str(claim["post_id"]) == post["id"]


async def test_one_of_many_requests_with_one_idempotency_key_does_the_work(client, ada, database):
    headers = {**ada.headers, "Idempotency-Key": "one"}
    answers = await asyncio.gather(
        *(client.post("/v1/posts", json={"title": "T"}, headers=headers) for _ in range(RACERS))
    )
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({(await answer.json())["id"] for answer in answers if answer.status == 201}) == 1
    assert await database["posts"].count_documents({}) == 1


async def test_tag_counts_are_exact_after_a_race(client, ada, write):
    posts = [await write(ada, tags=["counted"]) for _ in range(16)]

    async def publish_and_withdraw(post):
        published = await client.post(f"/v1/posts/{post['id']}/publish", headers=matching(ada, post))
        if int(post["id"], 16) % 2:
            await client.post(f"/v1/posts/{post['id']}/unpublish", headers=matching(ada, await with_etag(published)))

    await asyncio.gather(*(publish_and_withdraw(post) for post in posts))
    left = sum(1 for post in posts if not int(post["id"], 16) % 2)
    listed = await (await client.get("/v1/posts?tag=counted&count=exact")).json()
    assert listed["page"]["total"] == left
    tag = await client.get("/v1/tags/counted")
    assert (await tag.json())["post_count"] == left if left else tag.status == 404


async def test_walk_over_5000_posts_skips_and_repeats_nothing_while_others_write(client, ada, editor, write):
    """What was published before the walk, and stays, is met once; what is withdrawn meanwhile, at most once."""
    services = client.app[SERVICES]
    await load(services, ada, 5000)
    met, running = [], True

    async def walk():
        nonlocal running
        path = "/v1/posts?limit=100&fields=title"
        while path:
            response = await client.get(path)
            met.extend(item["title"] for item in (await response.json())["items"])
            path = str(response.links["next"]["url"].relative()) if "next" in response.links else None
        running = False

    async def write_meanwhile():
        number = 0
        while running:
            number += 1
            fresh = await write(ada, title=f"late {number}", status="published")
            await client.delete(f"/v1/posts/{fresh['id']}", headers=matching(ada, fresh))
            await write(ada, title=f"later {number}", status="published")

    async def withdraw(titles):
        for title in titles:
            read = await client.get(f"/v1/posts/by-slug/{title}?view=working", headers=editor.headers)
            post = await with_etag(read)
            await client.post(f"/v1/posts/{post['id']}/archive", headers=matching(editor, post))

    withdrawn = [f"post-{n}" for n in range(100, 5000, 250)]
    await asyncio.gather(walk(), write_meanwhile(), withdraw(withdrawn))
    assert len(met) == len(set(met))
    assert {f"post-{n}" for n in range(5000)} - set(withdrawn) <= set(met)


async def test_stalled_writer_gives_back_no_slug_that_is_in_use_again(client, ada, bob, database):
    """The steps of four writers in the order that once let two posts have one slug."""
    slugs, post_id = SlugStore(database), new_id()
    first = await slugs.claim("aaa", post_id, utc_now())
    held_by_the_stalled = await slugs.outgoing("aaa", post_id, utc_now())
    assert held_by_the_stalled == [first]
    await slugs.claim("aaa", post_id, utc_now())
    await slugs.release("aaa", post_id, await slugs.outgoing("aaa", post_id, utc_now()))
    await slugs.claim("aaa", post_id, utc_now())
    assert not await slugs.release("aaa", post_id, held_by_the_stalled)
    assert await slugs.holder("aaa") == post_id


async def test_one_post_claims_a_slug_many_times_at_once(database):
    slugs, post_id = SlugStore(database), new_id()
    tokens = await asyncio.gather(*(slugs.claim("tea", post_id, utc_now()) for _ in range(RACERS)))
    assert None not in tokens
    assert len(set(tokens)) == RACERS


async def test_retry_that_read_the_post_before_the_first_attempt_moved_it_is_done(client, ada, write):
    """The first attempt came through and nobody was told; the second still holds what was there before."""
    post = await write(ada, title="Tea", tags=["tea"])
    posts, attempt = client.app[SERVICES][PostService], Attempt(key="one")
    before = await posts.reading.get(Publishable, Identity(user_id=ada.id, role="author"), post["id"])
    first = await posts.states.publish(before, frozenset({1}), attempt=attempt)
    assert await posts.states.publish(before, frozenset({1}), attempt=attempt) == first
    assert (await (await client.get("/v1/tags/tea")).json())["post_count"] == 1
    with pytest.raises(Stale):
        await posts.states.publish(before, frozenset({1}), attempt=Attempt(key="two"))


async def test_publication_that_loses_a_race_gives_its_slug_back(client, ada, write):
    post = await write(ada, title="Tea", slug="tea")
    edited = await client.patch(f"/v1/posts/{post['id']}", json={"slug": "coffee"}, headers=matching(ada, post))
    posts, who = client.app[SERVICES][PostService], Identity(user_id=ada.id, role="author")
    before = await posts.reading.get(Publishable, who, post["id"])
    await client.patch(f"/v1/posts/{post['id']}", json={"title": "T"}, headers=matching(ada, await with_etag(edited)))
    with pytest.raises(Stale):
        await posts.states.publish(before, frozenset({2}), revision=1)
    assert await SlugStore(client.app[SERVICES].database).holder("tea") is None
