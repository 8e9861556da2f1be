"""Where somebody is signed in, and how they end that from elsewhere."""

from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.clock import rfc3339
from tests.auth.test_cookies import forget_cookies
from tests.auth.test_cookies import sign_in as sign_in_by_cookie
from tests.conftest import PASSWORD, QUIET
from tests.contract import checked_client

PATH = "/v1/auth/sessions"
NOBODY = "0" * 24


async def sign_in(client, login="ada", **headers):
    """Another session of somebody: the answer, with its headers under `headers`."""
    response = await client.post("/v1/auth/login", json={"login": login, "password": PASSWORD}, headers=headers)
    answer = await response.json()
    return {**answer, "headers": {"Authorization": f"Bearer {answer['access_token']}"}}


async def sessions(client, who, query=""):
    response = await client.get(PATH + query, headers=headers_of(who))
    assert response.status == 200, await response.text()
    return (await response.json())["items"]


def headers_of(who):
    return who["headers"] if isinstance(who, dict) else who.headers


async def is_alive(client, who):
    return (await client.get("/v1/me", headers=headers_of(who))).status == 200


async def test_sessions_say_what_tells_them_apart(client, ada, clock):
    clock.forward(minutes=7)
    phone = await sign_in(client, **{"User-Agent": "Phone/1.0"})
    session = (await sessions(client, phone))[0]
    moment = rfc3339(clock.time)
    assert {**session, "expires_at": ""} == {
        "id": phone["session_id"],
        "kind": "token",
        "current": True,
        "factors": ["password"],
        "device": "Phone/1.0",
        "ip": "127.0.0.0/24",
        "created_at": moment,
        "last_seen_at": moment,
        "expires_at": "",
    }
    assert session["expires_at"] > moment


async def test_sessions_are_listed_newest_first_in_pages_and_those_of_others_are_not(client, ada, bob, clock):
    made = [ada.session_id]
    for _ in range(2):
        clock.forward(seconds=1)
        made.append((await sign_in(client))["session_id"])
    first = await (await client.get(f"{PATH}?limit=2&count=exact", headers=ada.headers)).json()
    second = await sessions(client, ada, f"?limit=2&cursor={first['page']['next']}")
    assert [each["id"] for each in first["items"] + second] == made[::-1]
    assert first["page"]["total"] == 3
    assert [each["current"] for each in first["items"] + second] == [False, False, True]
    assert [each["id"] for each in await sessions(client, bob)] == [bob.session_id]


async def test_cookie_is_a_session_of_its_kind(client, ada):
    answer = await (await sign_in_by_cookie(client)).json()
    listed = await (await client.get(PATH)).json()
    kinds = {each["id"]: (each["kind"], each["current"]) for each in listed["items"]}
    assert kinds == {answer["session_id"]: ("cookie", True), ada.session_id: ("token", False)}


async def test_list_shows_no_secret(client, ada):
    response = await client.get(PATH, headers=ada.headers)
    assert {"secret_hash", "nonce", "rotations", "generation"}.isdisjoint((await response.json())["items"][0])


async def test_expired_session_is_not_listed_and_cannot_be_ended(client, ada, clock):
    clock.forward(days=13)
    later = await sign_in(client)
    clock.forward(days=1)
    later = await (await client.post("/v1/auth/refresh", json={"refresh_token": later["refresh_token"]})).json()
    headers = {"Authorization": f"Bearer {later['access_token']}"}
    assert [each["id"] for each in await sessions(client, {"headers": headers})] == [later["session_id"]]
    assert (await client.delete(f"{PATH}/{ada.session_id}", headers=headers)).status == 404


async def test_ended_session_is_dead_at_once(client, ada):
    lost = await sign_in(client)
    assert await is_alive(client, lost)
    assert (await client.delete(f"{PATH}/{lost['session_id']}", headers=ada.headers)).status == 204
    assert not await is_alive(client, lost)
    response = await client.post("/v1/auth/refresh", json={"refresh_token": lost["refresh_token"]})
    assert response.status == 401
    assert await is_alive(client, ada)
    assert (await client.delete(f"{PATH}/{lost['session_id']}", headers=ada.headers)).status == 404


async def test_session_that_ended_on_one_process_is_dead_on_another(
    client, ada, aiohttp_client, config, database, clock
):
    other = await checked_client(aiohttp_client, create_app(config, database, now=clock))
    lost = await sign_in(client)
    assert await is_alive(other, lost)
    assert (await client.delete(f"{PATH}/{lost['session_id']}", headers=ada.headers)).status == 204
    assert not await is_alive(other, lost)


async def test_session_can_end_itself(client, ada):
    assert (await client.delete(f"{PATH}/{ada.session_id}", headers=ada.headers)).status == 204
    assert not await is_alive(client, ada)


