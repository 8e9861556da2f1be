"""What a key may do is what both its scopes and the role of its person allow."""

import pytest

from blogapi.access.scopes import SCOPES
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.web.endpoint import declared
from tests.api_keys.conftest import bearer
from tests.conftest import with_etag
from tests.test_authorization import GUARDED, ask, name_of


@pytest.fixture
async def draft(admin, write):
    return await write(admin)


async def code_of(response):
    return (await response.json())["code"] if response.status >= 400 else None


def test_routes_name_scopes_that_there_are():
    assert {declared(route.handler).scope for route in routes_of(FEATURES)} <= {"", *SCOPES}


async def test_guarded_route_takes_keys_of_its_scope_and_no_others(client, admin, draft, make_key):
    """As an administrator, so that no role stands in the way."""
    keys = {scope: await make_key(admin, scope) for scope in SCOPES}
    others = {scope: await make_key(admin, *(each for each in SCOPES if each != scope)) for scope in ("", *SCOPES)}
    for route in GUARDED:
        scope = declared(route.handler).scope
        response = await ask(client, route, draft, bearer(others[scope]))
        assert (response.status, await code_of(response)) == (403, "insufficient_scope"), name_of(route)
        assert (await response.json()).get("scope", "") == scope
        if scope and route.method == "GET":
            response = await ask(client, route, draft, bearer(keys[scope]))
            # The id is that of a post, which is found nowhere else.
            is_of_others = route.path in ("/v1/invitations/{id}", "/v1/jobs/{id}")
            assert response.status == (404 if is_of_others else 200), name_of(route)


async def test_key_without_scopes_can_do_nothing(client, admin, draft, make_key):
    key = await make_key(admin)
    for route in GUARDED:
        response = await ask(client, route, draft, bearer(key))
        assert await code_of(response) == "insufficient_scope", name_of(route)


async def test_refusal_says_which_scope_is_missing(client, ada, make_key):
    response = await client.post("/v1/posts", json={"title": "T"}, headers=bearer(await make_key(ada, "posts:read")))
    assert response.status == 403
    assert (await response.json())["scope"] == "posts:write"
    challenge = 'Bearer realm="blogapi", error="insufficient_scope", scope="posts:write"'
    assert response.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("path", ["/v1/me/api-keys", "/v1/auth/logout?all=true"])
async def test_key_makes_no_key_and_ends_no_session(client, admin, make_key, path):
    key = await make_key(admin, *SCOPES)
    response = await client.post(path, json={"name": "Another", "scopes": []}, headers=bearer(key))
    assert response.status == 403
    assert (await client.get("/v1/me", headers=admin.headers)).status == 200


@pytest.mark.parametrize(
    ("role", "scopes", "status", "code"),
    [
        ("reader", ["posts:write", "posts:publish"], "draft", "forbidden"),
        ("contributor", ["posts:write"], "draft", None),
        ("contributor", ["posts:write", "posts:publish"], "published", "forbidden"),
        ("author", ["posts:write"], "draft", None),
        ("author", ["posts:write"], "published", "insufficient_scope"),
        ("author", ["posts:publish"], "published", "insufficient_scope"),
        ("author", ["posts:write", "posts:publish"], "published", None),
        ("admin", ["posts:write"], "published", "insufficient_scope"),
    ],
)
async def test_role_and_scope_both_have_to_allow_it(client, sign_up, make_key, role, scopes, status, code):
    key = await make_key(await sign_up("somebody", role=role), *scopes)
    response = await client.post("/v1/posts", json={"title": "T", "status": status}, headers=bearer(key))
    assert await code_of(response) == code


async def test_new_role_bites_at_once(client, ada, make_key, database):
    key = await make_key(ada, "posts:write")
    await database["users"].update_one({"username": "ada"}, {"$set": {"role": "reader"}})
    response = await client.post("/v1/posts", json={"title": "T"}, headers=bearer(key))
    assert await code_of(response) == "forbidden"


CHANGES = {
    "publish": lambda client, path, headers: client.post(f"{path}/publish", headers=headers),
    "unpublish": lambda client, path, headers: client.post(f"{path}/unpublish", headers=headers),
    "trash": lambda client, path, headers: client.delete(path, headers=headers),
    "hide": lambda client, path, headers: client.patch(path, json={"visibility": "private"}, headers=headers),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_readers_see_is_changed_by_a_key_that_may_publish(client, ada, write, make_key, change):
    post = await write(ada, status="published")
    path, match = f"/v1/posts/{post['id']}", {"If-Match": post["etag"]}
    weak, strong = await make_key(ada, "posts:write"), await make_key(ada, "posts:write", "posts:publish")
    response = await CHANGES[change](client, path, {**bearer(weak), **match})
    assert (response.status, (await response.json()).get("scope")) == (403, "posts:publish")
    assert (await client.get(path)).status == 200
    assert (await CHANGES[change](client, path, {**bearer(strong), **match})).status in (200, 204)


async def test_working_copy_of_a_published_post_is_edited_by_a_key_that_may_only_write(client, ada, write, make_key):
    post = await write(ada, status="published")
    headers = {**bearer(await make_key(ada, "posts:write")), "If-Match": post["etag"]}
    assert (await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=headers)).status == 200


async def test_public_reads_do_not_look_at_the_key(client, ada, write, make_key):
    post = await write(ada, status="published")
    for headers in (bearer(await make_key(ada)), bearer("bk_nonsense")):
        assert (await client.get(f"/v1/posts/{post['id']}", headers=headers)).status == 200
        assert (await client.get("/v1/posts", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/v1/posts?status=draft", "posts:read"),
        ("/v1/posts/{id}", "posts:read"),
        ("/v1/posts/{id}?view=working", "posts:read"),
        ("/v1/posts/by-slug/{slug}", "posts:read"),
        ("/v1/users?view=admin", "users:read"),
        ("/v1/users/{author}?view=admin", "users:read"),
        ("/v1/users/by-username/adam", "users:read"),
    ],
)
async def test_public_route_shows_more_to_a_key_of_its_scope(client, admin, draft, make_key, path, scope):
    path = path.format(**draft, author=admin.id)
    others = await make_key(admin, *(each for each in SCOPES if each != scope))
    response = await client.get(path, headers=bearer(others))
    assert (response.status, await code_of(response)) == (403, "insufficient_scope")
    assert (await client.get(path, headers=bearer(await make_key(admin, scope)))).status == 200


async def test_key_does_what_a_person_does(client, ada, make_key):
    """The same answers, by the same services."""
    headers = bearer(await make_key(ada, "posts:read", "posts:write", "posts:publish"))
    post = await with_etag(await client.post("/v1/posts", json={"title": "Tea"}, headers=headers))
    assert [author["id"] for author in post["authors"]] == [ada.id]
    published = await client.post(f"/v1/posts/{post['id']}/publish", headers={**headers, "If-Match": post["etag"]})
    assert (await published.json())["status"] == "published"
    assert [item["id"] for item in (await (await client.get("/v1/posts")).json())["items"]] == [post["id"]]
