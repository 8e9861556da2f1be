import asyncio

import pytest

from blogapi.users.model import ProfileChanged
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, matching, with_etag
from tests.contract import faults

OWN = {
    "id", "version", "username", "email", "display_name", "bio", "bio_html", "links", "avatar_url", "locale",
    "timezone", "role", "status", "email_verified_at", "last_login_at", "mfa", "posts_count", "followers_count",
    "following_count", "created_at", "updated_at", "pending_email", "permissions", "erasure_at",
}  # fmt: skip


async def read_me(client, person):
    return await with_etag(await client.get("/v1/me", headers=person.headers))


async def edit(client, person, etag=None, **changes):
    headers = {**person.headers, "If-Match": etag or (await read_me(client, person))["etag"]}
    return await client.patch("/v1/me", json=changes, headers=headers)


async def test_own_view_has_everything_but_the_password(client, ada):
    response = await client.get("/v1/me", headers=ada.headers)
    assert response.status == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert set(await response.json()) == OWN


async def test_own_view_is_conditional(client, ada):
    me = await read_me(client, ada)
    response = await client.get("/v1/me", headers={**ada.headers, "If-None-Match": me["etag"]})
    assert response.status == 304


@pytest.mark.parametrize(
    ("role", "granted", "denied"),
    [
        ("reader", [], ["create_posts"]),
        ("contributor", ["create_posts"], ["publish_own_posts"]),
        ("author", ["publish_own_posts"], ["edit_all_posts"]),
        ("editor", ["edit_all_posts", "feature_posts"], ["manage_users"]),
        ("admin", ["manage_users", "create_posts"], []),
    ],
)
async def test_permissions_follow_from_the_role(client, sign_up, role, granted, denied):
    me = await read_me(client, await sign_up("somebody", role=role))
    assert set(granted) <= set(me["permissions"])
    assert not set(denied) & set(me["permissions"])


async def test_profile_is_changed(client, ada):
    changes = {
        "username": "Countess",
        "display_name": "Ada Lovelace",
        "bio": "I *count*.",
        "links": [{"label": "Home", "url": "https://example.org/ada"}, {"label": "Old", "url": "http://old.example"}],
        "avatar_url": "https://example.org/ada.png",
        "locale": "en-GB",
        "timezone": "Europe/London",
    }
    response = await edit(client, ada, **changes)
    assert response.status == 200
    me = await response.json()
    assert {name: me[name] for name in changes} == changes
    assert me["version"] == 2
    assert response.headers["ETag"].startswith('"2-')
    assert await (await client.get("/v1/me", headers=ada.headers)).json() == me


async def test_bio_is_rendered(client, ada):
    me = await (await edit(client, ada, bio="I *count*. <script>alert(1)</script>")).json()
    assert "<em>count</em>" in me["bio_html"]
    assert "<script" not in me["bio_html"]


async def test_what_is_not_sent_stays_and_null_takes_away(client, ada):
    await edit(client, ada, bio="Hello.", locale="de", avatar_url="https://example.org/a.png")
    me = await (await edit(client, ada, locale=None, avatar_url=None)).json()
    assert (me["bio"], me["locale"], me["avatar_url"]) == ("Hello.", None, None)


async def test_nothing_new_changes_nothing(client, ada):
    response = await edit(client, ada, display_name="Ada")
    assert response.status == 200
    assert (await response.json())["version"] == 1


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"display_name": None}, {"/display_name": "required"}),
        ({"display_name": " "}, {"/display_name": "too_short"}),
        ({"display_name": "\u200b\ufe0f\u3164"}, {"/display_name": "too_short"}),
        ({"username": None}, {"/username": "required"}),
        ({"username": "a b"}, {"/username": "invalid_format"}),
        ({"username": "admin"}, {"/username": "reserved"}),
        ({"bio": "x" * 2001}, {"/bio": "too_long"}),
        ({"bio": "nul\0"}, {"/bio": "invalid_characters"}),
        ({"links": [{"label": "x", "url": "https://x.example"}] * 9}, {"/links": "too_long"}),
        ({"links": [{"label": "x", "url": "javascript:alert(1)"}]}, {"/links/0/url": "invalid_format"}),
        ({"links": [{"label": "", "url": "https://x.example"}]}, {"/links/0/label": "too_short"}),
        ({"links": "https://x.example"}, {"/links": "invalid_type"}),
        ({"avatar_url": "http://x.example/a.png"}, {"/avatar_url": "invalid_format"}),
        ({"locale": "english"}, {"/locale": "invalid_format"}),
        *(
            ({"timezone": name}, {"/timezone": "invalid_choice"})
            for name in ("Mars/Olympus", "localtime", "Factory", "posixrules", "posix/UTC", "right/UTC", "../UTC")
        ),
        ({"email": "nowhere"}, {"/email": "invalid_format"}),
        ({"email": None}, {"/email": "required"}),
        ({"password": PASSWORD}, {"/password": "unknown_field"}),
        ({"role": "admin"}, {"/role": "unknown_field"}),
        ({"status": None}, {"/status": "unknown_field"}),
        (
            {"bio": 1, "locale": "?", "version": 7},
            {"/bio": "invalid_type", "/locale": "invalid_format", "/version": "unknown_field"},
        ),
    ],
)  # fmt: skip
async def test_bad_change_names_all_wrong_fields(client, ada, changes, wrong):
    response = await edit(client, ada, **changes)
    assert await faults(response) == wrong


