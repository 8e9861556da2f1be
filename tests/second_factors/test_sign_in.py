"""Signing in with a second factor."""

import pytest

from blogapi.db.client import object_id
from blogapi.users.passwords import HASHERS
from tests.conftest import PASSWORD
from tests.contract import pointers
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import register
from tests.passkeys.conftest import sign_in as sign_in_with_passkey
from tests.second_factors.conftest import MFA, SAME_SITE, begin, finish, mfa_of, sign_in, signed_in_with


async def invalid_at(response):
    """Where a code was refused. Whatever was wrong with it, the answer says the same."""
    assert response.status == 422
    problem = await response.json()
    assert problem["code"] == "code_invalid"
    assert [error["code"] for error in problem["errors"]] == ["code_invalid"]
    return pointers(problem)


async def test_password_alone_opens_no_session(client, app_of_ada, database):
    before = await database["sessions"].count_documents({})
    response = await sign_in(client)
    assert response.status == 401
    problem = await response.json()
    assert (problem["code"], problem["methods"]) == ("mfa_required", ["totp", "recovery_code"])
    assert await database["sessions"].count_documents({}) == before
    assert "Set-Cookie" not in response.headers


async def test_passkey_signs_in_without_the_app_and_is_named_as_a_way(client, ada, app_of_ada):
    phone = Authenticator()
    await register(client, ada, phone)
    assert set((await (await sign_in(client)).json())["methods"]) == {"totp", "recovery_code", "passkey"}
    assert (await sign_in_with_passkey(client, phone)).status == 200


async def test_code_of_the_app_finishes_a_sign_in(client, ada, app_of_ada, database):
    response = await finish(client, await begin(client), totp=app_of_ada.next())
    assert response.status == 200
    answer = await response.json()
    assert answer["user"]["id"] == ada.id
    assert answer["user"]["mfa"] == {"methods": ["totp"], "recovery_codes_left": 10}
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert me.status == 200
    session = await database["sessions"].find_one({"_id": object_id(answer["session_id"])})
    assert session["factors"] == ["password", "totp"]


async def test_flow_for_a_cookie_ends_in_a_cookie(client, app_of_ada):
    flow = await begin(client, mode="cookie")
    other_site = await client.post(MFA, json={"flow": flow, "totp": app_of_ada.next()})
    assert (other_site.status, (await other_site.json())["code"]) == (403, "cross_site")
    response = await finish(client, flow, totp=app_of_ada.code())
    assert response.status == 200
    assert "access_token" not in await response.json()
    assert response.cookies["session"]["httponly"]
    assert (await client.get("/v1/me", headers=SAME_SITE)).status == 200


async def test_recovery_code_finishes_a_sign_in_once_however_it_is_typed(client, ada, app_of_ada):
    code, other, *_ = app_of_ada.recovery_codes
    typed = other.upper().replace("-", " ").replace("0", "o")
    for shown in (code, typed):
        assert (await finish(client, await begin(client), recovery_code=shown)).status == 200
    assert await mfa_of(client, ada) == {"methods": ["totp"], "recovery_codes_left": 8}
    for shown in (code, typed):
        response = await finish(client, await begin(client), recovery_code=shown)
        assert await invalid_at(response) == {"/recovery_code"}


async def test_who_has_used_up_the_recovery_codes_is_asked_for_the_app(client, app_of_ada):
    for code in app_of_ada.recovery_codes:
        assert (await finish(client, await begin(client), recovery_code=code)).status == 200
    assert (await (await sign_in(client)).json())["methods"] == ["totp"]


@pytest.mark.parametrize(
    ("shown", "at"),
    [
        ({"totp": "000000"}, "/totp"),
        ({"totp": ""}, "/totp"),
        ({"totp": "12345"}, "/totp"),
        ({"totp": "١٢٣٤٥٦"}, "/totp"),
        ({"totp": "12345678"}, "/totp"),
        ({"recovery_code": "00000-00000"}, "/recovery_code"),
        ({"recovery_code": ""}, "/recovery_code"),
    ],
    ids=["wrong", "empty", "short", "not ASCII", "long", "unknown", "no code"],
)
async def test_wrong_code_says_no_more_than_that_and_leaves_the_flow(client, app_of_ada, shown, at):
    flow = await begin(client)
    assert await invalid_at(await finish(client, flow, **shown)) == {at}
    assert (await finish(client, flow, totp=app_of_ada.next())).status == 200


