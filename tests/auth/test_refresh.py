import asyncio

import jwt
import pytest

from blogapi.auth.service import AuthService
from blogapi.wiring import SERVICES

REFRESH = "/v1/auth/refresh"


async def refresh(client, token):
    return await client.post(REFRESH, json={"refresh_token": token})


async def pair(response):
    assert response.status == 200, await response.text()
    return await response.json()


async def test_refreshing_gives_a_new_pair_of_the_same_session(client, ada):
    answer = await pair(await refresh(client, ada.refresh_token))
    assert answer["session_id"] == ada.session_id
    assert answer["refresh_token"] != ada.refresh_token
    fresh = {"Authorization": f"Bearer {answer['access_token']}"}
    assert (await client.get("/v1/me", headers=fresh)).status == 200


async def test_successor_can_be_spent_in_turn(client, ada, clock):
    token = ada.refresh_token
    for _ in range(15):
        clock.forward(minutes=9)
        token = (await pair(await refresh(client, token)))["refresh_token"]


async def test_spent_token_gets_the_same_successor_for_a_moment(client, ada, clock):
    first = await pair(await refresh(client, ada.refresh_token))
    clock.forward(seconds=29)
    second = await pair(await refresh(client, ada.refresh_token))
    assert second["refresh_token"] == first["refresh_token"]


async def test_token_spent_twice_over_still_gets_its_own_successor_for_a_moment(client, ada, clock):
    first = await pair(await refresh(client, ada.refresh_token))
    await pair(await refresh(client, first["refresh_token"]))
    again = await pair(await refresh(client, ada.refresh_token))
    assert again["refresh_token"] == first["refresh_token"]


async def test_reuse_after_that_moment_ends_the_session(client, ada, clock):
    successor = await pair(await refresh(client, ada.refresh_token))
    clock.forward(seconds=30)
    assert (await refresh(client, ada.refresh_token)).status == 401
    assert (await refresh(client, successor["refresh_token"])).status == 401
    fresh = {"Authorization": f"Bearer {successor['access_token']}"}
    assert (await client.get("/v1/me", headers=fresh)).status == 401


async def test_reuse_of_a_token_long_forgotten_ends_the_session(client, ada):
    token = ada.refresh_token
    for _ in range(11):
        token = (await pair(await refresh(client, token)))["refresh_token"]
    assert (await refresh(client, ada.refresh_token)).status == 401
    assert (await refresh(client, token)).status == 401


async def test_reuse_leaves_other_sessions_alone(client, ada, bob, clock):
    await refresh(client, ada.refresh_token)
    clock.forward(seconds=31)
    await refresh(client, ada.refresh_token)
    await pair(await refresh(client, bob.refresh_token))


@pytest.mark.parametrize("generation", [0, 1, 7])
async def test_wrong_proof_is_refused_and_ends_nothing(client, ada, generation):
    forged = f"{ada.session_id}.{generation}.{'A' * 43}"
    assert (await refresh(client, forged)).status == 401
    await pair(await refresh(client, ada.refresh_token))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", f"{'0' * 24}.0.{'A' * 43}", "9" * 200])
async def test_nonsense_is_refused(client, token):
    response = await refresh(client, token)
    assert response.status == 401
    assert (await response.json())["code"] == "unauthenticated"


@pytest.mark.parametrize("token", [None, 1, {"$ne": ""}, "x" * 201])
async def test_malformed_token_is_422(client, token):
    assert (await refresh(client, token)).status == 422


async def test_access_token_is_no_refresh_token(client, ada):
    assert (await refresh(client, ada.access_token[:200])).status == 401


async def test_role_is_looked_up_and_not_in_the_token(client, ada):
    claims = jwt.decode(ada.access_token, options={"verify_signature": False})
    assert "role" not in claims


async def test_expired_session_cannot_be_refreshed(client, ada, clock):
    clock.forward(days=15)
    assert (await refresh(client, ada.refresh_token)).status == 401


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_tabs_that_race_get_the_same_successor(client, ada, database):
    answers = [
        await pair(response)
        for response in await asyncio.gather(*(refresh(client, ada.refresh_token) for _ in range(16)))
    ]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert (await database["sessions"].find_one({}))["generation"] == 1
    await pair(await refresh(client, answers[0]["refresh_token"]))


async def test_token_of_a_cookie_session_cannot_be_made_up(client, ada, database):
    """Cookie sessions have no refresh token, even with the right proof."""
    tokens = client.app[SERVICES][AuthService].refreshing._tokens
    await database["sessions"].update_one({}, {"$set": {"kind": "cookie"}})
    session = await database["sessions"].find_one({})
    token = tokens.refresh_token(str(session["_id"]), 0, session["nonce"])
    assert (await refresh(client, token)).status == 401
