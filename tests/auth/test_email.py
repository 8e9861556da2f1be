"""Confirming an e-mail address, and getting another one."""

import asyncio
from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.clock import utc_now
from blogapi.config import LimitsConfig, RegistrationConfig
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, until, with_etag
from tests.contract import checked_client, pointers
from tests.mail.servers import text_of

NEW = {"username": "grace", "email": "Grace@Example.org", "password": PASSWORD}
VERIFY, RESEND = "/v1/auth/email/verify", "/v1/auth/email/resend"


@pytest.fixture
async def grace(client):
    """Has registered and not confirmed yet."""
    response = await client.post("/v1/auth/register", json=NEW)
    assert response.status == 201
    return await response.json()


async def sign_in(client, login="grace", password=PASSWORD):
    return await client.post("/v1/auth/login", json={"login": login, "password": password})


async def headers_of(client, **login):
    answer = await (await sign_in(client, **login)).json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def verify(client, token):
    return await client.post(VERIFY, json={"token": token})


async def me(client, headers):
    return await with_etag(await client.get("/v1/me", headers=headers))


async def change_email(client, headers, email):
    user = await me(client, headers)
    return await client.patch("/v1/me", json={"email": email}, headers={**headers, "If-Match": user["etag"]})


# Confirming


async def test_new_account_works_and_is_unverified_until_its_mail_is_answered(client, grace, inbox):
    assert (grace["status"], grace["email_verified_at"]) == ("unverified", None)
    assert (await sign_in(client)).status == 200
    mail = await inbox.next("grace@example.org")
    assert mail["Subject"] == "Confirm your e-mail address for localhost:8080"
    response = await verify(client, text_of(mail).partition("token=")[2].split()[0])
    assert response.status == 200
    user = await response.json()
    assert (user["id"], user["status"]) == (grace["id"], "active")
    assert user["email_verified_at"] is not None


async def test_confirming_ends_no_session(client, grace, inbox):
    headers = await headers_of(client)
    await verify(client, await inbox.code("grace@example.org"))
    assert (await me(client, headers))["status"] == "active"


async def test_code_is_spent_once(client, grace, inbox):
    code = await inbox.code("grace@example.org")
    assert (await verify(client, code)).status == 200
    response = await verify(client, code)
    assert response.status == 422
    problem = await response.json()
    assert (problem["code"], pointers(problem)) == ("code_invalid", {"/token"})


async def test_code_expires(client, grace, inbox, clock):
    code = await inbox.code("grace@example.org")
    clock.forward(hours=24, seconds=1)
    assert (await (await verify(client, code)).json())["code"] == "code_invalid"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda code: "",
        lambda code: "x",
        lambda code: code[:-1] + ("A" if code[-1] != "A" else "B"),
        lambda code: "0" * 24 + code[24:],
        lambda code: code + "x",
        lambda code: code.upper(),
        lambda code: code.partition(".")[0] + ".",
    ],
    ids=["empty", "nonsense", "another mac", "another id", "longer", "capitals", "no mac"],
)
async def test_wrong_code_says_no_more_than_that(client, grace, inbox, spoil):
    code = await inbox.code("grace@example.org")
    response = await verify(client, spoil(code))
    assert response.status == 422
    assert (await response.json())["code"] == "code_invalid"
    assert (await verify(client, code)).status == 200  # and spends nothing


async def test_database_holds_nothing_that_confirms(client, grace, inbox, database):
    code = await inbox.code("grace@example.org")
    for name in ("proofs", "mails", "users"):
        kept = str(await database[name].find({}).to_list(None))
        assert code.partition(".")[2] not in kept


async def test_mail_is_in_the_language_that_the_browser_asked_for(client, inbox):
    headers = {"Accept-Language": "fr-CH, fr;q=0.9, en;q=0.8"}
    await client.post("/v1/auth/register", json=NEW, headers=headers)
    assert (await inbox.next("grace@example.org"))["Subject"].startswith("Confirmez votre adresse e-mail")


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_who_spend_a_code_at_once_one_does(client, grace, inbox):
    code = await inbox.code("grace@example.org")
    answers = await asyncio.gather(*(verify(client, code) for _ in range(32)))
    assert sorted(answer.status for answer in answers) == [200] + [422] * 31


