"""Guessing codes, by somebody who knows the password."""

from dataclasses import replace

import pytest

from blogapi.config import LimitsConfig
from tests.apps import app_on_empty
from tests.conftest import PASSWORD
from tests.second_factors.conftest import begin, finish, sign_in

MOST = 6


@pytest.fixture
def app(config, database, clock):
    limits = LimitsConfig(sign_in=f"{MOST}/hour", sign_in_account="100/hour", storage="memory")
    return app_on_empty(replace(config, limits=limits), database, now=clock)


async def guess(client, times, **device):
    answers = []
    for _ in range(times):
        answers.append(await finish(client, await begin(client), totp="000000", **device))
    return [answer.status for answer in answers]


async def test_stranger_who_guesses_is_locked_out_and_the_owner_is_not(client, app_of_ada):
    known = await (await finish(client, await begin(client), totp=app_of_ada.next())).json()
    assert await guess(client, MOST + 1) == [422] * MOST + [429]
    locked = await finish(client, await begin(client), totp=app_of_ada.next())
    assert (locked.status, (await locked.json())["code"]) == (429, "locked")
    device = {"device_token": known["device_token"]}
    assert (await finish(client, await begin(client), totp=app_of_ada.code(), **device)).status == 200


async def test_known_device_is_locked_out_by_its_own_guesses(client, app_of_ada):
    known = await (await finish(client, await begin(client), totp=app_of_ada.next())).json()
    device = {"device_token": known["device_token"]}
    assert await guess(client, MOST + 1, **device) == [422] * MOST + [429]
    assert (await finish(client, await begin(client), totp=app_of_ada.next())).status == 200


async def test_right_codes_are_not_counted(client, app_of_ada):
    for _ in range(MOST + 2):
        assert (await finish(client, await begin(client), totp=app_of_ada.next())).status == 200


async def test_guesses_of_codes_leave_the_tries_of_passwords(client, app_of_ada):
    assert await guess(client, MOST + 1) == [422] * MOST + [429]
    assert (await sign_in(client)).status == 401
    assert (await (await sign_in(client)).json())["code"] == "mfa_required"


async def test_codes_are_counted_where_somebody_shows_once_more_who_they_are(client, ada, app_of_ada):
    headers = ada.headers
    answers = [await client.post("/v1/auth/reauthenticate", json={"totp": "0"}, headers=headers) for _ in range(7)]
    assert [answer.status for answer in answers] == [422] * MOST + [429]


async def test_new_password_by_mail_ends_the_lock(client, ada, app_of_ada, inbox):
    await guess(client, MOST + 1)
    await inbox.next("ada@example.org")
    await client.post("/v1/auth/password/forgot", json={"email": "ada@example.org"})
    wish = {"token": await inbox.code("ada@example.org"), "password": PASSWORD}
    assert (await client.post("/v1/auth/password/reset", json=wish)).status == 204
    assert (await finish(client, await begin(client), totp=app_of_ada.next())).status == 200
