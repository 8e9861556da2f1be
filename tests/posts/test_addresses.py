"""Former addresses of posts: in whatever spelling they come, they lead to the post, for whoever may see it."""

from urllib.parse import quote

import pytest

from blogapi.access.identity import Identity
from blogapi.posts.model import Draft, Origin
from blogapi.posts.service import PostService
from blogapi.text.address import normal_address
from blogapi.wiring import SERVICES
from tests.conftest import matching, with_etag

BY_URL = "/v1/posts/by-url"


@pytest.fixture
def stood_at(client, ada):
    """Makes a post that once stood at these addresses: as an import does, for a client cannot."""

    async def make(*urls, slug="present", status="published", visibility="public"):
        posts = client.app[SERVICES][PostService]
        draft = Draft(
            title="T", slug=slug, body="x", status=status, visibility=visibility, author_ids=(ada.id,), tags=("a",)
        )
        addresses = [normal_address(url) for url in urls]
        who, origin = Identity(user_id=ada.id, role="editor"), Origin(source="blog", path=slug)
        post = await posts.writing.create(who, draft, origin=origin, addresses=addresses)
        return await with_etag(await client.get(f"/v1/posts/{post.id}?view=working", headers=ada.headers))

    return make


async def ask(client, url, **options):
    """Where this address leads to, or the status of the answer."""
    response = await client.get(f"{BY_URL}?url={quote(url, safe='')}", allow_redirects=False, **options)
    if response.status != 301:
        return response.status
    return response.headers["Location"].removeprefix("/v1/posts/by-slug/")


async def test_former_address_leads_to_the_post(client, stood_at):
    await stood_at("/2015/03/01/My_Old_Post.html")
    response = await client.get(f"{BY_URL}?url=/2015/03/01/My_Old_Post.html", allow_redirects=False)
    assert response.status == 301
    assert response.headers["Location"] == "/v1/posts/by-slug/present"
    assert response.headers["Cache-Control"].startswith("public")
    assert (await client.get(f"{BY_URL}?url=/2015/03/01/my_old_post")).status == 200


@pytest.mark.parametrize(
    "typed",
    [
        "/2015/über-uns/",
        "/2015/über-uns",
        "2015/über-uns",
        "/2015/%C3%BCber-uns/",
        "/2015/%c3%bcber-uns",
        "/2015/%FCber-uns/",
        "/2015/ÜBER-UNS/",
        "/2015/u\u0308ber-uns/",
        "/2015/u%CC%88ber-uns/",
        "/2015/über-uns.html",
        "/2015/über-uns.HTM",
        "/2015/über-uns/index.html",
        "//2015.example/2015/über-uns/",
        "/2015//über-uns//",
        "/2015/./x/../über-uns/",
        "https://Old.Example:8080/2015/%C3%BCber-uns/?utm_source=feed#comments",
        "HTTP://old.example/2015/über-uns/index.php",
        "  /2015/über-uns/ ",
    ],
)
async def test_one_address_has_many_spellings(client, stood_at, typed):
    await stood_at("/2015/über-uns/")
    assert await ask(client, typed) == "present"


@pytest.mark.parametrize(
    "script", ["/2015/03/سلام-دنیا/", "/世界/", "/under_score/", "/a b/", "/50%25-off/", "/ﬁn/", "/straße/"]
)
async def test_any_characters_can_stand_in_an_address(client, stood_at, script):
    await stood_at(script)
    assert await ask(client, script) == "present"
    assert await ask(client, quote(script, safe="/%")) == "present"


@pytest.mark.parametrize(
    ("kept", "typed", "leads"),
    [
        ("/?p=123", "/?p=123", "present"),
        ("https://old.example/?p=123", "https://old.example/?utm_source=x&p=123#more", "present"),
        ("/?p=123", "/?p=124", 404),
        ("/?p=123", "/", 404),
        ("/index.php?p=123", "/?p=123", "present"),
        ("/blog/?page_id=7", "/blog?page_id=7&fbclid=z", "present"),
        ("/show.php?artikel=5", "/show.php?artikel=5", "present"),
        ("/show.php?artikel=5", "/show.php?artikel=6", 404),
        ("/2015/title/", "/2015/title/?p=5", "present"),
        ("/2015/title/?lang=en", "/2015/title/", "present"),
    ],
)
async def test_query_matters_where_it_says_which_post_is_meant(client, stood_at, kept, typed, leads):
    await stood_at(kept)
    assert await ask(client, typed) == leads


