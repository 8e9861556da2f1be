from datetime import timedelta
from functools import partial

import pytest

from blogapi.access.administrator import as_operator
from blogapi.clock import utc_now
from blogapi.paging.page import PageRequest
from blogapi.users.model import UserFilter

PUBLIC = {
    "id", "version", "username", "display_name", "bio", "bio_html", "links", "avatar_url", "posts_count",
    "followers_count", "following_count", "created_at", "updated_at",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/users/{0.id}", "/v1/users/by-username/ada", "/v1/users/by-username/ADA"])
async def test_profile_of_who_has_published_is_public(client, ada, publish, path):
    await publish(ada, 2)
    response = await client.get(path.format(ada))
    assert response.status == 200
    assert response.headers["Cache-Control"].startswith("public")
    profile = await response.json()
    assert set(profile) == PUBLIC
    assert (profile["username"], profile["posts_count"]) == ("ada", 2)


@pytest.mark.parametrize("path", ["/v1/users/{0.id}", "/v1/users/by-username/ada"])
async def test_who_has_not_published_is_hidden_from_all_but_admins(client, ada, bob, admin, path):
    for headers in ({}, bob.headers, ada.headers):
        assert (await client.get(path.format(ada), headers=headers)).status == 404
    response = await client.get(path.format(ada), headers=admin.headers)
    assert response.status == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert (await response.json())["email"] == "ada@example.org"


@pytest.mark.parametrize("user_id", ["0" * 24, "nobody", "%00", "by-username"])
async def test_unknown_user_is_404(client, user_id):
    assert (await client.get(f"/v1/users/{user_id}")).status == 404


async def test_plain_profile_is_the_same_for_everybody(client, ada, admin, publish):
    await publish(ada)
    answers = [await client.get(f"/v1/users/{ada.id}", headers=headers) for headers in ({}, ada.headers, admin.headers)]
    assert len({await answer.read() for answer in answers}) == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1


async def test_profile_answers_304(client, ada, publish):
    await publish(ada)
    etag = (await client.get(f"/v1/users/{ada.id}")).headers["ETag"]
    assert (await client.get(f"/v1/users/{ada.id}", headers={"If-None-Match": etag})).status == 304


async def change(client, who, path, **changes):
    read = await client.get(f"{path}?view=admin" if path != "/v1/me" else path, headers=who.headers)
    headers = {**who.headers, "If-Match": read.headers["ETag"]}
    response = await client.patch(path, json=changes, headers=headers)
    assert response.status == 200
    return await response.json()


async def test_private_change_does_not_show_in_the_profile(client, ada, admin, publish):
    await publish(ada)
    path = f"/v1/users/{ada.id}"
    await change(client, ada, "/v1/me", bio="I count.")
    before = await client.get(path)
    await change(client, ada, "/v1/me", timezone="Europe/London")
    await change(client, admin, path, role="editor")
    assert (await change(client, admin, path, status="suspended"))["version"] == 5
    after = await client.get(path)
    assert (await after.json())["version"] == 2
    assert (await after.read(), after.headers["ETag"]) == (await before.read(), before.headers["ETag"])


async def test_visible_change_moves_the_profile_to_the_present_version(client, ada, publish):
    await publish(ada)
    await change(client, ada, "/v1/me", locale="en")
    me = await change(client, ada, "/v1/me", display_name="Ada Lovelace")
    profile = await (await client.get(f"/v1/users/{ada.id}")).json()
    assert (profile["version"], profile["updated_at"]) == (3, me["updated_at"]) == (me["version"], me["updated_at"])


async def test_etag_of_the_profile_is_stale_after_a_private_change(client, ada, publish):
    await publish(ada)
    await change(client, ada, "/v1/me", locale="en")
    etag = (await client.get(f"/v1/users/{ada.id}")).headers["ETag"]
    response = await client.patch("/v1/me", json={"bio": "x"}, headers={**ada.headers, "If-Match": etag})
    assert response.status == 412
    assert (await response.json())["changed"] == ["locale"]


@pytest.mark.parametrize("user_id", ["{0.id}", "0" * 24, "nonsense", "by-username/ada", "by-username/nobody"])
async def test_bad_token_does_not_tell_who_is_hidden(client, ada, user_id):
    response = await client.get(f"/v1/users/{user_id.format(ada)}", headers={"Authorization": "Bearer x"})
    assert response.status == 401


async def test_unknown_field_is_named_before_credentials_are_asked_for(client):
    assert (await client.get("/v1/users?view=admin&fields=colour")).status == 400


@pytest.mark.parametrize("path", ["/v1/users", "/v1/users/{0.id}", "/v1/users/by-username/ada"])
async def test_admin_view_is_for_admins(client, ada, editor, admin, publish, path):
    await publish(ada)
    path = f"{path.format(ada)}?view=admin"
    assert (await client.get(path)).status == 401
    assert (await client.get(path, headers={"Authorization": "Bearer x"})).status == 401
    assert (await client.get(path, headers=editor.headers)).status == 403
    response = await client.get(path, headers=admin.headers)
    assert response.status == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ada@example.org" in await response.text()


async def test_list_has_who_has_published_and_no_personal_data(client, ada, bob, users, publish):
    await publish(bob)
    byline = await users.making.unclaimed(as_operator(), "carl", "Carl")
    await publish(byline)
    response = await client.get("/v1/users")
    assert response.status == 200
    items = (await response.json())["items"]
    assert [item["username"] for item in items] == ["bob", "carl"]
    assert all(set(item) == PUBLIC for item in items)


@pytest.fixture
async def crowd(users, publish):
    """Five published people; the names in an order that is not theirs by count, two of them equal."""
    for name, posts in [("eve", 1), ("Dora", 3), ("carl", 2), ("Bea", 3), ("anna", 5)]:
        await publish(await users.making.unclaimed(as_operator(), name, name), posts)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", ["anna", "Bea", "carl", "Dora", "eve"]),
        ("&sort=username", ["anna", "Bea", "carl", "Dora", "eve"]),
        ("&sort=-posts_count", ["anna", "Bea", "Dora", "carl", "eve"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_pages_join_to_the_sorted_whole(client, crowd, sort, names, limit):
    assert await walk(client, f"/v1/users?limit={limit}{sort}") == names


async def walk(client, path, headers=None):
    names, cursor = [], ""
    while cursor is not None:
        response = await client.get(f"{path}{cursor}", headers=headers)
        assert response.status == 200, await response.text()
        answer = await response.json()
        names += [item["username"] for item in answer["items"]]
        following = answer["page"]["next"]
        cursor = None if following is None else f"&cursor={following}"
    return names


async def test_exact_count_is_given_when_asked_for(client, crowd):
    answer = await (await client.get("/v1/users?limit=2&count=exact")).json()
    assert answer["page"]["total"] == 5


@pytest.fixture
async def staff(users, sign_up, clock_ticks):
    for name, role in [("ada", "author"), ("bob", "editor"), ("cleo", "author"), ("dan", "reader")]:
        await sign_up(name, role=role)
    await users.making.unclaimed(as_operator(), "old", "Old Byline")
    return await sign_up("root1", role="admin")


@pytest.fixture
def clock_ticks(users):
    """Each person is made a second after the one before."""
    time = [utc_now()]

    def now():
        time[0] += timedelta(seconds=1)
        return time[0]

    users._now = now


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["root1", "old", "dan", "cleo", "bob", "ada"]),
        ("&sort=created_at", ["ada", "bob", "cleo", "dan", "old", "root1"]),
        ("&sort=username&role=author", ["ada", "cleo", "old"]),
        ("&role=author,editor&sort=created_at", ["ada", "bob", "cleo", "old"]),
        ("&status=unclaimed", ["old"]),
        ("&status=active&role=author", ["cleo", "ada"]),
        ("&status=active,unclaimed&role=author,reader&sort=username", ["ada", "cleo", "dan", "old"]),
        ("&status=suspended", []),
    ],
)
async def test_admins_filter_and_sort(client, staff, query, names):
    assert await walk(client, f"/v1/users?view=admin&limit=2{query}", staff.headers) == names


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("role=author", "role"),
        ("status=active", "status"),
        ("sort=created_at", "sort"),
        ("sort=password", "sort"),
        ("view=admin&sort=-posts_count", "sort"),
        ("view=admin&role=king", "role"),
        ("view=admin&status=author,active", "status"),
        ("view=working", "view"),
        ("limit=0", "limit"),
    ],
)
async def test_bad_parameter_is_named(client, admin, query, parameter):
    response = await client.get(f"/v1/users?{query}", headers=admin.headers)
    assert response.status == 400
    problem = await response.json()
    assert problem["code"] == "invalid_parameter"
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


