"""The state machine, and who sees what in which state."""

import pytest

from tests.conftest import matching, with_etag
from tests.posts.steps import seen, step, trash


async def test_published_post_is_seen_by_everybody(client, ada, write):
    post = await step(client, ada, await write(ada), "publish")
    assert post["status"] == "published"
    assert post["published_at"] == post["live_updated_at"]
    assert await seen(client, post) == 200


async def test_draft_is_hidden_from_strangers(client, ada, bob, editor, write):
    draft = await write(ada)
    assert [await seen(client, draft, who) for who in (None, bob)] == [404, 404]
    assert [await seen(client, draft, who) for who in (ada, editor)] == [200, 200]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ((), ["publish", "submit", "trash"]),
        (("publish",), ["archive", "discard", "publish", "trash", "unpublish"]),
        (("publish", "archive"), ["discard", "publish", "restore", "trash"]),
        (("publish", "unpublish"), ["discard", "publish", "submit", "trash"]),
    ],
)
async def test_step_that_is_not_allowed_is_refused_and_says_what_is(client, ada, write, path, allowed):
    post = await write(ada)
    for verb in path:
        post = await step(client, ada, post, verb)
    for verb in {"publish", "unpublish", "archive", "restore", "discard"} - set(allowed):
        problem = await step(client, ada, post, verb, status=409)
        assert problem["code"] == "invalid_transition"
        assert problem["allowed"] == allowed


@pytest.mark.parametrize("verb", ["unpublish", "archive"])
async def test_withdrawn_post_is_gone_for_readers_and_comes_back(client, ada, write, verb):
    post = await step(client, ada, await write(ada), "publish")
    since = post["published_at"]
    post = await step(client, ada, post, verb)
    assert await seen(client, post) == 404
    assert (await (await client.get("/v1/posts")).json())["items"] == []
    post = await step(client, ada, post, "publish")
    assert await seen(client, post) == 200
    assert post["published_at"] == since


async def test_trashed_post_is_restored_to_where_it_came_from(client, ada, write):
    post = await trash(client, ada, await step(client, ada, await write(ada), "publish"))
    assert await seen(client, post) == 404
    response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "x"}, headers=matching(ada, post))
    assert response.status == 409
    restored = await step(client, ada, post, "restore")
    assert restored["status"] == "published"
    assert restored["deleted_at"] is None
    assert await seen(client, post) == 200


async def test_only_admins_purge_and_what_is_purged_is_gone(client, ada, admin, write):
    post = await step(client, ada, await write(ada), "publish")
    refused = await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(ada, post))
    assert refused.status == 403
    response = await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(admin, post))
    assert response.status == 204
    assert await seen(client, post) == 410
    assert await seen(client, post, admin) == 410
    again = await client.post("/v1/posts", json={"title": post["title"], "slug": post["slug"]}, headers=ada.headers)
    assert again.status == 201


async def test_purged_draft_was_never_there_for_strangers(client, ada, admin, write):
    post = await write(ada)
    await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(admin, post))
    assert await seen(client, post) == 404


async def test_publishing_moves_the_whole_working_copy_at_once(client, ada, write):
    post = await write(ada, status="published", tags=["old"])
    patch = {"title": "New", "body": "New body", "tags": ["new"]}
    edited = await client.patch(f"/v1/posts/{post['id']}", json=patch, headers=matching(ada, post))
    post = await step(client, ada, await with_etag(edited), "publish")
    assert post["has_unpublished_changes"] is False
    public = await (await client.get(f"/v1/posts/{post['id']}")).json()
    assert public.items() >= patch.items()
    assert public["html"] == "<p>New body</p>\n"


async def test_publishing_nothing_new_changes_nothing(client, ada, write):
    post = await step(client, ada, await write(ada), "publish")
    again = await step(client, ada, post, "publish")
    assert again["etag"] == post["etag"]


