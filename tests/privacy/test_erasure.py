"""Leaving: asked for, called off, and what is left after it."""

import re
from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date

from blogapi.access.administrator import as_operator
from blogapi.mail.service import MailService
from blogapi.privacy.service import PrivacyService
from blogapi.users.model import NewUser
from blogapi.users.service import UserService
from tests.conftest import PASSWORD
from tests.mail.servers import text_of
from tests.privacy.dump import places_of
from tests.privacy.life import AVATAR, BIO, DEVICE, DISPLAY_NAME, EMAIL, LABEL, LINK, NEW_EMAIL, TEXT, USERNAME, WORDS

WEEK = timedelta(days=7)
# Where people say what they like, and nobody erases anything.
TEXTS = re.compile(r"(posts\.(working|live)|revisions)\.(body|html|excerpt_auto|heavy_digest)$")


async def admin_at(client, services, username):
    new = NewUser(username=username, email=f"{username}@example.org", password=PASSWORD, role="admin")
    await services[UserService].making.create(as_operator(), new)
    response = await client.post("/v1/auth/login", json={"login": username, "password": PASSWORD})
    return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def send_mails(services):
    await services[UserService].outbox.hand_over()
    await services[MailService].deliver()


# The time of grace


async def test_asking_ends_all_sessions_and_answers_with_an_etag(client, life, leave):
    response = await leave(life)
    assert response.headers["ETag"]
    assert (await client.get("/v1/me", headers=life.headers)).status == 401


async def test_sessions_do_not_come_back_when_it_is_called_off(client, life, leave):
    headers = life.headers
    await leave(life)
    await life.sign_in()
    assert (await client.get("/v1/me", headers=headers)).status == 401
    assert (await life.me())["erasure_at"] is None


async def test_api_keys_rest_until_it_is_called_off(client, ada, leave):
    new = {"name": "backup", "scopes": ["users:read"]}
    key = (await (await client.post("/v1/me/api-keys", json=new, headers=ada.headers)).json())["key"]
    bearer = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/v1/me", headers=bearer)).status == 200
    await leave(ada)
    assert (await client.get("/v1/me", headers=bearer)).status == 401
    await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    assert (await client.get("/v1/me", headers=bearer)).status == 200


# The day is another one in one of them than in UTC, at any time.
@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_mail_says_the_day_where_its_reader_is(client, ada, leave, services, inbox, clock, timezone):
    etag = (await client.get("/v1/me", headers=ada.headers)).headers["ETag"]
    wish = {"timezone": timezone}
    assert (await client.patch("/v1/me", json=wish, headers={**ada.headers, "If-Match": etag})).status == 200
    await leave(ada)
    await send_mails(services)
    day = format_date((clock.time + WEEK).astimezone(ZoneInfo(timezone)), "long", locale="en")
    assert [mail["Subject"] for mail in inbox.unread("ada@example.org").values() if day in mail["Subject"]]


async def test_mail_says_until_when_and_another_one_that_the_account_stays(client, life, leave, services, inbox, clock):
    await send_mails(services)
    await leave(life)
    await send_mails(services)
    subject = "Your account on localhost:8080 will be erased on"
    asked = [mail for mail in inbox.unread(EMAIL).values() if subject in mail["Subject"]]
    day = format_date((clock.time + WEEK).astimezone(ZoneInfo("Europe/London")), "long", locale="en")
    assert [mail["Subject"] for mail in asked] == [f"{subject} {day}"]
    await life.sign_in()
    await send_mails(services)
    stays = [mail for mail in inbox.unread(EMAIL).values() if "stays" in mail["Subject"]]
    assert len(stays) == 1
    assert USERNAME in text_of(stays[0])


async def test_readers_see_everything_as_before_until_it_is_done(client, life, leave, erase, clock):
    await leave(life)
    clock.forward(days=6)
    await erase()
    post = await (await client.get(f"/v1/posts/{life.post_id}")).json()
    assert post["authors"][0]["display_name"] == DISPLAY_NAME
    assert (await client.get(f"/v1/users/{life.id}")).status == 200
    assert (await life.sign_in()).status == 200


async def test_administrators_see_when_somebody_will_be_erased(client, life, leave, services):
    admin = await admin_at(client, services, "root-1")
    await leave(life)
    user = await (await client.get(f"/v1/users/{life.id}?view=admin", headers=admin)).json()
    assert user["status"] == "unverified"
    assert user["erasure_at"] > user["updated_at"]


@pytest.mark.parametrize(
    ("later", "headers", "status", "code"),
    [
        (11, {}, 403, "reauthentication_required"),
        (11, {"If-Match": None}, 403, "reauthentication_required"),
        (0, {"If-Match": None}, 428, "precondition_required"),
        (0, {"If-Match": '"99-x"'}, 412, "stale"),
    ],
)
async def test_asking_takes_a_fresh_proof_and_the_present_version(
    client, ada, leave, clock, later, headers, status, code
):
    clock.forward(minutes=later)
    response = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    fresh = await response.json()
    asked = SimpleNamespace(headers={"Authorization": f"Bearer {fresh['access_token']}"})
    response = await leave(asked, status, **headers)
    assert (await response.json())["code"] == code


async def test_no_api_key_may_ask(client, ada, leave):
    new = {"name": "backup", "scopes": ["users:read"]}
    key = (await (await client.post("/v1/me/api-keys", json=new, headers=ada.headers)).json())["key"]
    asked = SimpleNamespace(headers={"Authorization": f"Bearer {key}"})
    assert (await (await leave(asked, 403)).json())["code"] == "insufficient_scope"


