"""A forgotten password, and another one."""

import asyncio
from dataclasses import replace

import pytest

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.auth.model import Caller
from blogapi.auth.service import AuthService
from blogapi.clock import utc_now
from blogapi.config import RegistrationConfig
from blogapi.db.client import new_id
from blogapi.mail.model import Mail
from blogapi.users.model import NewUser
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES, build_services
from tests.auth.test_sign_in import count_hashes, managed
from tests.conftest import PASSWORD
from tests.contract import codes
from tests.mail.servers import text_of

FORGOT, RESET, CHANGE = "/v1/auth/password/forgot", "/v1/auth/password/reset", "/v1/auth/password/change"
NEXT = "nine small wooden boats"


async def forget(client, email="ada@example.org"):
    response = await client.post(FORGOT, json={"email": email})
    assert (response.status, await response.read()) == (202, b"")


async def reset(client, token, password=NEXT):
    return await client.post(RESET, json={"token": token, "password": password})


async def change(client, who, current=PASSWORD, password=NEXT):
    wish = {"current_password": current, "password": password}
    return await client.post(CHANGE, json=wish, headers=who.headers)


async def can_sign_in(client, password, login="ada"):
    response = await client.post("/v1/auth/login", json={"login": login, "password": password})
    return response.status == 200


async def is_signed_in(client, who):
    return (await client.get("/v1/me", headers=who.headers)).status == 200


# Forgotten


async def test_forgotten_password_is_replaced_and_its_owner_is_told(client, ada, inbox):
    await forget(client, "ADA@example.org")
    mail = await inbox.next("ada@example.org")
    assert mail["Subject"] == "Set a new password for localhost:8080"
    assert "http://localhost:8080/reset-password?token=" in text_of(mail)
    response = await reset(client, text_of(mail).partition("token=")[2].split()[0])
    assert response.status == 204
    assert not await can_sign_in(client, PASSWORD)
    assert await can_sign_in(client, NEXT)
    assert "has a new password" in text_of(await inbox.next("ada@example.org"))


async def test_reset_ends_every_session(client, ada, inbox):
    await forget(client)
    await reset(client, await inbox.code("ada@example.org"))
    assert not await is_signed_in(client, ada)
    response = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    assert response.status == 401


async def test_sessions_are_over_with_the_password_though_nobody_removed_them(client, ada, inbox, database):
    """As if the server had died between the two."""
    sessions = await database["sessions"].find({}).to_list(None)
    await forget(client)
    await reset(client, await inbox.code("ada@example.org"))
    await database["sessions"].insert_many(sessions)
    assert not await is_signed_in(client, ada)
    answer = await (await client.post("/v1/auth/login", json={"login": "ada", "password": NEXT})).json()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    listed = (await (await client.get("/v1/auth/sessions", headers=headers)).json())["items"]
    assert [each["id"] for each in listed] == [answer["session_id"]]


async def new_key(client, who):
    """The headers of a program with a key."""
    wish = {"name": "A program", "scopes": ["users:read"]}
    response = await client.post("/v1/me/api-keys", json=wish, headers=who.headers)
    assert response.status == 201
    return {"Authorization": f"Bearer {(await response.json())['key']}"}


async def test_keys_end_with_a_reset_though_nobody_removed_them(client, ada, inbox, database):
    key = await new_key(client, ada)
    keys = await database["api_keys"].find({}).to_list(None)
    await forget(client)
    await reset(client, await inbox.code("ada@example.org"))
    assert await database["api_keys"].count_documents({}) == 0
    await database["api_keys"].insert_many(keys)
    assert (await client.get("/v1/me", headers=key)).status == 401


async def test_keys_outlive_a_change(client, ada):
    key = await new_key(client, ada)
    await change(client, ada)
    assert (await client.get("/v1/me", headers=key)).status == 200
    newer = await new_key(client, ada)
    assert (await client.get("/v1/me", headers=newer)).status == 200


async def test_reset_confirms_the_address(client, inbox):
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    await client.post("/v1/auth/register", json=new)
    await inbox.next("grace@example.org")
    await forget(client, "grace@example.org")
    await reset(client, await inbox.code("grace@example.org"))
    user = await client.app[SERVICES][UserService].find_by_login("grace")
    assert (user.status, user.email_verified_at is not None) == ("active", True)