@pytest.mark.parametrize("change", [{"body": "One typo leas."}, {"custom": {"a": 1.0}}, {"body_format": "html"}])
async def test_lists_tell_of_unpublished_changes_in_what_they_leave_out(client, ada, write, change):
    post = await write(ada, body="One typo less.", custom={"a": 1}, status="published")
    edited = await client.patch(f"/v1/posts/{post['id']}", json=change, headers=matching(ada, post))
    assert (await edited.json())["has_unpublished_changes"] is True
    for path in ("/v1/me/posts", "/v1/posts?status=draft,published"):
        (listed,) = (await (await client.get(path, headers=ada.headers)).json())["items"]
        assert listed["has_unpublished_changes"] is True
    await step(client, ada, await with_etag(edited), "publish")
    (listed,) = (await (await client.get("/v1/me/posts", headers=ada.headers)).json())["items"]
    assert listed["has_unpublished_changes"] is False


@pytest.mark.parametrize("publishes", [True, False])
async def test_what_a_version_without_digests_wrote_is_told_right(client, ada, write, database, publishes):
    """It edits only what it knows, and leaves the digest of the former revision behind."""
    post = await write(ada, body="Old.", status="published")
    rendered = {"body": "New.", "html": "<p>New.</p>", "excerpt_auto": "New.", "revision": 2}
    edited = {f"working.{name}": value for name, value in rendered.items()}
    if publishes:
        edited |= {f"live.{name}": value for name, value in rendered.items()}
        forgotten = {"$unset": {"live.heavy_digest": "", "live.digested_revision": ""}}
        await database["posts"].update_one({}, forgotten)
    await database["posts"].update_one({}, {"$set": edited})
    (listed,) = (await (await client.get("/v1/me/posts", headers=ada.headers)).json())["items"]
    read = await (await client.get(f"/v1/posts/{post['id']}?view=working", headers=ada.headers)).json()
    assert listed["has_unpublished_changes"] is read["has_unpublished_changes"] is not publishes


async def test_given_revision_is_published(client, ada, write):
    post = await write(ada, title="One")
    edited = await client.patch(f"/v1/posts/{post['id']}", json={"title": "Two"}, headers=matching(ada, post))
    post = await step(client, ada, await with_etag(edited), "publish", revision=1)
    assert (post["live_revision"], post["working_revision"]) == (1, 2)
    assert post["has_unpublished_changes"] is True
    assert (await (await client.get(f"/v1/posts/{post['id']}")).json())["title"] == "One"


async def test_unknown_revision_is_not_published(client, ada, write):
    await step(client, ada, await write(ada), "publish", status=404, revision=7)


async def test_post_without_a_title_is_not_published(client, ada, write):
    post = await write(ada, title="")
    assert post["slug"] == "untitled"
    problem = await step(client, ada, post, "publish", status=422)
    assert problem["errors"][0]["pointer"] == "/title"


async def test_discard_brings_the_live_copy_back(client, ada, write):
    post = await step(client, ada, await write(ada, title="Live"), "publish")
    edited = await client.patch(f"/v1/posts/{post['id']}", json={"title": "Tried"}, headers=matching(ada, post))
    post = await step(client, ada, await with_etag(edited), "discard")
    assert post["title"] == "Live"
    assert post["has_unpublished_changes"] is False
    assert post["working_revision"] == 3


async def test_contributor_writes_but_does_not_publish(client, sign_up, editor, write):
    carl = await sign_up("carl", role="contributor")
    post = await write(carl)
    assert (
        await client.post("/v1/posts", json={"title": "T", "status": "published"}, headers=carl.headers)
    ).status == 403
    await step(client, carl, post, "publish", status=403)
    post = await step(client, editor, post, "publish")
    response = await client.delete(f"/v1/posts/{post['id']}", headers=matching(carl, post))
    assert response.status == 403
    hide = await client.patch(f"/v1/posts/{post['id']}", json={"visibility": "private"}, headers=matching(carl, post))
    assert hide.status == 403
    edit = await client.patch(f"/v1/posts/{post['id']}", json={"title": "Better"}, headers=matching(carl, post))
    assert edit.status == 200


async def test_reader_writes_nothing(client, sign_up):
    rita = await sign_up("rita", role="reader")
    response = await client.post("/v1/posts", json={"title": "T"}, headers=rita.headers)
    assert response.status == 403