@pytest.mark.parametrize("shown", [{}, {"totp": "123456", "recovery_code": "k3f9x-7m2qd"}], ids=["none", "both"])
async def test_one_factor_is_shown_at_a_time(client, app_of_ada, shown):
    response = await finish(client, await begin(client), **shown)
    assert response.status == 422
    assert [error["code"] for error in (await response.json())["errors"]] == ["exactly_one"]


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_clock_may_be_a_step_off(client, app_of_ada, clock, steps):
    clock.forward(minutes=5)
    assert (await finish(client, await begin(client), totp=app_of_ada.code(steps=steps))).status == 200


@pytest.mark.parametrize("steps", [-2, 2])
async def test_code_of_another_time_is_refused(client, app_of_ada, clock, steps):
    clock.forward(minutes=5)
    assert await invalid_at(await finish(client, await begin(client), totp=app_of_ada.code(steps=steps))) == {"/totp"}


async def test_code_is_accepted_once(client, app_of_ada):
    code = app_of_ada.next()
    assert (await finish(client, await begin(client), totp=code)).status == 200
    assert await invalid_at(await finish(client, await begin(client), totp=code)) == {"/totp"}


async def test_earlier_code_is_refused_once_a_later_one_was_accepted(client, app_of_ada, clock):
    clock.forward(minutes=5)
    assert (await finish(client, await begin(client), totp=app_of_ada.code(steps=1))).status == 200
    assert await invalid_at(await finish(client, await begin(client), totp=app_of_ada.code())) == {"/totp"}


async def test_code_that_confirmed_the_app_signs_nobody_in(client, app_of_ada):
    assert await invalid_at(await finish(client, await begin(client), totp=app_of_ada.code())) == {"/totp"}


# The flow


async def test_flow_is_good_for_one_session(client, app_of_ada):
    flow = await begin(client)
    assert (await finish(client, flow, totp=app_of_ada.next())).status == 200
    code = app_of_ada.next()
    assert await invalid_at(await finish(client, flow, totp=code)) == {"/flow"}
    assert (await finish(client, await begin(client), totp=code)).status == 200  # the code was not spent with it


async def test_flow_is_good_for_ten_minutes(client, app_of_ada, clock):
    flow = await begin(client)
    clock.forward(minutes=10)
    assert await invalid_at(await finish(client, flow, totp=app_of_ada.code())) == {"/flow"}


async def test_flow_is_good_for_five_tries(client, app_of_ada):
    flow = await begin(client)
    for _ in range(5):
        assert await invalid_at(await finish(client, flow, totp="000000")) == {"/totp"}
    assert await invalid_at(await finish(client, flow, totp=app_of_ada.next())) == {"/flow"}
    assert (await finish(client, await begin(client), totp=app_of_ada.code())).status == 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda flow: "",
        lambda flow: "x",
        lambda flow: flow[:-1] + ("A" if flow[-1] != "A" else "B"),
        lambda flow: "0" * 24 + flow[24:],
    ],
    ids=["empty", "nonsense", "another mac", "another id"],
)
async def test_flow_of_nobody_is_refused(client, app_of_ada, spoil):
    flow = await begin(client)
    assert await invalid_at(await finish(client, spoil(flow), totp=app_of_ada.next())) == {"/flow"}
    assert (await finish(client, flow, totp=app_of_ada.code())).status == 200  # and has cost no try


async def test_code_of_a_mail_is_no_flow_and_a_flow_no_code_of_a_mail(client, app_of_ada, inbox):
    await inbox.next("ada@example.org")  # that there is an app now
    await client.post("/v1/auth/password/forgot", json={"email": "ada@example.org"})
    code = await inbox.code("ada@example.org")
    assert await invalid_at(await finish(client, code, totp=app_of_ada.next())) == {"/flow"}
    wish = {"token": await begin(client), "password": "seven grey herons"}
    assert await invalid_at(await client.post("/v1/auth/password/reset", json=wish)) == {"/token"}


