"""A passkey as a second factor, and to show once more who one is."""

import asyncio
from collections import Counter

import pytest

from blogapi.second_factors.service import SecondFactors
from blogapi.wiring import SERVICES
from tests.contract import codes
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import PATH, creation_options, register, request_options, sign_in
from tests.second_factors.conftest import add_app, app_of_ada, begin, finish
from tests.second_factors.conftest import sign_in as sign_in_with_password

__all__ = ["add_app", "app_of_ada"]
REAUTHENTICATE = "/v1/auth/reauthenticate"
REFUSED = {("/passkey", "code_invalid")}


async def methods(client, who):
    return (await (await client.get("/v1/me", headers=who.headers)).json())["mfa"]["methods"]


# Beside a password


async def test_passkey_finishes_a_sign_in_with_a_password(client, ada, app_of_ada, phone, passkey):
    response = await sign_in_with_password(client)
    problem = await response.json()
    assert problem["methods"] == ["totp", "passkey", "recovery_code"]
    response = await finish(client, problem["flow"], passkey=phone.get(await request_options(client)))
    assert response.status == 200
    assert (await response.json())["user"]["id"] == ada.id


async def test_passkey_is_both_factors(client, ada, app_of_ada, phone, passkey, admin):
    assert (await sign_in(client, phone)).status == 200
    told = await client.get(f"/v1/audit?action=session.opened&target={ada.id}", headers=admin.headers)
    assert (await told.json())["items"][0]["facts"]["factors"] == ["passkey"]


async def test_passkey_alone_leaves_the_password_sufficient(client, ada, passkey):
    """Who loses it would be locked out: only an app comes with recovery codes."""
    assert await methods(client, ada) == ["passkey"]
    assert (await sign_in_with_password(client)).status == 200
    response = await client.post("/v1/auth/recovery-codes", headers=ada.headers)
    assert response.status == 409


async def test_methods_say_whether_there_is_a_passkey(client, ada, app_of_ada, passkey):
    second = await register(client, ada, Authenticator())
    assert await methods(client, ada) == ["totp", "passkey"]
    await client.delete(f"{PATH}/{second['id']}", headers=ada.headers)
    assert await methods(client, ada) == ["totp", "passkey"]
    await client.delete(f"{PATH}/{passkey['id']}", headers=ada.headers)
    assert await methods(client, ada) == ["totp"]


async def test_methods_that_a_killed_process_did_not_note_are_noted_at_the_next_use(
    client, ada, phone, passkey, database
):
    await database["users"].update_many({}, {"$set": {"mfa.methods": []}})
    assert (await sign_in(client, phone)).status == 200
    assert await methods(client, ada) == ["passkey"]


async def test_passkey_of_somebody_else_is_no_second_factor(client, ada, bob, app_of_ada, phone):
    await register(client, bob, phone)
    response = await finish(client, await begin(client), passkey=phone.get(await request_options(client)))
    assert response.status == 422
    assert codes(await response.json()) == REFUSED


@pytest.mark.parametrize("changes", [{"flags": 1}, {"origin": "https://evil.example"}, {"count": 0}])
async def test_bad_answer_is_no_second_factor(client, app_of_ada, phone, passkey, changes):
    assert (await sign_in(client, phone)).status == 200
    flow = await begin(client)
    response = await finish(client, flow, passkey=phone.get(await request_options(client), **changes))
    assert response.status == 422
    assert codes(await response.json()) == REFUSED
    assert (await finish(client, flow, passkey=phone.get(await request_options(client)))).status == 200


async def test_options_to_register_are_no_second_factor(client, ada, app_of_ada, phone, passkey):
    challenge = (await creation_options(client, ada))["options"]["challenge"]
    answer = phone.get(await request_options(client), challenge=challenge)
    assert (await finish(client, await begin(client), passkey=answer)).status == 422


async def test_one_factor_at_a_time(client, app_of_ada, phone, passkey):
    flow = await begin(client)
    answer = phone.get(await request_options(client))
    response = await finish(client, flow, passkey=answer, totp=app_of_ada.next())
    assert response.status == 422
    assert codes(await response.json()) == {("", "exactly_one")}


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_flow_opens_one_session_for_many_passkeys(database, client, app_of_ada, phone, passkey):
    flow = await begin(client)
    answers = [phone.get(await request_options(client)) for _ in range(5)]
    responses = await asyncio.gather(*(finish(client, flow, passkey=answer) for answer in answers))
    assert Counter(response.status for response in responses)[200] == 1


# Once more


async def test_passkey_shows_once_more_who_one_is(client, ada, clock, phone, passkey):
    clock.forward(minutes=10)
    token = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    headers = {"Authorization": f"Bearer {(await token.json())['access_token']}"}
    assert (await client.post(f"{PATH}/options", headers=headers)).status == 403
    options = await (await client.post(f"{PATH}/login/options", headers=headers)).json()
    assert [each["id"] for each in options["options"]["allowCredentials"]] == [passkey["credential_id"]]
    answer = phone.get(options, with_user_handle=False)
    response = await client.post(REAUTHENTICATE, json={"passkey": answer}, headers=headers)
    assert response.status == 200
    assert (await client.post(f"{PATH}/options", headers=headers)).status == 200
    again = await client.post(REAUTHENTICATE, json={"passkey": answer}, headers=headers)
    assert codes(await again.json()) == REFUSED


async def test_passkey_of_somebody_else_shows_nothing(client, ada, bob, phone):
    await register(client, bob, phone)
    for options in (await request_options(client), await request_options(client, bob)):
        response = await client.post(REAUTHENTICATE, json={"passkey": phone.get(options)}, headers=ada.headers)
        assert response.status == 422
        assert codes(await response.json()) == REFUSED


@pytest.mark.parametrize("body", [{}, {"password": "x", "passkey": None}])
async def test_something_has_to_be_shown(client, ada, body):
    assert (await client.post(REAUTHENTICATE, json=body, headers=ada.headers)).status == 422


@pytest.mark.parametrize("was_noted", [False, True])
async def test_nobody_notes_what_they_saw_before_somebody_else_did(client, ada, database, was_noted):
    """Who removed the last passkey has looked; then another one is registered and noted; then the first one writes."""
    factors = client.app[SERVICES][SecondFactors]
    await database["users"].update_one({"username": "ada"}, {"$set": {"mfa.methods": ["passkey"] * was_noted}})
    looks = iter((False, True))

    async def there_is_one(user):
        return True

    async def is_overtaken(user):
        saw = next(looks)
        if not saw:
            await factors.note_passkeys(ada.id, there_is_one)
        return saw

    await factors.note_passkeys(ada.id, is_overtaken)
    assert await methods(client, ada) == ["passkey"]
