"""Who has a preview link reads a post that is not public, and nothing more."""

import asyncio
from datetime import timedelta

import pytest

from blogapi.clock import rfc3339
from blogapi.posts.previews import service as previews
from tests.auth.conftest import app, clock
from tests.conftest import matching
from tests.posts.steps import edit, step, trash

__all__ = ["app", "clock"]


@pytest.fixture
async def draft(ada, write):
    return await write(ada, title="Not yet", body="Soon.")


def path_of(post):
    return f"/v1/posts/{post['id']}/preview-links"


async def make(client, who, post, status=201, **wish):
    response = await client.post(path_of(post), json=wish, headers=who.headers)
    assert response.status == status, await response.text()
    return await response.json()


async def look(client, link, status=200):
    response = await client.get(f"/v1/preview/{link['token']}")
    assert response.status == status, await response.text()
    return await response.json()


async def test_link_shows_the_newest_revision_to_anybody(client, ada, draft, clock):
    link = await make(client, ada, draft)
    assert link["url"] == f"http://localhost:8080/v1/preview/{link['token']}"
    assert (link["revision"], link["created_by"]) == (None, ada.id)
    assert link["expires_at"] == rfc3339(clock() + timedelta(days=7))
    post = await look(client, link)
    assert (post["title"], post["view"], post["status"], post["published_at"]) == ("Not yet", "public", "draft", None)
    await edit(client, ada, draft, title="Nearly")
    assert (await look(client, link))["title"] == "Nearly"


async def test_preview_has_the_fields_that_readers_see_and_no_others(client, ada, draft):
    link = await make(client, ada, draft)
    before = await look(client, link)
    post = await step(client, ada, draft, "publish")
    after = await (await client.get(f"/v1/posts/{post['id']}")).json()
    assert before.keys() == after.keys()


async def test_link_to_a_revision_stays_with_it(client, ada, draft):
    link = await make(client, ada, draft, revision=1)
    await edit(client, ada, draft, title="Another")
    assert (await look(client, link))["title"] == "Not yet"


async def test_preview_is_for_no_cache_and_no_search_engine(client, ada, draft):
    link = await make(client, ada, draft)
    for _ in range(2):
        response = await client.get(f"/v1/preview/{link['token']}")
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    not_modified = await client.get(f"/v1/preview/{link['token']}", headers={"If-None-Match": response.headers["ETag"]})
    assert not_modified.status == 304
    assert not_modified.headers["X-Robots-Tag"] == "noindex, nofollow"


async def test_link_of_a_published_post_shows_what_is_not_published_yet(client, ada, draft):
    post = await step(client, ada, draft, "publish")
    link = await make(client, ada, await edit(client, ada, post, title="Later"))
    assert (await look(client, link))["title"] == "Later"
    assert (await (await client.get(f"/v1/posts/{post['id']}")).json())["title"] == "Not yet"


async def test_revoked_link_leads_nowhere(client, ada, draft):
    first, second = await make(client, ada, draft), await make(client, ada, draft)
    response = await client.delete(f"{path_of(draft)}/{first['id']}", headers=ada.headers)
    assert response.status == 204
    await look(client, first, status=404)
    await look(client, second)
    response = await client.delete(f"{path_of(draft)}/{first['id']}", headers=ada.headers)
    assert response.status == 404
    assert (await client.delete(path_of(draft), headers=ada.headers)).status == 204
    await look(client, second, status=404)
    assert (await (await client.get(path_of(draft), headers=ada.headers)).json())["items"] == []


async def test_link_ends_at_its_time(client, ada, draft, clock):
    link = await make(client, ada, draft, expires_at=rfc3339(clock() + timedelta(minutes=5)))
    clock.forward(minutes=5)
    await look(client, link, status=404)
    assert (await (await client.get(path_of(draft), headers=ada.headers)).json())["items"] == []


async def test_links_are_listed_for_who_may_edit(client, ada, bob, editor, draft, clock):
    links = []
    for _ in range(3):
        links.insert(0, await make(client, ada, draft))
        clock.forward(seconds=1)
    for who in (ada, editor):
        response = await client.get(f"{path_of(draft)}?limit=2", headers=who.headers)
        page = await response.json()
        assert page["items"] == links[:2]
        rest = await client.get(f"{path_of(draft)}?limit=2&cursor={page['page']['next']}", headers=who.headers)
        assert (await rest.json())["items"] == links[2:]
    for method, path in (
        ("GET", path_of(draft)),
        ("POST", path_of(draft)),
        ("DELETE", path_of(draft)),
        ("DELETE", f"{path_of(draft)}/{links[0]['id']}"),
    ):
        response = await client.request(method, path, headers=bob.headers)
        assert response.status == 404, (method, path)
    await look(client, links[0])


