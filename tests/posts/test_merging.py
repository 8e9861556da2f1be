"""`Prefer: merge`: what others have not touched is changed on top of what they did."""

import asyncio

import pytest

from blogapi.changes import KEPT
from tests.conftest import matching, with_etag
from tests.posts.steps import working

MERGE = {"Prefer": "merge"}


async def patch(client, who, post, prefer=MERGE, **fields):
    headers = {**matching(who, post), **prefer}
    return await client.patch(f"/v1/posts/{post['id']}", json=fields, headers=headers)


async def test_change_of_other_fields_goes_on_top(client, ada, editor, write):
    post = await write(ada, title="One", body="Text.", tags=["a"])
    assert (await patch(client, editor, post, {}, body="Another text.", lang="de")).status == 200
    response = await patch(client, ada, post, tags=["b"], custom={"series": "bees"})
    assert response.status == 200
    assert response.headers["Preference-Applied"] == "merge"
    merged = await with_etag(response)
    assert (merged["version"], merged["working_revision"]) == (3, 3)
    assert (merged["body"], merged["lang"], merged["tags"]) == ("Another text.", "de", ["b"])
    assert merged["html"] == "<p>Another text.</p>\n"
    assert await working(client, ada, post) == merged


async def test_change_to_the_present_version_needs_no_merge(client, ada, write):
    response = await patch(client, ada, await write(ada), title="Two")
    assert response.status == 200
    assert "Preference-Applied" not in response.headers


async def test_without_the_wish_it_is_stale(client, ada, write):
    post = await write(ada)
    await patch(client, ada, post, title="Two")
    for prefer in (
        {},
        {"Prefer": "return=minimal"},
        {"Prefer": 'other="a, merge, b"; x'},
        {"Prefer": "merged, merge=no"},
    ):
        assert (await patch(client, ada, post, prefer, lang="de")).status == 412


@pytest.mark.parametrize("prefer", ["MERGE", "return=minimal, merge", 'a="b, \\"c", merge; d', "x;y=z ,merge"])
async def test_wish_may_stand_among_others(client, ada, write, prefer):
    post = await write(ada)
    await patch(client, ada, post, title="Two")
    assert (await patch(client, ada, post, {"Prefer": prefer}, lang="de")).status == 200


@pytest.mark.parametrize(
    ("others", "mine"),
    [
        ({"body": "One line.\n\nThe end."}, {"body": "A line.\n\nAn end."}),
        ({"title": "Two"}, {"title": "Three", "lang": "de"}),
        ({"title": "Two"}, {"slug": "three"}),  # the slug follows the title
        ({"body_format": "html"}, {"body": "*a*"}),
        ({"body": "*a*"}, {"body_format": "html"}),
        ({"seo": {"title": "a"}}, {"seo": {"noindex": True}}),
        ({"custom": {"a": 1}}, {"custom": {"a": True}}),
        ({"excerpt": "a"}, {"excerpt": None}),
        ({"visibility": "members"}, {"visibility": "private"}),
    ],
)
async def test_field_that_somebody_else_has_changed_is_stale(client, ada, editor, write, others, mine):
    post = await write(ada, title="One", body="A line.\n\nThe end.")
    theirs = await with_etag(await patch(client, editor, post, {}, **others))
    response = await patch(client, ada, post, **mine)
    assert response.status == 412
    problem = await response.json()
    assert (problem["code"], problem["version"], problem["etag"]) == ("stale", 2, theirs["etag"])
    assert not set(others).isdisjoint(problem["changed"])
    assert await working(client, ada, post) == theirs


async def test_change_that_has_been_made_is_not_stale(client, ada, editor, write):
    """So it can be sent again when its answer was lost."""
    post = await write(ada)
    first = await with_etag(await patch(client, ada, post, title="Two", custom={"a": 1}, note="mine"))
    again = await patch(client, ada, post, title="Two", custom={"a": 1}, note="mine")
    assert (again.status, await with_etag(again)) == (200, first)
    assert (await patch(client, ada, post, title="Two", custom={"a": 2})).status == 412


async def test_what_is_no_earlier_version_is_stale(client, ada, bob, write):
    post, other = await write(ada), await write(ada)
    await patch(client, ada, post, title="Two")
    for tag in ('"9-0"', '"x"', other["etag"]):
        assert (await patch(client, ada, {**post, "etag": tag}, lang="de")).status == 412