async def test_spending_that_was_cut_off_is_finished_by_the_next_try(client, grace, inbox, database):
    """As if the server had died between the two writes."""
    code = await inbox.code("grace@example.org")
    assert (await verify(client, code)).status == 200
    await database["proofs"].update_many({}, {"$set": {"spent_at": None}})
    assert (await verify(client, code)).status == 200
    assert (await verify(client, code)).status == 422


async def test_change_that_was_cut_off_is_finished_by_the_next_try(client, grace, inbox, database):
    await change_email(client, await headers_of(client), "grace@new.example")
    code = await inbox.code("grace@new.example")
    await inbox.next("grace@example.org")
    assert (await verify(client, code)).status == 200
    await database["proofs"].update_many({}, {"$set": {"spent_at": None}})
    assert (await verify(client, code)).status == 200
    assert "another e-mail address" in text_of(await inbox.next("grace@example.org"))
    await until_all_are_sent(database)
    assert inbox.unread("grace@example.org") == {}  # it is told once


async def test_mail_is_in_the_language_of_the_account(client, grace, inbox):
    headers = await headers_of(client)
    user = await me(client, headers)
    await client.patch("/v1/me", json={"locale": "es-MX"}, headers={**headers, "If-Match": user["etag"]})
    await inbox.next("grace@example.org")
    await client.post(RESEND, json={"email": "grace@example.org"}, headers={"Accept-Language": "de"})
    assert (await inbox.next("grace@example.org"))["Subject"].startswith("Confirme su dirección de correo")


# Asking again


async def test_mail_can_be_asked_for_again(client, grace, inbox):
    first = await inbox.code("grace@example.org")
    assert (await client.post(RESEND, json={"email": "grace@EXAMPLE.org"})).status == 202
    second = await inbox.code("grace@example.org")
    assert first != second
    assert (await verify(client, first)).status == 200
    assert (await verify(client, second)).status == 200  # it is theirs still


@pytest.mark.parametrize("email", ["nobody@example.org", "ada@example.org"], ids=["unknown", "confirmed"])
async def test_asking_tells_nothing_and_nobody(client, grace, ada, inbox, database, email):
    await database["users"].update_one({"username": "ada"}, {"$set": {"email_verified_at": utc_now()}})
    known = await client.post(RESEND, json={"email": "grace@example.org"})
    other = await client.post(RESEND, json={"email": email})
    assert (known.status, await known.read()) == (other.status, await other.read()) == (202, b"")
    await until_all_are_sent(database)
    assert list(inbox.unread(email).values()) == []


async def until_all_are_sent(database):
    """Until no mail waits any more."""

    async def is_empty():
        waiting = await database["mails"].count_documents({"state": "waiting"})
        return waiting == await database["users"].count_documents({"outbox.id": {"$exists": True}}) == 0

    await until(is_empty)


async def test_asking_is_limited_by_mailbox_alike(aiohttp_client, config, database):
    limited = replace(config, limits=LimitsConfig(mail="2/hour", storage="memory"))
    client = await checked_client(aiohttp_client, create_app(limited, database))
    await client.post("/v1/auth/register", json=NEW)
    for email in ("grace@example.org", "nobody@example.org"):
        answers = [await client.post(RESEND, json={"email": email}) for _ in range(3)]
        assert [answer.status for answer in answers] == [202, 202, 429]


# Another address


