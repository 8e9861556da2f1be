"""What the audit log tells, and who can read it."""

import re
from dataclasses import replace

import pytest

from blogapi.audit.model import ACTIONS
from blogapi.audit.service import AuditService
from blogapi.clock import rfc3339
from blogapi.config import AuditConfig
from blogapi.signing.service import KeyRing
from blogapi.wiring import SERVICES, build_services
from tests.auth.test_passwords import NEXT, change, forget, reset
from tests.conftest import PASSWORD, matching, with_etag
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import register
from tests.passkeys.conftest import sign_in as show_passkey

NOBODY = "0" * 24


async def manage(client, admin, who, **wish):
    """Change somebody as an administrator."""
    user = await with_etag(await client.get(f"/v1/users/{who.id}?view=admin", headers=admin.headers))
    response = await client.patch(f"/v1/users/{who.id}", json=wish, headers=matching(admin, user))
    assert response.status == 200, await response.text()


async def sign_in(client, login="ada", password=PASSWORD, **headers):
    return await client.post("/v1/auth/login", json={"login": login, "password": password}, headers=headers)


async def test_entry_says_who_did_what_to_what_when_and_from_where(client, admin, ada, audit, clock):
    clock.forward(minutes=1)
    user = await with_etag(await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers))
    headers = {**matching(admin, user), "X-Request-Id": "that-very-one"}
    await client.patch(f"/v1/users/{ada.id}", json={"role": "editor"}, headers=headers)
    (entry,) = await audit("action=security.role_changed")
    assert {**entry, "id": ""} == {
        "id": "",
        "action": "security.role_changed",
        "at": rfc3339(clock.time),
        "actor": {"kind": "session", "user_id": admin.id, "session_id": admin.session_id, "key_id": None},
        "target": {"kind": "user", "id": ada.id},
        "network": "127.0.0.0/24",
        "request_id": "that-very-one",
        "facts": {"from": "author", "to": "editor"},
    }


async def suspended(client, admin, ada, inbox):
    await manage(client, admin, ada, status="suspended")


async def reactivated(client, admin, ada, inbox):
    await manage(client, admin, ada, status="suspended")
    await manage(client, admin, ada, status="active")


async def renamed(client, admin, ada, inbox):
    await manage(client, admin, ada, display_name="Ada L.", bio="Counts.")


async def erased(client, admin, ada, inbox):
    await client.delete(f"/v1/users/{ada.id}", headers=admin.headers)


async def signed_in(client, admin, ada, inbox):
    await sign_in(client)


async def failed(client, admin, ada, inbox):
    assert (await sign_in(client, password="not it")).status == 401


async def failed_again(client, admin, ada, inbox):
    assert (
        await client.post("/v1/auth/reauthenticate", json={"password": "not it"}, headers=ada.headers)
    ).status == 401


async def signed_out(client, admin, ada, inbox):
    await client.post("/v1/auth/logout", headers=ada.headers)


async def signed_out_everywhere(client, admin, ada, inbox):
    await client.post("/v1/auth/logout?all=true", headers=ada.headers)


async def others_ended(client, admin, ada, inbox):
    await client.delete("/v1/auth/sessions", headers=ada.headers)


async def ended_by_admin(client, admin, ada, inbox):
    await client.delete(f"/v1/auth/sessions/{ada.session_id}?user={ada.id}", headers=admin.headers)


async def all_ended_by_admin(client, admin, ada, inbox):
    await client.delete(f"/v1/auth/sessions?user={ada.id}", headers=admin.headers)


async def refreshed_twice(client, admin, ada, inbox):
    clock = client.app[SERVICES].now
    await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    clock.forward(seconds=31)
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})).status == 401


async def changed_password(client, admin, ada, inbox):
    assert (await change(client, ada)).status == 204


async def reset_password(client, admin, ada, inbox):
    await forget(client)
    assert (await reset(client, await inbox.code(ada.email), NEXT)).status == 204


async def asked_for_email(client, admin, ada, inbox):
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    response = await client.patch("/v1/me", json={"email": "lady@example.org"}, headers=matching(ada, me))
    assert response.status == 200


async def changed_email(client, admin, ada, inbox):
    await asked_for_email(client, admin, ada, inbox)
    token = await inbox.code("lady@example.org")
    assert (await client.post("/v1/auth/email/verify", json={"token": token})).status == 200


async def verified_email(client, admin, ada, inbox):
    await client.post("/v1/auth/email/resend", json={"email": ada.email})
    token = await inbox.code(ada.email)
    assert (await client.post("/v1/auth/email/verify", json={"token": token})).status == 200


async def made_key(client, admin, ada, inbox):
    wish = {"name": "ada@example.org's program", "scopes": ["posts:read"]}
    response = await client.post("/v1/me/api-keys", json=wish, headers=ada.headers)
    return (await response.json())["id"]


async def revoked_key(client, admin, ada, inbox):
    key = await made_key(client, admin, ada, inbox)
    assert (await client.delete(f"/v1/me/api-keys/{key}", headers=ada.headers)).status == 204


async def registered_passkey(client, admin, ada, inbox):
    return (await register(client, ada, Authenticator()))["id"]