@pytest.mark.parametrize(
    ("visibility", "anonymous", "stranger", "listed"),
    [
        ("public", 200, 200, True),
        ("unlisted", 200, 200, False),
        ("members", 404, 200, False),
        ("private", 404, 404, False),
    ],
)
async def test_visibility_decides_who_reads(client, ada, bob, write, visibility, anonymous, stranger, listed):
    post = await write(ada, status="published", visibility=visibility)
    assert await seen(client, post) == anonymous
    assert await seen(client, post, bob) == stranger
    assert await seen(client, post, ada) == 200
    items = (await (await client.get("/v1/posts")).json())["items"]
    assert bool(items) is listed


async def test_private_answers_are_not_for_shared_caches(client, ada, bob, write):
    members = await write(ada, status="published", visibility="members")
    response = await client.get(f"/v1/posts/{members['id']}", headers=bob.headers)
    assert response.headers["Cache-Control"] == "private, no-store"
    draft = await write(ada)
    response = await client.get(f"/v1/posts/{draft['id']}", headers=ada.headers)
    assert response.headers["Cache-Control"] == "private, no-store"
    public = await write(ada, status="published")
    response = await client.get(f"/v1/posts/{public['id']}", headers=ada.headers)
    assert response.headers["Cache-Control"] == "public, max-age=0, must-revalidate"


async def test_plain_answer_is_the_same_for_everybody(client, ada, bob, write):
    post = await write(ada, status="published")
    answers = [await client.get(f"/v1/posts/{post['id']}", headers=h) for h in ({}, ada.headers, bob.headers)]
    assert len({await answer.read() for answer in answers}) == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1


async def test_working_view_is_for_those_who_may_edit(client, ada, bob, write):
    post = await write(ada, status="published")
    path = f"/v1/posts/{post['id']}?view=working"
    assert (await client.get(path)).status == 401
    assert (await client.get(path, headers=bob.headers)).status == 403
    assert (await client.get(path, headers=ada.headers)).status == 200


async def test_bad_token_does_not_matter_to_public_reads(client, ada, write):
    post = await write(ada, status="published")
    bad = {"Authorization": "Bearer nonsense"}
    assert (await client.get(f"/v1/posts/{post['id']}", headers=bad)).status == 200
    assert (await client.get("/v1/me", headers=bad)).status == 401


async def test_tag_counts_follow_published_public_posts(client, ada, write):
    post = await write(ada, tags=["alpha", "beta"])
    assert (await client.get("/v1/tags/alpha")).status == 404
    post = await step(client, ada, post, "publish")
    assert (await (await client.get("/v1/tags/alpha")).json())["post_count"] == 1
    edited = await client.patch(
        f"/v1/posts/{post['id']}", json={"tags": ["beta", "gamma"]}, headers=matching(ada, post)
    )
    post = await step(client, ada, await with_etag(edited), "publish")
    tags = (await (await client.get("/v1/tags")).json())["items"]
    assert {tag["slug"]: tag["post_count"] for tag in tags} == {"beta": 1, "gamma": 1}
    await step(client, ada, post, "unpublish")
    assert (await (await client.get("/v1/tags")).json())["items"] == []


async def test_posts_count_makes_a_profile_public(client, ada, write):
    assert (await client.get("/v1/users/by-username/ada")).status == 404
    post = await step(client, ada, await write(ada), "publish")
    profile = await (await client.get("/v1/users/by-username/ada")).json()
    assert profile["posts_count"] == 1
    await step(client, ada, post, "archive")
    assert (await client.get("/v1/users/by-username/ada")).status == 404


async def test_purged_private_post_was_never_there_for_strangers(client, ada, admin, write):
    post = await write(ada, status="published", visibility="private")
    await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(admin, post))
    assert await seen(client, post) == 404


async def test_query_is_checked_before_anything_is_looked_for(client):
    assert (await client.get("/v1/posts/000000000000000000000000?fields=bogus")).status == 400
    assert (await client.get("/v1/posts?status=draft&sort=published_at")).status == 400
