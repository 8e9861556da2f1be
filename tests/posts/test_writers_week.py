"""A week of writers, from the first draft to the end of an offer, through HTTP."""

import asyncio

import pytest

from blogapi.app import create_app
from blogapi.posts.service import PostService
from blogapi.wiring import SERVICES
from tests.conftest import QUIET, matching
from tests.posts.steps import edit, public, seen, step, working
from tests.posts.test_schedules import in_hours, make_due


@pytest.fixture
def app(config, database):
    """It is looked for what is due when the test says so."""
    return create_app(config, database, QUIET)


async def insist(client, who, post, **fields):
    """Edit it on top of whatever others have done meanwhile."""
    while True:
        present = await working(client, who, post)
        response = await client.patch(f"/v1/posts/{post['id']}", json=fields, headers=matching(who, present))
        if response.status == 200:
            return
        assert response.status == 412, await response.text()


async def listed(client):
    return [post["id"] for post in (await (await client.get("/v1/posts?tag=offer")).json())["items"]]


async def test_a_writers_week(client, sign_up, ada, editor, write, database):
    cora, eve = await sign_up("cora", role="contributor"), await sign_up("eve", role="editor")
    run_due = client.app[SERVICES][PostService].schedules.run_due

    # Monday: a contributor writes and submits, and goes on writing.
    post = await step(client, cora, await write(cora, title="Our offer", body="Ten."), "submit", note="Until Friday.")
    post = await edit(client, cora, post, body="Ten. Or eleven?")

    # Tuesday: an author joins, and three people work on it at once. Nothing of anybody is lost.
    await insist(client, editor, post, authors=[cora.id, ada.id])
    await asyncio.gather(
        insist(client, ada, post, excerpt="Ten of them."),
        insist(client, editor, post, tags=["offer"]),
        insist(client, eve, post, body="Ten, until Friday."),
    )
    post = await working(client, editor, post)
    assert (post["body"], post["excerpt"], post["tags"]) == ("Ten, until Friday.", "Ten of them.", ["offer"])
    assert (post["status"], post["submitted_revision"]) == ("in_review", post["working_revision"])

    # Wednesday: it gets its launch and its end. A contributor has a late idea; an editor corrects, and decides again.
    post = await step(client, editor, post, "publish", at=in_hours(1))
    post = await step(client, editor, post, "unpublish", at=in_hours(3))
    await insist(client, cora, post, title="Our offer, or what remains of it")
    problem = await step(client, eve, post, "publish", status=412, at=post["scheduled_at"])
    assert {"title"} <= {*problem["changed"]}
    await insist(client, eve, post, title="Our offer", body="Twelve, until Friday.")
    post = await working(client, eve, post)
    post = await step(client, eve, post, "publish", at=post["scheduled_at"])
    await insist(client, cora, post, body="Thirteen?")
    assert (await seen(client, post), await listed(client), await run_due()) == (404, [], 0)

    # Thursday: readers see what was decided last.
    at = await make_due(database, post)
    assert await run_due() == 1
    shown = await public(client, post)
    assert (shown["title"], shown["body"], shown["published_at"]) == ("Our offer", "Twelve, until Friday.", at)
    assert [author["id"] for author in shown["authors"]] == [cora.id, ada.id]
    assert await listed(client) == [post["id"]]

    # Friday: it ends, and does not come back.
    await make_due(database, post)
    assert await run_due() == 1
    assert (await seen(client, post), await listed(client), await run_due()) == (404, [], 0)
    post = await working(client, cora, post)
    assert (post["status"], post["body"], post["schedule_error"]) == ("draft", "Thirteen?", None)
    response = await client.get(f"/v1/posts/{post['id']}/revisions?count=exact", headers=cora.headers)
    assert (await response.json())["page"]["total"] == post["working_revision"] == 9
