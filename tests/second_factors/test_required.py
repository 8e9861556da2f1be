"""Roles that need a second factor (`auth.mfa.required_roles`)."""

from dataclasses import replace

import pytest

from blogapi.config import MfaConfig
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.web.endpoint import declared
from tests.apps import app_on_empty
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import register, request_options
from tests.passkeys.conftest import sign_in as sign_in_with_passkey
from tests.second_factors.conftest import CONFIRM, TOTP, App, sign_in, signed_in_with
from tests.test_authorization import GUARDED, ask, name_of

KEYS = "/v1/me/api-keys"


@pytest.fixture
def app(config, database, clock):
    required = replace(config, auth=replace(config.auth, mfa=MfaConfig(required_roles=("admin", "editor"))))
    return app_on_empty(required, database, now=clock)


@pytest.fixture
def phone():
    return Authenticator()


async def is_refused(client, headers, path="/v1/users?view=admin"):
    response = await client.get(path, headers=headers)
    assert response.status in (200, 403)
    if response.status == 403:
        assert (await response.json())["code"] == "second_factor_required"
    return response.status == 403


async def test_who_lacks_one_gets_no_further_than_to_setting_one_up(client, admin, write, ada):
    draft = await write(ada)
    for route in GUARDED:
        response = await ask(client, route, draft, admin.headers)
        is_lacking = response.status == 403 and (await response.json())["code"] == "second_factor_required"
        assert is_lacking != declared(route.handler).before_second_factor, name_of(route)
        if route.path == "/v1/auth/logout":
            signed_in = await (await sign_in(client, "adam")).json()
            admin = replace(admin, access_token=signed_in["access_token"])


def test_routes_that_are_open_before_are_few():
    """Each opens something to whoever has a password alone: nothing of what the roles allow is among them."""
    assert {name_of(route) for route in routes_of(FEATURES) if declared(route.handler).before_second_factor} == {
        "GET /v1/me",
        "POST /v1/auth/email/resend",
        "POST /v1/auth/passkeys",
        "POST /v1/auth/passkeys/options",
        "POST /v1/auth/logout",
        "POST /v1/auth/password/change",
        "POST /v1/auth/reauthenticate",
        "POST /v1/auth/totp",
        "POST /v1/auth/totp/confirm",
    }


async def test_public_answers_with_more_for_some_need_it_too(client, admin):
    assert await is_refused(client, admin.headers, f"/v1/users/{admin.id}?view=admin")
    assert (await client.get("/v1/posts", headers=admin.headers)).status == 200


async def test_setting_one_up_opens_this_session_at_once(client, admin, add_app):
    assert await is_refused(client, admin.headers)
    app = await add_app(admin)
    assert not await is_refused(client, admin.headers)
    assert not await is_refused(client, await signed_in_with(client, "adam", totp=app.next()))


async def test_another_session_has_to_show_it(client, admin, add_app):
    other = await (await sign_in(client, "adam")).json()
    headers = {"Authorization": f"Bearer {other['access_token']}"}
    app = await add_app(admin)
    assert await is_refused(client, headers)
    shown = await client.post("/v1/auth/reauthenticate", json={"totp": app.next()}, headers=headers)
    assert shown.status == 200
    assert not await is_refused(client, headers)


async def test_removing_it_closes_what_it_had_opened(client, admin, add_app):
    await add_app(admin)
    assert (await client.delete(TOTP, headers=admin.headers)).status == 204
    assert await is_refused(client, admin.headers)
    await add_app(admin)
    assert not await is_refused(client, admin.headers)


async def test_other_roles_need_none(client, ada):
    assert (await client.get("/v1/posts?status=draft", headers=ada.headers)).status == 200


async def test_new_role_needs_it_from_the_next_request_on(client, ada, admin, add_app):
    await add_app(admin)
    user = await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)
    change = {**admin.headers, "If-Match": user.headers["ETag"]}
    assert (await client.patch(f"/v1/users/{ada.id}", json={"role": "editor"}, headers=change)).status == 200
    assert await is_refused(client, ada.headers, "/v1/posts?status=draft")


async def test_api_key_is_as_good_as_the_factors_of_its_user(client, admin, add_app):
    await add_app(admin)
    new = {"name": "Backup", "scopes": ["users:read", "users:admin"]}
    key = (await (await client.post(KEYS, json=new, headers=admin.headers)).json())["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert not await is_refused(client, headers)
    await client.delete(TOTP, headers=admin.headers)
    assert await is_refused(client, headers)


async def test_passkey_is_a_second_factor(client, admin, phone):
    await register(client, admin, phone)
    assert not await is_refused(client, admin.headers)  # whose session has just shown it
    signed_in = await (await sign_in_with_passkey(client, phone)).json()
    assert not await is_refused(client, {"Authorization": f"Bearer {signed_in['access_token']}"})
    by_password = await (await sign_in(client, "adam")).json()
    assert await is_refused(client, {"Authorization": f"Bearer {by_password['access_token']}"})


async def test_api_key_of_somebody_with_a_passkey_works(client, admin, phone):
    passkey = await register(client, admin, phone)
    new = {"name": "Backup", "scopes": ["users:read", "users:admin"]}
    key = (await (await client.post(KEYS, json=new, headers=admin.headers)).json())["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert not await is_refused(client, headers)
    assert (await client.delete(f"/v1/auth/passkeys/{passkey['id']}", headers=admin.headers)).status == 204
    assert await is_refused(client, headers)


@pytest.fixture
async def by_password(client, admin):
    """The headers of a session of the administrator that has shown nothing but the password."""
    signed_in = await (await sign_in(client, "adam")).json()
    return {"Authorization": f"Bearer {signed_in['access_token']}"}


async def second_factor_required(response):
    return (response.status, (await response.json())["code"]) == (403, "second_factor_required")


async def add_another(client, headers):
    """The answers to attempts at another app and another passkey."""
    return [await client.post(path, headers=headers) for path in (TOTP, "/v1/auth/passkeys/options")]


async def test_password_alone_adds_nothing_to_an_app(client, admin, add_app, by_password):
    """Whoever guessed it would have both factors."""
    app = await add_app(admin)
    assert all([await second_factor_required(response) for response in await add_another(client, by_password)])
    shown = await client.post("/v1/auth/reauthenticate", json={"totp": app.next()}, headers=by_password)
    assert shown.status == 200
    assert [response.status for response in await add_another(client, by_password)] == [409, 200]


async def test_password_alone_adds_nothing_to_a_passkey(client, admin, phone, by_password):
    await register(client, admin, phone)
    assert all([await second_factor_required(response) for response in await add_another(client, by_password)])
    answer = phone.get(await request_options(client))
    shown = await client.post("/v1/auth/reauthenticate", json={"passkey": answer}, headers=by_password)
    assert shown.status == 200
    assert [response.status for response in await add_another(client, by_password)] == [201, 200]


async def test_what_began_before_there_was_a_passkey_is_not_finished_with_a_password_alone(
    client, admin, phone, clock, by_password
):
    offered = await (await client.post(TOTP, headers=by_password)).json()
    thief = Authenticator()
    credential = thief.create(await (await client.post("/v1/auth/passkeys/options", headers=by_password)).json())
    await register(client, admin, phone)
    app = App(offered["secret"], clock, [])
    confirmed = await client.post(CONFIRM, json={"totp": app.code()}, headers=by_password)
    assert await second_factor_required(confirmed)
    wish = {"credential": credential, "name": "Mine"}
    assert await second_factor_required(await client.post("/v1/auth/passkeys", json=wish, headers=by_password))