async def test_cookie_goes_with_its_session(client, ada):
    answer = await (await sign_in_by_cookie(client)).json()
    same_site = {"Sec-Fetch-Site": "same-origin"}
    response = await client.delete(f"{PATH}/{ada.session_id}", headers=same_site)
    assert (response.status, "session" in response.cookies) == (204, False)
    response = await client.delete(f"{PATH}/{answer['session_id']}", headers=same_site)
    assert (response.status, response.cookies["session"].value) == (204, "")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/{NOBODY}"])
async def test_another_site_ends_no_session(client, ada, path):
    await sign_in_by_cookie(client)
    response = await client.delete(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status, (await response.json())["code"]) == (403, "cross_site")
    forget_cookies(client)
    assert await is_alive(client, ada)


async def test_all_others_end_and_this_one_stays(client, ada, bob):
    phone, laptop = await sign_in(client), await sign_in(client)
    assert (await client.delete(PATH, headers=laptop["headers"])).status == 204
    assert [await is_alive(client, who) for who in (ada, phone, laptop, bob)] == [False, False, True, True]
    assert [each["id"] for each in await sessions(client, laptop)] == [laptop["session_id"]]


@pytest.mark.parametrize("query", ["", "?user={bob}"])
async def test_session_of_somebody_else_is_not_there(client, ada, bob, query):
    response = await client.delete(f"{PATH}/{bob.session_id}{query.format(bob=ada.id)}", headers=ada.headers)
    assert response.status == 404
    assert await is_alive(client, bob)


@pytest.mark.parametrize("role", ["reader", "editor"])
@pytest.mark.parametrize("user", ["bob", "nobody"])
async def test_sessions_of_others_are_for_administrators_and_nothing_tells_who_there_is(
    client, sign_up, bob, role, user
):
    somebody = await sign_up("somebody", role=role)
    query = f"?user={bob.id if user == 'bob' else NOBODY}"
    for method, path in (("GET", PATH), ("DELETE", PATH), ("DELETE", f"{PATH}/{bob.session_id}")):
        response = await client.request(method, path + query, headers=somebody.headers)
        assert (response.status, (await response.json())["code"]) == (403, "forbidden")
    assert await is_alive(client, bob)


async def test_own_id_may_be_said(client, ada):
    assert [each["current"] for each in await sessions(client, ada, f"?user={ada.id}")] == [True]


async def test_administrator_lists_and_ends_sessions_of_others(client, admin, ada):
    phone, query = await sign_in(client), f"?user={ada.id}"
    listed = await sessions(client, admin, query)
    assert {each["id"]: each["current"] for each in listed} == {ada.session_id: False, phone["session_id"]: False}
    response = await client.delete(f"{PATH}/{phone['session_id']}{query}", headers=admin.headers)
    assert response.status == 204
    assert [await is_alive(client, who) for who in (ada, phone)] == [True, False]
    assert (await client.delete(PATH + query, headers=admin.headers)).status == 204
    assert [await is_alive(client, who) for who in (ada, admin)] == [False, True]


async def test_administrator_who_names_nobody_is_told_so(client, admin, ada):
    """An id that belongs to nobody, and a session that is not of whom the query names."""
    assert (await client.get(f"{PATH}?user={NOBODY}", headers=admin.headers)).status == 404
    assert (await client.delete(f"{PATH}?user={NOBODY}", headers=admin.headers)).status == 404
    for query in ("", f"?user={admin.id}"):
        assert (await client.delete(f"{PATH}/{ada.session_id}{query}", headers=admin.headers)).status == 404
    assert await is_alive(client, ada)


@pytest.mark.parametrize("user", ["ada", "", "0" * 23, '{"$ne": null}', "0" * 24 + "&user=" + "1" * 24])
async def test_bad_id_of_a_user_is_a_bad_parameter(client, admin, user):
    response = await client.get(f"{PATH}?user={user}", headers=admin.headers)
    assert (response.status, (await response.json())["code"]) == (400, "invalid_parameter")


@pytest.mark.any_driver
@pytest.mark.parametrize("session_id", ["x", "0" * 23, "A" * 24, "current", '{"$ne":null}'])
async def test_what_is_no_id_is_no_session(client, ada, session_id):
    assert (await client.delete(f"{PATH}/{session_id}", headers=ada.headers)).status == 404


async def test_oldest_session_of_who_has_too_many_ends(aiohttp_client, config, database, clock):
    few = replace(config, auth=replace(config.auth, max_sessions=3))
    client = await checked_client(aiohttp_client, create_app(few, database, QUIET, now=clock))
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=new)).status == 201
    signed_in = []
    for _ in range(4):
        clock.forward(seconds=1)
        answer = await client.post("/v1/auth/login", json={"login": "grace", "password": PASSWORD})
        signed_in.append(await answer.json())
    bearers = [{"Authorization": f"Bearer {each['access_token']}"} for each in signed_in]
    assert [(await client.get("/v1/me", headers=each)).status for each in bearers] == [401, 200, 200, 200]
    told = await database["audit"].find({"action": "session.ended"}).to_list(10)
    assert [(each["actor"]["kind"], each["facts"]["session_id"]) for each in told] == [
        ("server", signed_in[0]["session_id"])
    ]