async def test_code_resets_once(client, ada, inbox):
    await forget(client)
    code = await inbox.code("ada@example.org")
    assert (await reset(client, code)).status == 204
    response = await reset(client, code, "seven other wooden boats")
    assert response.status == 422
    problem = await response.json()
    assert (problem["code"], codes(problem)) == ("code_invalid", {("/token", "code_invalid")})
    assert await can_sign_in(client, NEXT)


async def test_code_resets_once_though_nobody_noted_that_it_was_spent(client, ada, inbox, database):
    await forget(client)
    code = await inbox.code("ada@example.org")
    await reset(client, code)
    await database["proofs"].update_many({}, {"$set": {"spent_at": None}})
    assert (await reset(client, code, "seven other wooden boats")).status == 422


async def test_code_resets_for_an_hour(client, ada, inbox, clock):
    await forget(client)
    code = await inbox.code("ada@example.org")
    clock.forward(minutes=59)
    assert (await reset(client, code, "short")).status == 422
    clock.forward(minutes=1, seconds=1)
    assert (await (await reset(client, code)).json())["code"] == "code_invalid"


async def test_bad_password_spends_no_code(client, ada, inbox):
    await forget(client)
    code = await inbox.code("ada@example.org")
    response = await reset(client, code, "ada@example.org")
    assert response.status == 422
    assert codes(await response.json()) == {("/password", "same_as_email")}
    assert (await reset(client, code)).status == 204


@pytest.mark.parametrize("how", ["reset", "change"])
async def test_new_password_makes_all_other_codes_worthless(client, ada, inbox, how):
    await forget(client)
    first = await inbox.code("ada@example.org")
    if how == "reset":
        await forget(client)
        await reset(client, await inbox.code("ada@example.org"))
    else:
        await change(client, ada)
    assert (await reset(client, first, "seven other wooden boats")).status == 422


async def test_code_that_confirms_an_address_resets_no_password(client, inbox):
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    await client.post("/v1/auth/register", json=new)
    code = await inbox.code("grace@example.org")
    assert (await reset(client, code)).status == 422
    await forget(client, "grace@example.org")
    other = await inbox.code("grace@example.org")
    assert (await client.post("/v1/auth/email/verify", json={"token": other})).status == 422


async def test_asking_looks_nobody_up(config, database, monkeypatch):
    """What is not done takes no time: a known and an unknown address cost the same single write."""
    services = build_services(config, database)
    new = NewUser(username="ada", email="ada@example.org", password=PASSWORD)
    await services[UserService].making.create(as_operator(), new)
    hashes, asked = count_hashes(monkeypatch), []
    services.database.on_read.append(asked.append)
    services.database.on_write.append(lambda write: asked.append(write.collection))
    for email in ("ada@example.org", "nobody@example.org"):
        await services[AuthService].recovery.forgot(email, Caller(device="", address="192.0.2.1"))
    assert (hashes, asked) == ([], ["mails", "mails"])


@pytest.mark.parametrize("email", ["nobody@example.org", "sue@example.org"], ids=["unknown", "suspended"])
async def test_nobody_gets_a_mail_who_has_no_account_to_get_into(client, ada, sign_up, inbox, email):
    users = client.app[SERVICES][UserService]
    sue = await users.get((await sign_up("sue")).id)
    await users.manage(as_operator(), sue, managed(sue, status="suspended"), frozenset({sue.version}))
    await forget(client, email)
    await forget(client)
    await inbox.next("ada@example.org")  # which came later
    assert inbox.unread() == {}


async def test_mail_goes_to_the_address_as_its_owner_wrote_it(client, ada, inbox):
    """Capitals may be another mailbox, too. What looks like letters and is none is no address."""
    response = await client.post(FORGOT, json={"email": "\uff41da@example.org"})
    assert codes(await response.json()) == {("/email", "invalid_format")}
    await forget(client, "ADA@example.org")
    assert (await inbox.next("ada@example.org"))["To"] == "ada@example.org"