async def test_another_address_counts_once_it_is_confirmed_and_the_old_one_is_told(client, grace, inbox):
    headers = await headers_of(client)
    response = await change_email(client, headers, "grace@new.example")
    assert response.status == 200
    user = await response.json()
    assert (user["email"], user["pending_email"]) == ("Grace@Example.org", "grace@new.example")
    await inbox.next("grace@example.org")
    response = await verify(client, await inbox.code("grace@new.example"))
    assert response.status == 200
    user = await response.json()
    assert (user["email"], user["pending_email"], user["status"]) == ("grace@new.example", None, "active")
    assert "another e-mail address" in text_of(await inbox.next("grace@example.org"))
    assert (await sign_in(client, "grace@new.example")).status == 200
    assert (await sign_in(client, "grace@example.org")).status == 401


async def test_other_capitals_need_no_mail(client, grace, inbox):
    response = await change_email(client, await headers_of(client), "grace@example.org")
    user = await response.json()
    assert (user["email"], user["pending_email"]) == ("grace@example.org", None)


async def test_later_wish_makes_the_link_of_an_earlier_one_worthless(client, grace, inbox):
    headers = await headers_of(client)
    await change_email(client, headers, "grace@one.example")
    first = await inbox.code("grace@one.example")
    await change_email(client, headers, "grace@two.example")
    second = await inbox.code("grace@two.example")
    assert (await verify(client, first)).status == 422
    assert (await verify(client, second)).status == 200


async def test_address_of_somebody_else_is_told_to_them_alone(client, grace, ada, inbox):
    headers = await headers_of(client)
    response = await change_email(client, headers, "ada@example.org")
    assert response.status == 200
    assert (await response.json())["pending_email"] == "ada@example.org"
    mail = await inbox.next("ada@example.org")
    assert mail["Subject"] == "Your e-mail address is in use on localhost:8080"
    assert "token=" not in text_of(mail)


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)  # the mock names another index
async def test_address_that_somebody_else_took_meanwhile_is_a_conflict(client, grace, inbox, sign_up):
    await change_email(client, await headers_of(client), "bob@example.org")
    code = await inbox.code("bob@example.org")
    await sign_up("bob")
    response = await verify(client, code)
    assert response.status == 409
    assert (await response.json())["code"] == "email_taken"


async def test_address_needs_a_fresh_sign_in(client, grace, clock, inbox):
    headers = await headers_of(client)
    clock.forward(minutes=9, seconds=30)
    token = await client.post("/v1/auth/reauthenticate", json={"password": PASSWORD}, headers=headers)
    assert token.status == 200
    clock.forward(minutes=9)
    assert (await change_email(client, bearer(await token.json()), "grace@new.example")).status == 200
    clock.forward(minutes=2)
    fresh = await headers_of(client)
    clock.forward(minutes=9, seconds=59)
    assert (await change_email(client, fresh, "grace@newer.example")).status == 200