async def test_change_needs_if_match(client, ada):
    response = await client.patch("/v1/me", json={"bio": "x"}, headers=ada.headers)
    assert response.status == 428


async def test_stale_change_is_told_what_changed_since(client, ada):
    before = await read_me(client, ada)
    await edit(client, ada, bio="one")
    await edit(client, ada, locale="de", timezone="UTC")
    response = await client.patch("/v1/me", json={"bio": "two"}, headers=matching(ada, before))
    assert response.status == 412
    problem = await response.json()
    assert (problem["version"], problem["changed"]) == (3, ["bio", "locale", "timezone"])
    assert problem["etag"] == (await read_me(client, ada))["etag"]


async def test_etag_of_the_stale_answer_is_good_for_the_next_try(client, ada):
    before = await read_me(client, ada)
    await edit(client, ada, bio="one")
    problem = await (await client.patch("/v1/me", json={"bio": "two"}, headers=matching(ada, before))).json()
    assert (await edit(client, ada, etag=problem["etag"], bio="two")).status == 200


async def test_username_of_somebody_else_is_a_conflict(client, ada, bob):
    response = await edit(client, ada, username="BOB")
    assert response.status == 409
    assert (await response.json())["code"] == "username_taken"


async def test_own_username_can_be_capitalised(client, ada):
    response = await edit(client, ada, username="ADA")
    assert response.status == 200
    assert (await response.json())["username"] == "ADA"


async def test_sign_in_and_counters_make_no_etag_stale(client, ada, publish):
    before = await read_me(client, ada)
    await publish(ada, 3)
    await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    response = await client.patch("/v1/me", json={"bio": "x"}, headers=matching(ada, before))
    assert response.status == 200
    assert (await response.json())["posts_count"] == 3


async def test_changed_byline_is_told_and_other_changes_are_not(client, ada):
    told = []

    async def listen(event):
        told.append(event.byline.display_name)

    client.app[SERVICES].bus.subscribe(ProfileChanged, listen)
    await edit(client, ada, bio="x", locale="de")
    assert told == []
    await edit(client, ada, display_name="Ada Lovelace")
    assert told == ["Ada Lovelace"]


async def test_retry_of_a_rename_tells_the_byline_that_could_not_be_told(client, ada, told_at_second_try):
    assert (await edit(client, ada, display_name="Ada Lovelace")).status == 503
    again = await edit(client, ada, display_name="Ada Lovelace")
    assert (again.status, (await again.json())["version"]) == (200, 2)
    assert told_at_second_try == [(ada.id, "Ada Lovelace")]


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_edits_at_once_one_wins(client, ada):
    before = await read_me(client, ada)
    edits = [client.patch("/v1/me", json={"bio": f"edit {n}"}, headers=matching(ada, before)) for n in range(16)]
    responses = await asyncio.gather(*edits)
    assert sorted(response.status for response in responses) == [200] + [412] * 15
    assert (await read_me(client, ada))["version"] == 2


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_people_who_want_one_name_one_gets_it(client, sign_up):
    people = [await sign_up(f"person{n}") for n in range(8)]
    responses = await asyncio.gather(*(edit(client, person, username="Wanted") for person in people))
    assert sorted(response.status for response in responses) == [200] + [409] * 7
