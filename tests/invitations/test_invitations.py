"""The life of an invitation: sent, accepted, withdrawn, expired."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from blogapi.app import create_app
from blogapi.clock import rfc3339
from blogapi.invitations.service import InvitationService
from blogapi.personal import Person
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, QUIET
from tests.contract import checked_client, faults
from tests.invitations.conftest import PATH
from tests.mail.reading import Inbox
from tests.mail.servers import text_of

EMAIL = "noor@example.org"
NEW = {"username": "noor", "email": EMAIL, "password": PASSWORD}


async def accept(client, code, headers=(), **changes):
    body = {**NEW, "invitation": code, **changes}
    return await client.post("/v1/auth/register", json=body, headers=dict(headers))


async def code_of(response):
    return (await response.json())["code"]


async def listed(client, admin, query=""):
    response = await client.get(PATH + query, headers=admin.headers)
    assert response.status == 200
    return (await response.json())["items"]


async def test_invitation_is_answered_without_its_code(client, admin, invite, inbox, clock):
    made = await invite(EMAIL, role="editor")
    assert made == {
        "id": made["id"],
        "email": EMAIL,
        "role": "editor",
        "status": "pending",
        "invited_by": admin.id,
        "user_id": None,
        "created_at": rfc3339(clock.start),
        "expires_at": rfc3339(clock.start + timedelta(days=7)),
        "accepted_at": None,
    }
    assert await listed(client, admin) == [made]
    response = await client.get(f"{PATH}/{made['id']}", headers=admin.headers)
    assert await response.json() == made


async def test_accepting_makes_an_account_with_that_role_and_a_confirmed_address(client, admin, invite, inbox):
    made = await invite(EMAIL, role="editor")
    response = await accept(client, await inbox.code(EMAIL))
    assert response.status == 201
    user = await response.json()
    assert (user["role"], user["status"]) == ("editor", "active")
    assert user["email_verified_at"] is not None
    (after,) = await listed(client, admin)
    assert after == {**made, "status": "accepted", "user_id": user["id"], "accepted_at": user["created_at"]}
    response = await client.post("/v1/auth/login", json={"login": "noor", "password": PASSWORD})
    assert response.status == 200


async def test_mail_is_in_the_language_of_the_administrator_and_says_who_invites(client, admin, invite, inbox):
    await invite(EMAIL, headers={"Accept-Language": "de-AT"})
    mail = await inbox.next(EMAIL)
    assert mail["Content-Language"] == "de"
    assert mail["Subject"] == "Adam lädt Sie zu localhost:8080 ein"
    assert EMAIL in text_of(mail)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"days": 7}, "within 7 days:"),
        ({"days": 2}, "within 2 days:"),
        ({"hours": 40}, "within 40 hours:"),
        ({"hours": 2}, "within 2 hours:"),
        ({"minutes": 90}, "within 90 minutes:"),
        ({"seconds": 30}, "within a minute:"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_mail_that_took_a_moment_tells_the_time_that_was_given(invite, inbox, clock, given, said):
    a_moment = timedelta(seconds=1)
    await invite(EMAIL, expires_at=rfc3339(clock.start + timedelta(**given) - a_moment))
    assert said in text_of(await inbox.next(EMAIL))


async def test_role_that_is_left_out_is_that_of_who_registers(invite, config):
    assert (await invite(EMAIL))["role"] == config.registration.role


async def test_nobody_registers_without_an_invitation(client):
    response = await client.post("/v1/auth/register", json=NEW)
    assert response.status == 403
    assert await code_of(response) == "registration_closed"


async def test_invitation_is_worth_its_role_where_anybody_can_register_too(
    aiohttp_client, config, database, clock, admin, invite, inbox
):
    await invite(EMAIL, role="editor")
    registration = replace(config.registration, mode="open")
    app = create_app(replace(config, registration=registration), database, now=clock)
    client = await checked_client(aiohttp_client, app)
    response = await accept(client, await inbox.code(EMAIL))
    assert response.status == 201
    assert (await response.json())["role"] == "editor"


async def test_closed_registration_takes_no_invitations(aiohttp_client, config, database, clock, admin, invite, inbox):
    await invite(EMAIL)
    code = await inbox.code(EMAIL)
    registration = replace(config.registration, mode="closed")
    app = create_app(replace(config, registration=registration), database, now=clock)
    client = await checked_client(aiohttp_client, app)
    for response in (
        await accept(client, code),
        await client.post(PATH, json={"email": "kim@example.org"}, headers=admin.headers),
    ):
        assert response.status == 403
        assert await code_of(response) == "registration_closed"


# Codes that are no good


@pytest.mark.parametrize(
    "changed",
    [
        lambda code: "",
        lambda code: code[:-1],
        lambda code: f"{code[:-1]}{'A' if code[-1] != 'A' else 'E'}",
        lambda code: f"0b1060000000000000000000{code[24:]}",
    ],
)
async def test_code_that_is_not_ours_is_refused(client, invite, inbox, changed):
    await invite(EMAIL)
    response = await accept(client, changed(await inbox.code(EMAIL)))
    assert await faults(response) == {"/invitation": "code_invalid"}


async def test_code_is_good_for_one_account(client, invite, inbox):
    await invite(EMAIL)
    code = await inbox.code(EMAIL)
    assert (await accept(client, code)).status == 201
    response = await accept(client, code, username="noor2")
    assert response.status in (409, 422)
    assert await code_of(response) in ("email_taken", "invalid_fields")


async def test_code_is_spent_also_when_its_account_has_another_address_by_now(client, invite, inbox, database):
    await invite(EMAIL)
    code = await inbox.code(EMAIL)
    assert (await accept(client, code)).status == 201
    await database["users"].update_one(
        {"username": "noor"}, {"$set": {"email": "n@example.net", "email_key": "n@example.net"}}
    )
    response = await accept(client, code, username="noor2")
    assert await faults(response) == {"/invitation": "code_invalid"}


async def test_code_of_another_purpose_is_refused(client, admin, invite, inbox):
    await client.post("/v1/auth/password/forgot", json={"email": admin.email})
    response = await accept(client, await inbox.code(admin.email), email=admin.email)
    assert await faults(response) == {"/invitation": "code_invalid"}
    await invite(EMAIL)
    code = await inbox.code(EMAIL)
    for path, more in (("email/verify", {}), ("password/reset", {"password": "another long password"})):
        response = await client.post(f"/v1/auth/{path}", json={"token": code, **more})
        assert await faults(response) == {"/token": "code_invalid"}
    assert (await accept(client, code)).status == 201


async def test_expired_invitation_is_gone(client, admin, invite, inbox, clock):
    made = await invite(EMAIL, expires_at=rfc3339(clock() + timedelta(hours=1)))
    code = await inbox.code(EMAIL)
    clock.forward(hours=1)
    response = await accept(client, code)
    assert await faults(response) == {"/invitation": "code_invalid"}
    assert await invited_again(client, made) == 201


async def invited_again(client, made):
    login = await client.post("/v1/auth/login", json={"login": "adam", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {(await login.json())['access_token']}"}
    assert (await client.get(f"{PATH}/{made['id']}", headers=headers)).status == 404
    assert (await (await client.get(PATH, headers=headers)).json())["items"] == []
    return (await client.post(PATH, json={"email": made["email"]}, headers=headers)).status


async def test_withdrawn_invitation_is_good_for_nothing(client, admin, invite, inbox):
    made = await invite(EMAIL)
    code = await inbox.code(EMAIL)
    assert (await client.delete(f"{PATH}/{made['id']}", headers=admin.headers)).status == 204
    assert (await client.delete(f"{PATH}/{made['id']}", headers=admin.headers)).status == 404
    assert await faults(await accept(client, code)) == {"/invitation": "code_invalid"}
    await invite(EMAIL)
    # The code of the former one is that of no other.
    assert await faults(await accept(client, code)) == {"/invitation": "code_invalid"}
    assert (await accept(client, await inbox.code(EMAIL))).status == 201


async def test_invitation_is_for_its_address(client, invite, inbox):
    await invite(EMAIL)
    code = await inbox.code(EMAIL)
    response = await accept(client, code, email="kim@example.org")
    assert await faults(response) == {"/email": "not_invited"}
    assert (await accept(client, code, email=" Noor@Example.ORG")).status == 201


# Asking for one


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({}, {"/email": "required"}),
        ({"email": "noor"}, {"/email": "invalid_format"}),
        ({"email": EMAIL, "role": "owner"}, {"/role": "invalid_choice"}),
        ({"email": EMAIL, "expires_at": "2020-01-01T00:00:00Z"}, {"/expires_at": "not_in_future"}),
        ({"email": EMAIL, "expires_at": "2999-01-01T00:00:00Z"}, {"/expires_at": "too_late"}),
        ({"email": EMAIL, "code": "x"}, {"/code": "unknown_field"}),
    ],
)
async def test_bad_invitation_names_what_is_wrong(client, admin, wish, wrong):
    response = await client.post(PATH, json=wish, headers=admin.headers)
    assert await faults(response) == wrong


async def test_address_has_one_invitation_and_none_once_it_has_an_account(client, admin, invite):
    await invite(EMAIL)
    response = await client.post(PATH, json={"email": "NOOR@example.org"}, headers=admin.headers)
    assert (response.status, await code_of(response)) == (409, "conflict")
    response = await client.post(PATH, json={"email": admin.email}, headers=admin.headers)
    assert (response.status, await code_of(response)) == (409, "email_taken")


async def test_repeated_request_invites_once(client, admin, invite, inbox):
    once = {"Idempotency-Key": "once"}
    first, second = await invite(EMAIL, headers=once), await invite(EMAIL, headers=once)
    assert first == second
    await inbox.next(EMAIL)
    assert inbox.unread() == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_invitations_are_for_administrators(client, ada, method):
    response = await client.request(
        method, PATH, headers=ada.headers, json={"email": EMAIL} if method == "POST" else None
    )
    assert response.status == 403


async def test_server_without_mail_invites_nobody(aiohttp_client, config, database, clock, admin):
    without = replace(config, environment="production", mail=replace(config.mail, url=""))
    client = await checked_client(aiohttp_client, create_app(without, database, now=clock))
    response = await client.post(PATH, json={"email": EMAIL}, headers=admin.headers)
    assert response.status == 503
    assert await code_of(response) == "mail_unavailable"


async def test_audit_log_tells_of_invitations(client, admin, invite, inbox):
    made = await invite(EMAIL, role="editor")
    await inbox.next(EMAIL)
    assert (await client.delete(f"{PATH}/{made['id']}", headers=admin.headers)).status == 204
    query = "action=invitation.created,invitation.deleted"
    response = await client.get(f"/v1/audit?{query}", headers=admin.headers)
    seen = [(each["action"], each["actor"], each["target"], each["facts"]) for each in (await response.json())["items"]]
    actor = {"kind": "session", "user_id": admin.id, "session_id": admin.session_id, "key_id": None}
    target = {"kind": "invitation", "id": made["id"]}
    assert sorted(seen, key=str) == [
        ("invitation.created", actor, target, {"role": "editor"}),
        ("invitation.deleted", actor, target, {}),
    ]


# Races and deaths


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_who_accept_at_once_one_gets_an_account(client, invite, inbox, database):
    await invite(EMAIL)
    code = await inbox.code(EMAIL)
    answers = await asyncio.gather(*(accept(client, code, username=f"noor{n}") for n in range(32)))
    counted = Counter(answer.status for answer in answers)
    assert counted[201] == 1
    assert set(counted) <= {201, 409, 422, 503}
    assert await database["users"].count_documents({"email_key": EMAIL}) == 1


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_invitations_of_one_address_one_is_made(client, admin, database):
    answers = await asyncio.gather(
        *(client.post(PATH, json={"email": EMAIL}, headers=admin.headers) for _ in range(32))
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 31}
    assert await database["invitations"].count_documents({}) == 1


async def test_attempt_that_died_after_the_account_was_made_is_finished(client, invite, inbox, database):
    await invite(EMAIL)
    code, headers = await inbox.code(EMAIL), {"Idempotency-Key": "once"}
    first = await (await accept(client, code, headers)).json()
    # As if the server had died after it had made the user.
    broken_off = {"$set": {"state": "running", "lease_until": datetime(2000, 1, 1)}, "$unset": {"body": ""}}
    await database["idempotency"].update_many({}, broken_off)
    second = await accept(client, code, headers)
    assert second.status == 201
    assert (await second.json())["id"] == first["id"]


async def test_mail_of_an_invitation_whose_process_died_is_sent_by_another(
    aiohttp_client, config, database, clock, admin
):
    """Between the invitation and its place in the queue."""
    quiet = await checked_client(aiohttp_client, create_app(config, database, features=QUIET, now=clock))
    response = await quiet.post(PATH, json={"email": EMAIL}, headers=admin.headers)
    assert response.status == 201
    assert Inbox(config.mail_folder).unread(EMAIL) == {}
    client = await checked_client(aiohttp_client, create_app(config, database, now=clock))
    assert (await accept(client, await Inbox(config.mail_folder).code(EMAIL))).status == 201


@pytest.mark.parametrize("why", ["expired", "erased"])
async def test_audit_log_tells_of_an_invitation_that_went_before_it_was_mailed(
    aiohttp_client, config, database, clock, admin, why
):
    quiet = await checked_client(aiohttp_client, create_app(config, database, features=QUIET, now=clock))
    made = await (await quiet.post(PATH, json={"email": EMAIL}, headers=admin.headers)).json()
    headers = admin.headers
    if why == "expired":
        clock.forward(days=8)
        again = await quiet.post("/v1/auth/login", json={"login": admin.username, "password": PASSWORD})
        headers = {"Authorization": f"Bearer {(await again.json())['access_token']}"}
        assert (await quiet.post(PATH, json={"email": EMAIL}, headers=headers)).status == 201
    else:
        await quiet.app[SERVICES][InvitationService].forget(Person(id="0" * 24, addresses=(EMAIL,)))
    assert (await quiet.get(f"{PATH}/{made['id']}", headers=headers)).status == 404
    response = await quiet.get(f"/v1/audit?target={made['id']}", headers=headers)
    assert [entry["action"] for entry in (await response.json())["items"]] == ["invitation.created"]


async def test_audit_log_tells_of_an_invitation_that_was_withdrawn_before_it_was_mailed(
    aiohttp_client, config, database, clock, admin
):
    quiet = await checked_client(aiohttp_client, create_app(config, database, features=QUIET, now=clock))
    made = await (await quiet.post(PATH, json={"email": EMAIL}, headers=admin.headers)).json()
    assert (await quiet.delete(f"{PATH}/{made['id']}", headers=admin.headers)).status == 204
    response = await quiet.get(f"/v1/audit?target={made['id']}", headers=admin.headers)
    seen = sorted(entry["action"] for entry in (await response.json())["items"])
    assert seen == ["invitation.created", "invitation.deleted"]