async def test_last_administrator_cannot_leave(client, leave, services):
    first = SimpleNamespace(headers=await admin_at(client, services, "root-1"))
    assert (await (await leave(first, 409)).json())["code"] == "conflict"


async def test_of_two_administrators_one_can_leave(client, leave, services):
    first, second = [SimpleNamespace(headers=await admin_at(client, services, name)) for name in ("root-1", "root-2")]
    await leave(first)
    await leave(second, 409)
    await client.post("/v1/auth/login", json={"login": "root-1", "password": PASSWORD})
    await leave(second)


# Afterwards


async def test_nothing_is_found_outside_of_texts(client, life, leave, erase, clock, database):
    assert await places_of(database, *WORDS)
    await leave(life)
    clock.forward(days=7)
    await erase()
    left = await places_of(database, *WORDS)
    assert {place for place in left if not TEXTS.search(place)} == set()
    assert "posts.working.body" in left


async def test_posts_stay_with_a_neutral_byline(client, life, leave, erase, clock):
    await leave(life)
    before = await (await client.get(f"/v1/posts/{life.post_id}")).json()
    clock.forward(days=7)
    await erase()
    after = await (await client.get(f"/v1/posts/{life.post_id}")).json()
    neutral = {"username": f"erased-{life.id}", "display_name": "Deleted user", "avatar_url": None}
    assert after["authors"] == [{"id": life.id, **neutral}]
    assert {**after, "authors": None} == {**before, "authors": None}


async def test_erased_person_has_no_profile_and_cannot_sign_in(client, life, leave, erase, clock):
    await leave(life)
    clock.forward(days=7)
    await erase()
    for url in (f"/v1/users/{life.id}", f"/v1/users/by-username/{USERNAME}", f"/v1/users/by-username/erased-{life.id}"):
        assert (await client.get(url)).status == 404
    await life.sign_in(status=401)
    await life.sign_in(EMAIL, status=401)


async def test_same_name_and_address_can_register_again(client, life, leave, erase, clock):
    await leave(life)
    clock.forward(days=7)
    await erase()
    again = {"username": USERNAME, "email": EMAIL, "password": PASSWORD}
    response = await client.post("/v1/auth/register", json=again, headers={"Idempotency-Key": "registering"})
    assert response.status == 201
    assert (await response.json())["id"] != life.id


async def test_erasure_by_an_administrator_leaves_nothing_either(client, life, erase, services, database):
    admin = await admin_at(client, services, "root-1")
    assert (await client.delete(f"/v1/users/{life.id}", headers=admin)).status == 204
    await erase()
    assert {place for place in await places_of(database, *WORDS) if not TEXTS.search(place)} == set()


async def test_trace_that_a_request_under_way_leaves_is_removed_in_the_second_round(
    client, life, leave, services, clock, database
):
    session = await database["sessions"].find_one({"device": DEVICE})
    await leave(life)
    clock.forward(days=7)
    await services[PrivacyService].erase()
    await database["sessions"].insert_one(session)
    await services[PrivacyService].erase()
    assert await places_of(database, DEVICE) == {"sessions.device"}
    clock.forward(minutes=1)
    await services[PrivacyService].erase()
    assert await places_of(database, DEVICE) == set()
    user = await services[UserService].get(life.id)
    assert user.erasing is None


async def test_who_is_suspended_meanwhile_is_erased_all_the_same(client, life, leave, erase, services, clock):
    admin = await admin_at(client, services, "root-1")
    await leave(life)
    user = await client.get(f"/v1/users/{life.id}?view=admin", headers=admin)
    headers = {**admin, "If-Match": user.headers["ETag"]}
    changed = await client.patch(f"/v1/users/{life.id}", json={"status": "suspended"}, headers=headers)
    assert changed.status == 200
    clock.forward(days=7)
    await erase()
    assert (await services[UserService].get(life.id)).status == "erased"


async def test_log_names_nobody(client, life, leave, erase, services, clock, caplog):
    caplog.set_level("DEBUG")
    await life.sign_in("nobody-at-all", status=401)
    await send_mails(services)
    await leave(life)
    clock.forward(days=7)
    await erase()
    words = (USERNAME, EMAIL, NEW_EMAIL, DISPLAY_NAME, BIO, LABEL, AVATAR, LINK, TEXT)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("blogapi")]
    assert [line for line in ours if any(word.lower() in line.lower() for word in words)] == []


async def test_audit_log_tells_of_it_and_forgets_from_where_she_acted(client, life, leave, erase, clock, services):
    await leave(life)
    await life.sign_in()
    await leave(life)
    clock.forward(days=7)
    await erase()
    admin = await admin_at(client, services, "root-1")
    entries = (await (await client.get(f"/v1/audit?target={life.id}&limit=100", headers=admin)).json())["items"]
    anonymous = [entry for entry in entries if entry["actor"]["kind"] == "anonymous"]
    assert not [entry for entry in anonymous if entry["network"]]
    told = [entry["action"] for entry in reversed(entries) if entry["action"].startswith("user.eras")]
    requested = "user.erasure_requested"
    assert told == [requested, "user.erasure_called_off", requested, "user.erased"]
    hers = (await (await client.get(f"/v1/audit?actor={life.id}&limit=100", headers=admin)).json())["items"]
    assert {"user.registered", "user.erasure_called_off"} <= {entry["action"] for entry in hers}
    assert not [entry for entry in hers if entry["network"]]