def bearer(answer):
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def test_old_session_may_not_change_the_address(client, grace, clock):
    cookie = await client.post(
        "/v1/auth/login",
        json={"login": "grace", "password": PASSWORD, "mode": "cookie"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert cookie.status == 200
    clock.forward(minutes=10)
    same_site = {"Sec-Fetch-Site": "same-origin"}
    response = await change_email(client, same_site, "grace@new.example")
    assert response.status == 403
    assert (await response.json())["code"] == "reauthentication_required"
    wrong = await client.post("/v1/auth/reauthenticate", json={"password": "wrong"}, headers=same_site)
    assert (wrong.status, (await wrong.json())["code"]) == (401, "invalid_credentials")
    assert (await wrong.json())["detail"] == "This is not the present password."
    right = await client.post("/v1/auth/reauthenticate", json={"password": PASSWORD}, headers=same_site)
    assert right.status == 204
    assert (await change_email(client, same_site, "grace@new.example")).status == 200


# What registration asks for


@pytest.fixture
def client_that_asks(aiohttp_client, config, database, clock):
    """An app whose registration asks for this: `await client_that_asks("first")`."""

    async def client_that_asks(when, **changes):
        changed = replace(config, registration=RegistrationConfig(verify_email=when), **changes)
        return await checked_client(aiohttp_client, create_app(changed, database, now=clock))

    return client_that_asks


async def test_off_asks_for_nothing(client_that_asks, database):
    client = await client_that_asks("off")
    user = await (await client.post("/v1/auth/register", json=NEW)).json()
    assert user["status"] == "active"
    assert await database["users"].count_documents({"outbox": {"$exists": True}}) == 0


async def test_first_lets_nobody_in_before(client_that_asks, inbox):
    client = await client_that_asks("first")
    await client.post("/v1/auth/register", json=NEW)
    response = await sign_in(client)
    assert (response.status, (await response.json())["code"]) == (401, "invalid_credentials")
    assert (await verify(client, await inbox.code("grace@example.org"))).status == 200
    assert (await sign_in(client)).status == 200


ALIKE = ("id", "created_at", "updated_at", "username", "email", "display_name")


async def test_first_answers_a_known_address_like_a_new_one_and_tells_its_owner(client_that_asks, inbox):
    client = await client_that_asks("first")
    await client.post("/v1/auth/register", json=NEW)
    await verify(client, await inbox.code("grace@example.org"))
    known = await client.post("/v1/auth/register", json={**NEW, "username": "eve"})
    new = await client.post("/v1/auth/register", json={**NEW, "username": "eva", "email": "eva@example.org"})
    assert known.status == new.status == 201
    first, second = await known.json(), await new.json()
    assert (first["username"], first["email"]) == ("eve", "Grace@Example.org")
    assert {**first, **dict.fromkeys(ALIKE)} == {**second, **dict.fromkeys(ALIKE)}
    # Afterwards nothing tells them apart either: the names are taken, and nobody can sign in.
    for name in ("eve", "eva"):
        again = {**NEW, "username": name, "email": f"other-{name}@example.org"}
        assert (await client.post("/v1/auth/register", json=again)).status == 409
        assert (await sign_in(client, name)).status == 401
    mail = await inbox.next("grace@example.org")
    assert mail["Subject"] == "You have an account on localhost:8080 already"
    assert "grace" in text_of(mail)


async def test_first_replays_a_known_address_like_a_new_one(client_that_asks, inbox):
    client = await client_that_asks("first")
    await client.post("/v1/auth/register", json=NEW)
    headers = {"Idempotency-Key": "once"}
    first = await client.post("/v1/auth/register", json={**NEW, "username": "eve"}, headers=headers)
    second = await client.post("/v1/auth/register", json={**NEW, "username": "eve"}, headers=headers)
    assert (await first.json()) == (await second.json())


async def test_first_frees_the_names_of_who_never_confirmed(client_that_asks, clock, database):
    client = await client_that_asks("first")
    await client.post("/v1/auth/register", json=NEW)
    await client.post("/v1/auth/register", json={**NEW, "username": "eve"})
    users = client.app[SERVICES][UserService]
    assert await users.registration.remove_unproven() == 0
    clock.forward(days=7, seconds=1)
    assert await users.registration.remove_unproven() == 2
    assert (await client.post("/v1/auth/register", json=NEW)).status == 201


# Without mail


async def test_what_needs_a_mail_says_that_there_is_none(client_that_asks, database):
    client = await client_that_asks("later", environment="production")
    await client.post("/v1/auth/register", json=NEW)
    headers = await headers_of(client)
    for response in (
        await client.post(RESEND, json={"email": "grace@example.org"}),
        await change_email(client, headers, "grace@new.example"),
    ):
        assert response.status == 503
        assert (await response.json())["code"] == "mail_unavailable"
    assert (await client.post("/v1/auth/password/forgot", json={"email": "grace@example.org"})).status == 202
    assert await database["mails"].count_documents({}) == 0


async def test_registration_that_has_to_be_confirmed_first_needs_mail(client_that_asks):
    client = await client_that_asks("first", environment="production")
    response = await client.post("/v1/auth/register", json=NEW)
    assert response.status == 503
    assert (await response.json())["code"] == "mail_unavailable"