async def test_post_in_the_trash_is_not_previewed(client, ada, admin, draft):
    link = await make(client, ada, draft)
    gone = await trash(client, ada, draft)
    await look(client, link, status=404)
    await make(client, ada, draft, status=409)
    back = await step(client, ada, gone, "restore")
    await look(client, link)
    response = await client.delete(f"/v1/posts/{back['id']}?purge=true", headers=matching(admin, back))
    assert response.status == 204
    await look(client, link, status=404)


@pytest.mark.parametrize(
    "changed",
    [
        lambda token: token[:-1],
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "E"),
        lambda token: token.partition(".")[0],
        lambda token: "0b1060000000000000000000" + token[24:],
        lambda token: token.replace(".", "%2E%2E"),
        lambda token: "x" * 200,
    ],
)
async def test_token_that_is_not_ours_leads_nowhere(client, ada, draft, changed):
    link = await make(client, ada, draft)
    response = await client.get(f"/v1/preview/{changed(link['token'])}")
    assert response.status == 404
    assert (await response.json())["code"] == "not_found"


async def test_link_of_one_post_is_not_revoked_through_another(client, ada, bob, draft, write):
    link = await make(client, ada, draft)
    other = await write(bob)
    response = await client.delete(f"{path_of(other)}/{link['id']}", headers=bob.headers)
    assert response.status == 404
    await look(client, link)


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "tomorrow"}, "/expires_at"),
        ({"revision": 7}, "/revision"),
        ({"revision": 0}, "/revision"),
        ({"days": 7}, "/days"),
    ],
)
async def test_bad_link_is_refused(client, ada, draft, wish, pointer):
    problem = await make(client, ada, draft, status=422, **wish)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_repeated_request_makes_one_link(client, ada, draft):
    headers = {**ada.headers, "Idempotency-Key": "once"}
    first, second = [await client.post(path_of(draft), headers=headers) for _ in range(2)]
    assert await first.json() == await second.json()
    page = await (await client.get(path_of(draft), headers=ada.headers)).json()
    assert len(page["items"]) == 1


async def test_database_holds_nothing_to_follow(client, ada, draft, database):
    link = await make(client, ada, draft)
    kept = str([document async for document in database["preview_links"].find({})])
    assert link["token"].partition(".")[2] not in kept


async def test_credential_does_not_matter(client, ada, bob, draft):
    """It is read by whoever has the link, also with a token that is no longer good."""
    link = await make(client, ada, draft)
    for headers in (bob.headers, {"Authorization": "Bearer nothing"}):
        assert (await client.get(f"/v1/preview/{link['token']}", headers=headers)).status == 200


async def test_post_has_a_bounded_number_of_links(client, ada, draft, write, clock, monkeypatch):
    monkeypatch.setattr(previews, "MOST_LINKS", 2)
    for _ in range(2):
        link = await make(client, ada, draft, expires_at=rfc3339(clock() + timedelta(minutes=5)))
    problem = await make(client, ada, draft, status=409)
    assert problem["code"] == "too_many_preview_links"
    await make(client, ada, await write(ada))
    listed = await (await client.get(path_of(draft), headers=ada.headers)).json()
    assert len(listed["items"]) == 2
    await client.delete(f"{path_of(draft)}/{link['id']}", headers=ada.headers)
    await make(client, ada, draft)
    clock.forward(minutes=6)  # of the two, one has expired
    await make(client, ada, draft)


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_many_at_once_do_not_exceed_the_number_of_links(client, ada, draft, database, monkeypatch):
    monkeypatch.setattr(previews, "MOST_LINKS", 5)
    answers = await asyncio.gather(*(client.post(path_of(draft), json={}, headers=ada.headers) for _ in range(16)))
    statuses = [answer.status for answer in answers]
    assert {*statuses} <= {201, 409}
    assert await database["preview_links"].count_documents({}) == statuses.count(201) <= 5
