"""Slugs: derived, chosen, kept and redirected."""

import pytest

from tests.conftest import matching
from tests.posts.steps import edit, step


@pytest.mark.parametrize(
    ("title", "slug"), [("Hello, World!", "hello-world"), ("Žluťoučký kůň", "zlutoucky-kun"), ("😀", "untitled")]
)
async def test_slug_is_made_from_the_title(client, ada, write, title, slug):
    assert (await write(ada, title=title))["slug"] == slug


async def test_derived_slugs_are_numbered_when_taken(client, ada, write):
    slugs = [(await write(ada, title="Same"))["slug"] for _ in range(6)]
    assert slugs == ["same", "same-2", "same-3", "same-4", "same-5", "same-6"]


async def test_chosen_slug_that_is_taken_is_refused(client, ada, bob, write):
    await write(ada, slug="mine")
    response = await client.post("/v1/posts", json={"title": "T", "slug": "mine"}, headers=bob.headers)
    assert response.status == 409
    assert (await response.json())["code"] == "slug_taken"
    other = await write(bob)
    assert (await edit(client, bob, other, status=409, slug="mine"))["code"] == "slug_taken"


async def test_derived_slug_follows_the_title_until_readers_see_it(client, ada, write):
    post = await edit(client, ada, await write(ada, title="First"), title="Second")
    assert post["slug"] == "second"
    post = await edit(client, ada, await step(client, ada, post, "publish"), title="Third")
    assert post["slug"] == "second"


async def test_chosen_slug_stays_when_the_title_changes(client, ada, write):
    post = await edit(client, ada, await write(ada, slug="chosen"), title="Other")
    assert post["slug"] == "chosen"
    post = await edit(client, ada, post, slug=None)
    assert post["slug"] == "other"


async def test_slug_that_never_went_live_is_free_again(client, ada, bob, write):
    await edit(client, ada, await write(ada, slug="tried"), slug="better")
    assert (await write(bob, slug="tried"))["slug"] == "tried"


async def test_former_slug_redirects_to_the_present_one(client, ada, write):
    post = await step(client, ada, await write(ada, slug="old"), "publish")
    post = await step(client, ada, await edit(client, ada, post, slug="newer"), "publish")
    await step(client, ada, await edit(client, ada, post, slug="newest"), "publish")
    for former in ("old", "newer"):
        response = await client.get(f"/v1/posts/by-slug/{former}?fields=title", allow_redirects=False)
        assert response.status == 301
        assert response.headers["Location"] == "/v1/posts/by-slug/newest?fields=title"
    assert (await client.get("/v1/posts/by-slug/newest")).status == 200


@pytest.mark.parametrize("typed", ["Old-One", "OLD-ONE", "New-One"])
async def test_slug_in_other_capitals_redirects_to_the_present_one(client, ada, write, typed):
    post = await step(client, ada, await write(ada, slug="old-one"), "publish")
    await step(client, ada, await edit(client, ada, post, slug="new-one"), "publish")
    response = await client.get(f"/v1/posts/by-slug/{typed}", allow_redirects=False)
    assert response.status == 301
    assert response.headers["Location"] == "/v1/posts/by-slug/new-one"


async def test_slug_in_other_capitals_tells_nobody_of_a_draft(client, ada, write):
    await write(ada, slug="draft-one")
    assert (await client.get("/v1/posts/by-slug/Draft-One")).status == 404


async def test_former_slug_stays_taken(client, ada, bob, write):
    post = await step(client, ada, await write(ada, slug="old"), "publish")
    await step(client, ada, await edit(client, ada, post, slug="newer"), "publish")
    response = await client.post("/v1/posts", json={"title": "T", "slug": "old"}, headers=bob.headers)
    assert response.status == 409


async def test_own_former_slug_can_be_taken_back(client, ada, write):
    post = await step(client, ada, await write(ada, slug="old"), "publish")
    post = await step(client, ada, await edit(client, ada, post, slug="newer"), "publish")
    await step(client, ada, await edit(client, ada, post, slug="old"), "publish")
    assert (await client.get("/v1/posts/by-slug/old", allow_redirects=False)).status == 200
    assert (await client.get("/v1/posts/by-slug/newer", allow_redirects=False)).status == 301


async def test_working_slug_is_not_known_to_readers(client, ada, write):
    post = await step(client, ada, await write(ada, slug="live"), "publish")
    await edit(client, ada, post, slug="planned")
    assert (await client.get("/v1/posts/by-slug/planned")).status == 404
    response = await client.get("/v1/posts/by-slug/planned?view=working", headers=ada.headers)
    assert (await response.json())["slug"] == "planned"


async def test_draft_is_found_by_its_slug_by_its_author(client, ada, bob, write):
    post = await write(ada, slug="draft-of-ada")
    path = f"/v1/posts/by-slug/{post['slug']}"
    assert [(await client.get(path)).status, (await client.get(path, headers=bob.headers)).status] == [404, 404]
    assert (await client.get(path, headers=ada.headers)).status == 200


async def test_withdrawn_post_redirects_nobody(client, ada, write):
    post = await step(client, ada, await write(ada, slug="old"), "publish")
    post = await step(client, ada, await edit(client, ada, post, slug="newer"), "publish")
    await client.post(f"/v1/posts/{post['id']}/unpublish", headers=matching(ada, post))
    for slug in ("old", "newer"):
        assert (await client.get(f"/v1/posts/by-slug/{slug}", allow_redirects=False)).status == 404


async def test_lost_race_leaves_no_slug_behind(client, ada, bob, write):
    post = await write(ada, slug="first")
    await edit(client, ada, post, slug="second")
    await edit(client, ada, post, status=412, slug="third")
    assert (await write(bob, slug="third"))["slug"] == "third"


async def test_choosing_the_derived_slug_keeps_it(client, ada, write):
    post = await edit(client, ada, await write(ada, title="Hello there"), slug="hello-there")
    assert (await edit(client, ada, post, title="World"))["slug"] == "hello-there"


async def test_former_slug_of_a_members_post_redirects_members(client, ada, bob, write):
    post = await step(client, ada, await write(ada, slug="old", visibility="members"), "publish")
    await step(client, ada, await edit(client, ada, post, slug="newer"), "publish")
    assert (await client.get("/v1/posts/by-slug/old", allow_redirects=False)).status == 404
    response = await client.get("/v1/posts/by-slug/old", allow_redirects=False, headers=bob.headers)
    assert (response.status, response.headers["Cache-Control"]) == (301, "private, no-store")


@pytest.mark.parametrize("query", ["fields=title%0d%0aX:1", "fields=%C3%A9%20x", "fields=bogus"])
async def test_redirect_checks_its_query_first(client, ada, write, query):
    post = await step(client, ada, await write(ada, slug="old"), "publish")
    await step(client, ada, await edit(client, ada, post, slug="newer"), "publish")
    response = await client.get(f"/v1/posts/by-slug/old?{query}", allow_redirects=False)
    assert response.status == 400
