"""A contributor submits, an editor looks, and what is published is what was looked at."""

import asyncio
from collections import Counter

import pytest

from tests.conftest import matching
from tests.posts.steps import edit, public, seen, step, trash, working


@pytest.fixture
async def cora(sign_up):
    return await sign_up("cora", role="contributor")


@pytest.fixture
async def submitted(client, cora, write):
    return await step(client, cora, await write(cora), "submit", note="Ready, I think.")


async def test_submitted_draft_is_in_review_with_its_note(client, cora, bob, editor, submitted):
    assert submitted["status"] == "in_review"
    assert submitted["submitted_revision"] == submitted["working_revision"] == 1
    review = submitted["review"]
    assert (review["submitted_revision"], review["submitted_by"], review["note"]) == (1, cora.id, "Ready, I think.")
    assert (review["rejected_by"], review["rejected_at"], review["rejection_note"]) == (None, None, "")
    assert [await seen(client, submitted, who) for who in (None, bob, cora, editor)] == [404, 404, 200, 200]


async def test_editors_find_what_is_in_review(client, cora, editor, write, submitted):
    await write(cora)
    for who in (cora, editor):
        response = await client.get("/v1/posts?status=in_review", headers=who.headers)
        assert [post["id"] for post in (await response.json())["items"]] == [submitted["id"]]
        response = await client.get("/v1/posts?status=in_review,draft", headers=who.headers)
        assert len((await response.json())["items"]) == 2


async def test_rejected_post_is_a_draft_with_the_note_of_the_editor(client, cora, editor, submitted):
    rejected = await step(client, editor, submitted, "reject", note="The end is missing.")
    assert (rejected["status"], rejected["submitted_revision"]) == ("draft", None)
    review = (await working(client, cora, rejected))["review"]
    assert (review["rejected_by"], review["rejection_note"]) == (editor.id, "The end is missing.")
    assert (review["submitted_by"], review["note"]) == (cora.id, "Ready, I think.")
    post = await edit(client, cora, rejected, body="The end.")
    again = await step(client, cora, post, "submit")
    assert (again["submitted_revision"], again["review"]["rejected_by"], again["review"]["note"]) == (2, None, "")


async def test_published_is_the_revision_that_was_submitted(client, cora, editor, submitted):
    later = await edit(client, cora, submitted, body="Something that nobody has looked at.")
    assert (later["status"], later["submitted_revision"], later["working_revision"]) == ("in_review", 1, 2)
    post = await step(client, editor, later, "publish")
    assert (post["live_revision"], post["has_unpublished_changes"]) == (1, True)
    assert (await public(client, post))["body"] == submitted["body"]
    assert (post["review"], post["submitted_revision"]) == (None, None)


async def test_edit_of_an_editor_is_published_with_what_was_submitted(client, cora, editor, submitted):
    corrected = await edit(client, editor, submitted, title="A better title")
    assert corrected["submitted_revision"] == corrected["working_revision"] == 2
    later = await edit(client, cora, corrected, title="A worse title")
    post = await step(client, editor, later, "publish")
    assert (post["live_revision"], (await public(client, post))["title"]) == (2, "A better title")


async def test_editor_publishes_another_revision_if_they_say_so(client, cora, editor, submitted):
    later = await edit(client, cora, submitted, body="Better.")
    post = await step(client, editor, later, "publish", revision=2)
    assert (post["live_revision"], post["has_unpublished_changes"]) == (2, False)


async def test_editor_who_has_not_seen_the_last_edit_is_told_so(client, cora, editor, submitted):
    await edit(client, cora, submitted, body="Slipped in.")
    for verb in ("publish", "reject"):
        problem = await step(client, editor, submitted, verb, status=412)
        assert problem["code"] == "stale"


async def test_contributor_neither_publishes_nor_rejects(client, cora, submitted):
    for verb, says in (("publish", "An author or an editor publishes"), ("reject", "Only an editor can reject")):
        problem = await step(client, cora, submitted, verb, status=403)
        assert problem["code"] == "forbidden"
        assert says in problem["detail"]


async def test_documentation_names_who_can_do_each_step(client):
    paths = (await (await client.get("/openapi.json")).json())["paths"]
    weakest = {"submit": "contributor", "discard": "contributor", "restore": "contributor", "reject": "editor"}
    weakest |= dict.fromkeys(("publish", "unpublish", "unschedule", "archive"), "author")
    for verb, role in weakest.items():
        assert f"the role {role} or a stronger one" in paths[f"/v1/posts/{{id}}/{verb}"]["post"]["description"]


@pytest.mark.parametrize("verb", ["submit", "unpublish", "archive", "restore", "discard"])
async def test_step_that_is_not_allowed_in_review_says_what_is(client, editor, submitted, verb):
    problem = await step(client, editor, submitted, verb, status=409)
    assert problem["allowed"] == ["publish", "reject", "trash"]


async def test_trashed_in_review_comes_back_to_the_review(client, cora, submitted):
    gone = await trash(client, cora, submitted)
    back = await step(client, cora, gone, "restore")
    assert (back["status"], back["submitted_revision"]) == ("in_review", 1)


async def test_unpublished_post_can_be_submitted_again_unseen(client, ada, editor, write):
    post = await step(client, ada, await write(ada), "publish")
    post = await step(client, ada, post, "unpublish")
    post = await step(client, ada, post, "submit")
    assert await seen(client, post) == 404
    post = await step(client, editor, post, "publish")
    assert await seen(client, post) == 200


@pytest.mark.parametrize(
    ("wish", "pointer"), [({"note": "x" * 1001}, "/note"), ({"note": 7}, "/note"), ({"at": "now"}, "/at")]
)
async def test_bad_note_is_refused(client, cora, write, wish, pointer):
    problem = await step(client, cora, await write(cora), "submit", status=422, **wish)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_submitting_takes_no_body(client, cora, write):
    post = await write(cora)
    response = await client.post(f"/v1/posts/{post['id']}/submit", headers=matching(cora, post))
    assert response.status == 200


async def test_repeated_submission_is_one(client, cora, write):
    post = await write(cora)
    headers = {**matching(cora, post), "Idempotency-Key": "once"}
    answers = [await client.post(f"/v1/posts/{post['id']}/submit", headers=headers) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotency-Replayed"] == "true"


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_decisions_at_once_one_is_made(client, editor, submitted):
    """Published or rejected, and never both."""
    ask = [("publish", {}), ("reject", {"note": "No."})] * 16
    headers = matching(editor, submitted)
    answers = await asyncio.gather(
        *(client.post(f"/v1/posts/{submitted['id']}/{verb}", json=body, headers=headers) for verb, body in ask)
    )
    assert Counter(answer.status for answer in answers) == {200: 1, 412: 31}
    (won,) = [await answer.json() for answer in answers if answer.status == 200]
    assert await seen(client, won) == (200 if won["status"] == "published" else 404)