async def test_unknown_address_is_not_found(client, stood_at):
    await stood_at("/here/")
    assert await ask(client, "/there/") == 404


@pytest.mark.parametrize(
    "bad",
    ["", "   ", "javascript:alert(1)", "mailto:a@b.example", "ftp://a.example/x", "/a\nb", "/a%00b", "/" + "x" * 2000],
)
async def test_what_is_no_address_is_refused(client, bad):
    response = await client.get(f"{BY_URL}?url={quote(bad, safe='')}")
    assert response.status == 400
    problem = await response.json()
    assert problem["code"] == "invalid_parameter"
    assert [error["parameter"] for error in problem["errors"]] == ["url"]


async def test_address_has_to_be_given(client):
    response = await client.get(BY_URL)
    assert (response.status, (await response.json())["code"]) == (400, "invalid_parameter")


async def test_address_of_another_site_never_leads_there(client, stood_at):
    await stood_at("https://evil.example//elsewhere.example/x")
    for typed in ("https://evil.example//elsewhere.example/x", "//elsewhere.example/x"):
        assert await ask(client, typed) in ("present", 404)


async def test_address_follows_the_slug(client, ada, stood_at):
    post = await stood_at("/old/")
    response = await client.patch(f"/v1/posts/{post['id']}", json={"slug": "newer"}, headers=matching(ada, post))
    assert await ask(client, "/old/") == "present"
    await client.post(f"/v1/posts/{post['id']}/publish", headers=matching(ada, await with_etag(response)))
    assert await ask(client, "/old/") == "newer"


async def test_address_tells_nobody_of_what_is_not_public(client, ada, bob, stood_at):
    await stood_at("/draft/", slug="one", status="draft")
    await stood_at("/private/", slug="two", visibility="private")
    for url in ("/draft/", "/private/"):
        assert [await ask(client, url), await ask(client, url, headers=bob.headers)] == [404, 404]


async def test_address_of_a_members_post_leads_members_there(client, bob, stood_at):
    await stood_at("/old/", visibility="members")
    assert [await ask(client, "/old/"), await ask(client, "/old/", headers=bob.headers)] == [404, "present"]
    response = await client.get(f"{BY_URL}?url=/old/", headers=bob.headers, allow_redirects=False)
    assert response.headers["Cache-Control"] == "private, no-store"


async def test_withdrawn_post_is_not_found_by_its_address_until_it_is_back(client, ada, stood_at):
    post = await stood_at("/old/")
    response = await client.post(f"/v1/posts/{post['id']}/unpublish", headers=matching(ada, post))
    assert await ask(client, "/old/") == 404
    await client.post(f"/v1/posts/{post['id']}/publish", headers=matching(ada, await with_etag(response)))
    assert await ask(client, "/old/") == "present"


async def test_first_post_keeps_an_address(client, stood_at):
    await stood_at("/same/", "/mine/", slug="first")
    await stood_at("/same/", "/other/", slug="second")
    assert [await ask(client, url) for url in ("/same/", "/mine/", "/other/")] == ["first", "first", "second"]


async def test_purged_post_gives_its_addresses_back(client, admin, stood_at):
    post = await stood_at("/old/", slug="first")
    assert (await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(admin, post))).status == 204
    assert await ask(client, "/old/") == 404
    await stood_at("/old/", slug="second")
    assert await ask(client, "/old/") == "second"


async def test_only_get_knows_addresses(client, ada):
    response = await client.patch(f"{BY_URL}?url=/x", json={}, headers=ada.headers)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_both_credentials_at_once_are_refused(client, ada):
    both = {**ada.headers, "Cookie": "session=x"}
    response = await client.get(f"{BY_URL}?url=/x", headers=both)
    assert (response.status, (await response.json())["code"]) == (400, "ambiguous_credentials")