async def test_version_of_which_too_little_is_known_is_stale(client, ada, write):
    first = post = await write(ada)
    for number in range(KEPT + 1):
        post = await with_etag(await patch(client, ada, post, {}, featured=False, custom={"n": number}))
    response = await patch(client, ada, first, lang="de")
    assert response.status == 412
    assert (await response.json())["changed"] is None
    second = {**first, "etag": f'"{post["version"] - KEPT}-0"'}
    assert (await patch(client, ada, second, lang="de")).status == 200


async def test_transitions_of_others_are_merged_with(client, ada, editor, write):
    post = await write(ada, title="One")
    published = await client.post(f"/v1/posts/{post['id']}/publish", headers=matching(editor, post))
    assert published.status == 200
    merged = await (await patch(client, ada, post, lang="de")).json()
    assert (merged["status"], merged["lang"], merged["has_unpublished_changes"]) == ("published", "de", True)
    await client.delete(f"/v1/posts/{post['id']}", headers=matching(editor, await working(client, editor, post)))
    assert (await patch(client, ada, post, tags=["b"])).status == 409


async def test_rights_are_those_of_the_present_version(client, ada, bob, editor, write):
    post = await write(ada, authors=[ada.id, bob.id])
    assert (await patch(client, editor, post, {}, authors=[ada.id])).status == 200
    assert (await patch(client, bob, post, lang="de")).status == 404


async def test_own_account_is_merged_too(client, ada, admin):
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    headers = {**matching(ada, me), **MERGE}
    assert (await client.patch("/v1/me", json={"bio": "a"}, headers=headers)).status == 200
    merged = await client.patch("/v1/me", json={"locale": "de"}, headers=headers)
    assert (merged.status, merged.headers["Preference-Applied"]) == (200, "merge")
    managed = {**matching(admin, me), **MERGE}
    assert (await client.patch(f"/v1/users/{ada.id}", json={"role": "editor"}, headers=managed)).status == 200
    assert (await client.patch("/v1/me", json={"bio": "b"}, headers=headers)).status == 412
    user = await (await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)).json()
    assert (user["bio"], user["locale"], user["role"]) == ("a", "de", "editor")


# Races

FIELDS = {
    "title": "A title of my own",
    "body": "Text.",
    "excerpt": "In short.",
    "tags": ["bees"],
    "lang": "de",
    "cover": {"url": "https://example.org/a.png", "alt": "", "caption": ""},
    "seo": {"title": "", "description": "", "canonical_url": None, "noindex": True},
    "custom": {"series": "bees"},
    "featured": True,
    "visibility": "unlisted",
    "comments_policy": "closed",
}


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_many_writers_of_different_fields_all_succeed(client, editor, ada, bob, write):
    post, me = await write(ada, slug="mine"), await with_etag(await client.get("/v1/me", headers=ada.headers))
    of_post = {**FIELDS, "slug": "another", "authors": [ada.id, bob.id]}
    of_account = {"display_name": "Countess", "bio": "x", "avatar_url": "https://example.org/a.png", "locale": "de"}
    headers = {**matching(ada, me), **MERGE}
    answers = await asyncio.gather(
        *(patch(client, editor, post, **{name: value}) for name, value in of_post.items()),
        *(client.patch("/v1/me", json={name: value}, headers=headers) for name, value in of_account.items()),
    )
    assert [answer.status for answer in answers] == [200] * 17
    versions = [(await answer.json())["version"] for answer in answers]
    assert (sorted(versions[:13]), sorted(versions[13:])) == ([*range(2, 15)], [*range(2, 6)])
    after = await working(client, ada, post)
    assert {name: after[name] for name in FIELDS} == FIELDS
    assert (after["slug"], [author["id"] for author in after["authors"]]) == ("another", [ada.id, bob.id])
    mine = await (await client.get("/v1/me", headers=ada.headers)).json()
    assert {name: mine[name] for name in of_account} == of_account


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_two_writers_of_one_field_one_is_told(client, ada, editor, write):
    post = await write(ada)
    answers = await asyncio.gather(*(patch(client, ada, post, body=text, lang="de") for text in ("one", "two")))
    assert sorted(answer.status for answer in answers) == [200, 412]