@pytest.mark.parametrize("letter", ["reset_password", "verify_email"])
async def test_letter_to_nobody_costs_what_one_to_somebody_does(client, ada, database, letter):
    """Or who asks often enough could tell by our time whether there is an account."""
    letters = client.app[SERVICES][AuthService].letters
    asked = {}
    for to in ("ada@example.org", "nobody@example.org"):
        seen = asked[to] = []
        client.app[SERVICES].database.on_read[:] = [seen.append]
        client.app[SERVICES].database.on_write[:] = [lambda write, seen=seen: seen.append(write.collection)]
        written = await getattr(letters, letter)(Mail(id=new_id(), kind=letter, to=to, created_at=utc_now()))
        assert (written.to, written.template) == (to if "ada" in to else "", letter)
    assert asked["ada@example.org"] == asked["nobody@example.org"] == ["users", "proofs"]


async def test_what_is_no_address_is_refused(client):
    response = await client.post(FORGOT, json={"email": "ada@example.org\nBcc: eve@example.org"})
    assert response.status == 422
    response = await client.post(FORGOT, json={"email": "nowhere"})
    assert codes(await response.json()) == {("/email", "invalid_format")}


async def test_reset_lets_in_who_has_not_confirmed_where_that_comes_first(aiohttp_client, config, database, inbox):
    config = replace(config, registration=RegistrationConfig(verify_email="first"))
    client = await aiohttp_client(create_app(config, database))
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    await client.post("/v1/auth/register", json=new)
    await inbox.next("grace@example.org")
    await forget(client, "grace@example.org")
    assert not await can_sign_in(client, PASSWORD, "grace")
    await reset(client, await inbox.code("grace@example.org"))
    assert await can_sign_in(client, NEXT, "grace")


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_resets_with_one_code_one_wins(client, ada, inbox):
    await forget(client)
    code = await inbox.code("ada@example.org")
    passwords = [f"wooden boat number {n}" for n in range(32)]
    answers = await asyncio.gather(*(reset(client, code, password) for password in passwords))
    won = [password for password, answer in zip(passwords, answers, strict=True) if answer.status == 204]
    assert sorted(answer.status for answer in answers) == [204] + [422] * 31
    assert await can_sign_in(client, won[0])


# Changed


async def test_change_ends_every_other_session_and_the_owner_is_told(client, ada, inbox):
    answer = await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    other = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
    assert (await change(client, ada)).status == 204
    assert await is_signed_in(client, ada)
    listed = (await (await client.get("/v1/auth/sessions", headers=ada.headers)).json())["items"]
    assert [each["id"] for each in listed] == [ada.session_id]
    assert (await client.get("/v1/me", headers=other)).status == 401
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})).status == 200
    assert await can_sign_in(client, NEXT)
    assert "has a new password" in text_of(await inbox.next("ada@example.org"))


async def test_session_that_was_kept_ends_with_the_next_change(client, ada):
    await change(client, ada)
    answer = await client.post("/v1/auth/login", json={"login": "ada", "password": NEXT})
    other = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
    wish = {"current_password": NEXT, "password": PASSWORD}
    assert (await client.post(CHANGE, json=wish, headers=other)).status == 204
    assert not await is_signed_in(client, ada)


@pytest.mark.parametrize(
    ("current", "password", "wrong"),
    [
        ("a wrong password", NEXT, ("/current_password", "wrong_password")),
        (PASSWORD, "short", ("/password", "too_short")),
        (PASSWORD, "1234567890", ("/password", "common_password")),
    ],
)
async def test_bad_change_is_refused(client, ada, current, password, wrong):
    response = await change(client, ada, current, password)
    assert response.status == 422
    assert codes(await response.json()) == {wrong}
    assert await can_sign_in(client, PASSWORD)


async def test_address_that_waits_is_forgotten_with_the_password(client, ada, inbox):
    """Whoever had somebody's session and wanted to take the account away does not succeed later."""
    etag = (await client.get("/v1/me", headers=ada.headers)).headers["ETag"]
    await client.patch("/v1/me", json={"email": "eve@example.org"}, headers={**ada.headers, "If-Match": etag})
    code = await inbox.code("eve@example.org")
    await forget(client)
    await reset(client, await inbox.code("ada@example.org"))
    assert (await client.post("/v1/auth/email/verify", json={"token": code})).status == 422


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_changes_at_once_one_wins(client, ada):
    passwords = [f"wooden boat number {n}" for n in range(32)]
    answers = await asyncio.gather(*(change(client, ada, password=password) for password in passwords))
    won = [password for password, answer in zip(passwords, answers, strict=True) if answer.status == 204]
    assert len(won) == 1
    assert {answer.status for answer in answers} <= {204, 409, 422}
    assert await can_sign_in(client, won[0])
