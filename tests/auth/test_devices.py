"""Devices are known by which somebody has signed in before."""

from dataclasses import replace

import pytest
from bson.objectid import ObjectId

from blogapi.access.identity import Identity
from blogapi.app import create_app
from blogapi.auth.devices import LIFETIME, MOST
from blogapi.auth.service import AuthService
from blogapi.auth.store import DeviceStore
from blogapi.config import ServerConfig
from blogapi.wiring import SERVICES
from tests.audit.test_killed import dies_after
from tests.auth.test_cookies import sign_in as sign_in_by_cookie
from tests.conftest import PASSWORD
from tests.contract import checked_client


async def sign_in(client, login="ada", password=PASSWORD, device=None):
    sent = {"login": login, "password": password} | ({} if device is None else {"device_token": device})
    response = await client.post("/v1/auth/login", json=sent)
    assert response.status == 200, await response.text()
    answer = await response.json()
    return {**answer, "headers": {"Authorization": f"Bearer {answer['access_token']}"}}


@pytest.fixture
def known(database, clock):
    """The ids of the devices by which people are known."""

    async def known():
        found = await database[DeviceStore.collection].find({"expires_at": {"$gt": clock.time}}).to_list(None)
        return {device["_id"] for device in found}

    return known


async def test_device_keeps_its_token(client, ada, known):
    first = await sign_in(client)
    before = await known()
    again = await sign_in(client, device=first["device_token"])
    assert again["device_token"] == first["device_token"]
    assert await known() == before


@pytest.mark.parametrize("token", ["", "x", "x" * 44, "../" * 14 + "x", "ä" * 43])
async def test_what_is_no_token_is_not_kept(client, ada, token):
    assert (await sign_in(client, device=token))["device_token"] != token


async def test_database_holds_no_token(client, ada, database):
    token = (await sign_in(client))["device_token"]
    assert token not in str(await database[DeviceStore.collection].find({}).to_list(None))


async def test_browser_has_its_token_in_a_cookie(client, ada):
    response = await sign_in_by_cookie(client)
    cookie = response.cookies["device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    assert int(cookie["max-age"]) >= LIFETIME.total_seconds()
    assert "device_token" not in await response.json()
    again = await sign_in_by_cookie(client)
    assert again.cookies["device"].value == cookie.value


async def test_cookie_is_bound_to_the_host_where_there_is_https(aiohttp_client, config, database, client, ada):
    secure = replace(config, server=ServerConfig(workers=1, public_url="https://blog.example"))
    other = await checked_client(aiohttp_client, create_app(secure, database))
    cookie = (await sign_in_by_cookie(other)).cookies["__Host-device"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


async def test_cookie_of_a_device_signs_nobody_in(client, ada):
    token = (await sign_in(client))["device_token"]
    for headers in ({"Cookie": f"device={token}"}, {"Authorization": f"Bearer {token}"}):
        assert (await client.get("/v1/me", headers=headers)).status == 401


async def test_people_can_share_a_device(client, ada, bob, known):
    token = (await sign_in(client))["device_token"]
    before = await known()
    assert (await sign_in(client, "bob", device=token))["device_token"] == token
    assert len(await known() - before) == 1


async def test_devices_of_a_user_are_a_few(client, ada, bob, database, known, clock):
    for _ in range(MOST + 3):
        clock.forward(seconds=1)
        newest = await sign_in(client)
    assert len(await known()) == MOST + 1  # and the one of bob
    before = await known()
    await sign_in(client, device=newest["device_token"])
    assert await known() == before


async def test_device_is_strange_again_after_a_year(client, ada, known, clock):
    await sign_in(client)
    clock.forward(seconds=LIFETIME.total_seconds())
    assert await known() == set()


async def test_session_that_was_ended_elsewhere_leaves_no_known_device(client, ada, database):
    """Whoever is killed after whichever write."""
    sessions = client.app[SERVICES][AuthService].sessions
    who, count, killed = Identity(user_id=ada.id, role="author", session_id=ada.session_id), 0, True
    while killed:
        count += 1
        device = (await sign_in(client))["session_id"]
        session = await database["sessions"].find_one({"_id": ObjectId(device)})
        killed = await dies_after(database, count, sessions.end(who, None, device))
        has_ended = await database["sessions"].find_one({"_id": session["_id"]}) is None
        is_known = await database[DeviceStore.collection].find_one({"_id": session["device_id"]}) is not None
        assert not (has_ended and is_known)
    assert has_ended
    assert count > 2