async def removed_passkey(client, admin, ada, inbox):
    passkey = await registered_passkey(client, admin, ada, inbox)
    assert (await client.delete(f"/v1/auth/passkeys/{passkey}", headers=ada.headers)).status == 204


async def showed_copy_of_passkey(client, admin, ada, inbox):
    phone = Authenticator()
    await register(client, ada, phone)
    assert [(await show_passkey(client, phone, count=count)).status for count in (5, 5)] == [200, 401]


async def asked_for_export(client, admin, ada, inbox):
    assert (await client.post("/v1/me/export", headers=ada.headers)).status == 202


async def called_off(client, admin, ada, inbox):
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    assert (await client.delete("/v1/me", headers=matching(ada, me))).status == 204
    assert (await sign_in(client)).status == 200


ADA, ADMIN, NOT_SIGNED_IN, MAIL_CODE = "session of ada", "session of admin", "anonymous", "mail_code of ada"


@pytest.mark.parametrize(
    ("flow", "action", "actor", "facts"),
    [
        (suspended, "user.suspended", ADMIN, {}),
        (reactivated, "user.reactivated", ADMIN, {}),
        (renamed, "user.updated", ADMIN, {"fields": ["display_name", "bio"]}),
        (erased, "user.erased", ADMIN, {}),
        (failed, "security.login_failed", NOT_SIGNED_IN, {"count": 1}),
        (failed_again, "security.login_failed", ADA, {"count": 1}),
        (signed_out, "session.ended", ADA, {"session_id": "{ada.session_id}"}),
        (signed_out_everywhere, "session.all_ended", ADA, {"kept": None}),
        (others_ended, "session.all_ended", ADA, {"kept": "{ada.session_id}"}),
        (ended_by_admin, "session.ended", ADMIN, {"session_id": "{ada.session_id}"}),
        (all_ended_by_admin, "session.all_ended", ADMIN, {"kept": None}),
        (refreshed_twice, "security.refresh_reuse", NOT_SIGNED_IN, {"session_id": "{ada.session_id}"}),
        (changed_password, "password.changed", ADA, {}),
        (reset_password, "password.reset", MAIL_CODE, {}),
        (asked_for_email, "email.change_requested", ADA, {}),
        (changed_email, "email.changed", MAIL_CODE, {}),
        (verified_email, "email.verified", MAIL_CODE, {}),
        (made_key, "api_key.created", ADA, {"scopes": ["posts:read"]}),
        (revoked_key, "api_key.revoked", ADA, {}),
        (registered_passkey, "passkey.registered", ADA, {}),
        (removed_passkey, "passkey.removed", ADA, {}),
        (asked_for_export, "user.exported", ADA, {}),
        (called_off, "user.erasure_called_off", "sign_in of ada", {}),
        (showed_copy_of_passkey, "security.passkey_count", NOT_SIGNED_IN, {}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_what_happens_to_an_account_is_told(client, admin, ada, audit, inbox, flow, action, actor, facts):
    await flow(client, admin, ada, inbox)
    (entry,) = await audit(f"action={action}&target={ada.id}")
    people = {"ada": ada, "admin": admin}
    kind, _, name = actor.partition(" of ")
    assert entry["actor"] == {
        "kind": kind,
        "user_id": people[name].id if name else None,
        "session_id": people[name].session_id if kind == "session" else None,
        "key_id": None,
    }
    told = {name: value.format(ada=ada) if isinstance(value, str) else value for name, value in facts.items()}
    assert told.items() <= entry["facts"].items()


async def test_sign_in_is_told_with_its_session(client, ada, audit, clock):
    clock.forward(seconds=1)
    answer = await (await sign_in(client)).json()
    entry = (await audit(f"action=session.opened&actor={ada.id}"))[0]
    assert entry["actor"]["session_id"] == answer["session_id"]
    assert entry["facts"] == {"kind": "token", "factors": ["password"]}


async def test_new_accounts_are_told(client, admin, audit):
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    registered = await (await client.post("/v1/auth/register", json=new)).json()
    other = {**new, "username": "carl", "email": "carl@example.org", "role": "editor"}
    created = await (await client.post("/v1/users", json=other, headers=admin.headers)).json()
    (entry,) = await audit(f"target={registered['id']}")
    assert (entry["action"], entry["actor"]["kind"]) == ("user.registered", "registration")
    assert entry["actor"]["user_id"] == registered["id"]
    (entry,) = await audit(f"target={created['id']}")
    assert (entry["action"], entry["actor"]["user_id"]) == ("user.created", admin.id)
    assert entry["facts"] == {"role": "editor"}


async def test_command_line_is_an_actor_of_its_own(client, admin, audit):
    (entry,) = await audit(f"target={admin.id}&action=user.created")
    nobody = {"user_id": None, "session_id": None, "key_id": None}
    assert (entry["actor"], entry["network"], entry["request_id"]) == ({"kind": "command_line", **nobody}, "", "")


async def test_new_signing_key_is_told_by_its_name(client, audit):
    key = await client.app[SERVICES][KeyRing].rotate()
    (entry,) = await audit("action=signing_key.rotated")
    assert (entry["actor"]["kind"], entry["target"]) == ("command_line", {"kind": "signing_key", "id": key.kid})


async def test_own_profile_is_nobody_elses_business(client, ada, audit):
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    await client.patch("/v1/me", json={"bio": "Counts."}, headers=matching(ada, me))
    assert {entry["action"] for entry in await audit(f"target={ada.id}")} == {"user.created", "session.opened"}


async def test_log_holds_ids_and_no_names(client, admin, ada, audit, inbox, database):
    for flow in (changed_email, made_key, failed, erased):
        await flow(client, admin, ada, inbox)
    await sign_in(client, "a password in the wrong field")
    for entry in await database["audit"].find({}).to_list(None):
        for word in ("ada", "lady", "example.org", "program", "wrong field"):
            # As a whole: an id may hold the letters of a name.
            assert not re.search(rf"(?<![a-z0-9]){word}(?![a-z0-9])", str(entry))


async def test_what_did_not_happen_is_not_told(client, admin, ada, audit):
    user = await with_etag(await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers))
    await manage(client, admin, ada, role="editor")
    response = await client.patch(f"/v1/users/{ada.id}", json={"role": "admin"}, headers=matching(admin, user))
    assert response.status == 412
    for path in (f"/v1/auth/sessions/{NOBODY}", f"/v1/me/api-keys/{NOBODY}"):
        assert (await client.delete(path, headers=ada.headers)).status == 404
    told = [entry["action"] for entry in await audit(f"target={ada.id}")]
    assert sorted(told) == ["security.role_changed", "session.opened", "user.created"]


# Reading


async def test_filters_choose(client, admin, ada, bob, audit, clock):
    clock.forward(minutes=1)
    since = rfc3339(clock.time)
    await manage(client, admin, ada, role="editor")
    clock.forward(minutes=1)
    until = rfc3339(clock.time)
    await manage(client, admin, bob, role="editor", bio="Counts.")
    assert len(await audit("action=security.role_changed,user.updated")) == 3
    assert {entry["target"]["id"] for entry in await audit(f"actor={admin.id}&at[gte]={until}")} == {bob.id}
    (entry,) = await audit(f"actor={admin.id}&at[gte]={since}&at[lt]={until}")
    assert entry["target"]["id"] == ada.id
    assert await audit(f"actor={bob.id}&target={ada.id}") == []


@pytest.mark.any_driver
@pytest.mark.parametrize("query", ["action=user.sneezed", "actor=ada", "at[gte]=yesterday", "target=a%20b", "sort=at"])
async def test_bad_filters_are_refused(client, admin, query):
    assert (await client.get(f"/v1/audit?{query}", headers=admin.headers)).status == 400


async def test_pages_hold_everything_once_newest_first(client, admin, ada, bob, audit):
    everything = await audit("limit=100")
    pages, path = [], "/v1/audit?limit=2&count=exact"
    while path:
        response = await client.get(path, headers=admin.headers)
        pages += (await response.json())["items"]
        link = response.links.get("next")
        path = link and str(link["url"].relative())
    assert pages == everything
    assert [entry["at"] for entry in pages] == sorted((entry["at"] for entry in pages), reverse=True)


async def test_log_is_for_administrators_alone(client, editor):
    assert (await client.get("/v1/audit")).status == 401
    assert (await client.get("/v1/audit", headers=editor.headers)).status == 403


@pytest.mark.parametrize(("scope", "status"), [("events:read", 200), ("users:admin", 403)])
async def test_program_reads_it_with_its_scope(client, admin, scope, status):
    wish = {"name": "Archive", "scopes": [scope]}
    key = (await (await client.post("/v1/me/api-keys", json=wish, headers=admin.headers)).json())["key"]
    assert (await client.get("/v1/audit", headers={"Authorization": f"Bearer {key}"})).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nobody_changes_it(client, admin, method):
    assert (await client.request(method, "/v1/audit", json={}, headers=admin.headers)).status == 405


# Keeping


@pytest.mark.parametrize(("keep_days", "stay"), [(30, True), (29, False)])
async def test_entries_go_when_they_are_old_enough_as_configured_now(
    client, admin, audit, config, database, clock, keep_days, stay
):
    (made,) = await audit(f"target={admin.id}&action=user.created")
    clock.forward(days=30)
    later = build_services(replace(config, audit=AuditConfig(keep_days=keep_days)), database, now=clock)
    await later[AuditService].remove_old_entries()
    assert await database["audit"].count_documents({"action": made["action"]}) == stay


@pytest.mark.parametrize("fact", ["ada@example.org", "Ada Lovelace", "x" * 101, [*range(21)], {"a": 1}, 1.5])
def test_texts_that_people_type_are_no_facts(config, database, fact):
    audit = build_services(config, database)[AuditService]
    with pytest.raises(ValueError, match="no fact"):
        audit.entry("user.updated", actor=None, target=NOBODY, fact=fact)


def test_actions_are_listed(config, database):
    with pytest.raises(KeyError):
        build_services(config, database)[AuditService].entry("user.sneezed", actor=None)
    assert all(action.says.endswith(".") for action in ACTIONS.values())