async def test_unknown_parameter_names_the_nearest(client):
    problem = await (await client.get("/v1/users?rolle=author")).json()
    assert (problem["code"], problem["errors"][0]["nearest"]) == ("unknown_parameter", "role")


LISTS = [
    *({"public": True, "sort": sort} for sort in ("username", "-posts_count")),
    *(
        {"public": False, "sort": sort, "roles": roles, "statuses": statuses}
        for sort in ("-created_at", "created_at", "username")
        for roles in ((), ("author",), ("author", "editor"))
        for statuses in ((), ("active",), ("active", "suspended"))
    ),
]


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
@pytest.mark.parametrize("wanted", LISTS, ids=str)
async def test_every_list_is_served_by_an_index(client, users, crowd, database, wanted):
    await database.command("profile", 2)
    everybody = partial(users.list_everybody, as_operator())
    find = partial(users.list if wanted.get("public", True) else everybody, UserFilter(**wanted))
    page = await find(PageRequest(limit=1))
    if page.next is not None:
        await find(PageRequest(limit=1, after=page.next))
    await database.command("profile", 0)
    plans = await database["system.profile"].find({"op": "query", "command.find": "users"}).to_list(None)
    assert plans
    for plan in plans:
        assert plan["planSummary"].startswith("IXSCAN"), plan["planSummary"]
        assert not plan.get("hasSortStage"), plan["planSummary"]