async def test_changed_password_ends_a_flow(client, ada, app_of_ada):
    flow = await begin(client)
    wish = {"current_password": PASSWORD, "password": "seven grey herons"}
    assert (await client.post("/v1/auth/password/change", json=wish, headers=ada.headers)).status == 204
    assert await invalid_at(await finish(client, flow, totp=app_of_ada.next())) == {"/flow"}


async def test_suspended_user_finishes_no_flow(client, ada, app_of_ada, database):
    flow = await begin(client)
    await database["users"].update_one({"username": "ada"}, {"$set": {"status": "suspended"}})
    response = await finish(client, flow, totp=app_of_ada.next())
    assert (response.status, (await response.json())["code"]) == (401, "invalid_credentials")


async def test_flow_of_one_takes_no_code_of_another(client, app_of_ada, bob, add_app):
    app_of_bob = await add_app(bob)
    flow = await begin(client, "bob")
    for shown in ({"totp": app_of_ada.next()}, {"recovery_code": app_of_ada.recovery_codes[0]}):
        (at,) = await invalid_at(await finish(client, flow, **shown))
        assert at in ("/totp", "/recovery_code")
    assert (await finish(client, flow, totp=app_of_bob.code())).status == 200


async def test_wrong_password_tells_nothing_of_second_factors(client, app_of_ada, bob):
    answers = []
    for login in ("ada", "bob", "nobody"):
        response = await client.post("/v1/auth/login", json={"login": login, "password": "wrong password"})
        problem = await response.json()
        answers.append((response.status, {**problem, "request_id": ""}))
    assert answers[0] == answers[1] == answers[2]


async def test_sign_in_with_two_factors_costs_one_hash_and_is_noted_at_its_end(
    client, ada, app_of_ada, clock, monkeypatch
):
    hashed, ask = [], HASHERS.ask

    async def counted(question, **more):
        hashed.append(question)
        return await ask(question, **more)

    monkeypatch.setattr(HASHERS, "ask", counted)
    before = (await (await client.get("/v1/me", headers=ada.headers)).json())["last_login_at"]
    flow = await begin(client)
    clock.forward(minutes=1)
    assert (await (await client.get("/v1/me", headers=ada.headers)).json())["last_login_at"] == before
    answer = await (await finish(client, flow, totp=app_of_ada.code())).json()
    assert answer["user"]["last_login_at"][:19] == clock().isoformat()[:19]
    assert len(hashed) == 1


# Showing once more who one is


async def test_code_of_the_app_shows_once_more_who_one_is(client, ada, app_of_ada, clock):
    clock.forward(minutes=10)
    refused = await client.post("/v1/auth/recovery-codes", headers=ada.headers)
    assert (refused.status, (await refused.json())["code"]) == (403, "reauthentication_required")
    code = app_of_ada.code()
    shown = await client.post("/v1/auth/reauthenticate", json={"totp": code}, headers=ada.headers)
    assert shown.status == 200
    assert (await client.post("/v1/auth/recovery-codes", headers=ada.headers)).status == 200
    again = await client.post("/v1/auth/reauthenticate", json={"totp": code}, headers=ada.headers)
    assert await invalid_at(again) == {"/totp"}


async def test_who_has_no_app_shows_no_code(client, ada):
    response = await client.post("/v1/auth/reauthenticate", json={"totp": "123456"}, headers=ada.headers)
    assert await invalid_at(response) == {"/totp"}


@pytest.mark.parametrize("shown", [{}, {"password": PASSWORD, "totp": "123456"}], ids=["none", "both"])
async def test_showing_takes_a_password_or_a_code(client, ada, shown):
    response = await client.post("/v1/auth/reauthenticate", json=shown, headers=ada.headers)
    assert (response.status, (await response.json())["code"]) == (422, "invalid_fields")


async def test_session_of_two_factors_is_like_any_other(client, ada, app_of_ada):
    headers = await signed_in_with(client, totp=app_of_ada.next())
    assert (await client.get("/v1/auth/sessions", headers=headers)).status == 200
