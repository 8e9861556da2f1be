"""Pages: posts that lists, counts and archives leave out unless they are asked for."""

import pytest

from blogapi.wiring import SERVICES
from tests.conftest import matching, with_etag
from tests.contract import codes
from tests.posts.steps import edit
from tests.posts.test_lists import titles


async def tag_counts(client):
    return {tag["slug"]: tag["post_count"] for tag in (await (await client.get("/v1/tags")).json())["items"]}


async def posts_count(client, who):
    return (await (await client.get("/v1/me", headers=who.headers)).json())["posts_count"]


@pytest.fixture
async def shelf(ada, write):
    """A post and a page, and a draft of either."""
    await write(ada, title="entry", tags=["tea"], status="published", lang="en")
    await write(ada, title="imprint", tags=["tea"], status="published", kind="page", lang="en")
    await write(ada, title="draft", tags=["tea"])
    await write(ada, title="draft imprint", tags=["tea"], kind="page")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["entry"]),
        ("kind=post", ["entry"]),
        ("kind=page", ["imprint"]),
        ("kind=post,page", ["imprint", "entry"]),
        ("kind=page,post&limit=1&tag=tea", ["imprint", "entry"]),
        ("kind=page&tag=tea&author=ada&lang=en&featured=false", ["imprint"]),
    ],
)
async def test_public_list_has_pages_only_where_they_are_asked_for(client, shelf, query, expected):
    assert await titles(client, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["draft", "entry"]),
        ("kind=page", ["draft imprint", "imprint"]),
        ("kind=page&tag=tea&limit=1", ["draft imprint", "imprint"]),
        ("kind=post,page", ["draft imprint", "draft", "imprint", "entry"]),
    ],
)
async def test_list_of_ones_own_has_pages_only_where_they_are_asked_for(client, shelf, ada, query, expected):
    assert await titles(client, f"status=draft,published&{query}", ada.headers) == expected


async def test_page_is_read_like_any_post(client, shelf):
    page = await (await client.get("/v1/posts/by-slug/imprint")).json()
    assert (page["kind"], page["title"]) == ("page", "imprint")
    total = (await (await client.get("/v1/posts?kind=page&count=exact")).json())["page"]["total"]
    assert total == 1


async def test_pages_and_posts_share_their_slugs(client, shelf, ada):
    response = await client.post("/v1/posts", json={"title": "T", "slug": "imprint"}, headers=ada.headers)
    assert (response.status, (await response.json())["code"]) == (409, "slug_taken")


async def test_kind_changes_at_once_and_counts_follow(client, ada, write):
    """Readers see it without a publication, and what is kept of lists goes."""
    post = await write(ada, title="One", tags=["tea"], status="published")
    for kind, listed, other, count in (("page", [], ["One"], 0), ("post", ["One"], [], 1), ("page", [], ["One"], 0)):
        post = await edit(client, ada, post, kind=kind)
        assert post["kind"] == kind
        assert await titles(client) == listed
        assert await titles(client, "kind=page") == other
        assert await tag_counts(client) == ({"tea": 1} if count else {})
        assert await posts_count(client, ada) == count
        read = await (await client.get(f"/v1/posts/{post['id']}")).json()
        assert (read["kind"], read["version"]) == (kind, post["version"])


async def test_kind_of_what_is_not_public_changes_nothing_for_readers(client, ada, write):
    post = await write(ada, title="One", status="published", visibility="unlisted", kind="page")
    post = await edit(client, ada, post, kind="post")
    assert (await (await client.get(f"/v1/posts/{post['id']}")).json())["kind"] == "post"
    assert await titles(client, "kind=post,page") == []
    draft = await edit(client, ada, await write(ada, title="Two"), kind="page")
    response = await client.post(f"/v1/posts/{draft['id']}/publish", headers=matching(ada, draft))
    assert response.status == 200
    assert await titles(client, "kind=page") == ["Two"]
    assert await titles(client) == []


async def test_page_that_was_withdrawn_comes_back_as_one(client, ada, write):
    page = await write(ada, title="One", status="published", kind="page")
    for verb, listed in (("archive", []), ("publish", ["One"])):
        response = await client.post(f"/v1/posts/{page['id']}/{verb}", headers=matching(ada, page))
        page = await with_etag(response)
        assert (page["kind"], await titles(client, "kind=page"), await titles(client)) == ("page", listed, [])


async def test_there_are_no_other_kinds(client, ada):
    response = await client.post("/v1/posts", json={"title": "T", "kind": "note"}, headers=ada.headers)
    assert response.status == 422
    assert codes(await response.json()) == {("/kind", "invalid_choice")}
    problem = await (await client.get("/v1/posts?kind=note")).json()
    assert (problem["code"], problem["errors"][0]["parameter"]) == ("invalid_parameter", "kind")


async def test_post_from_before_there_were_pages_is_a_post(client, ada, write):
    post = await write(ada, title="Old", status="published")
    await client.app[SERVICES].database["posts"].update_many({}, {"$unset": {"kind": ""}})
    assert (await (await client.get(f"/v1/posts/{post['id']}")).json())["kind"] == "post"
    assert await titles(client, "fields=title,kind") == ["Old"]
    assert await titles(client, "status=draft,published", ada.headers) == ["Old"]
    assert (await edit(client, ada, post, kind="page"))["kind"] == "page"
    assert await titles(client) == []
