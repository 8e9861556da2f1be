"""The life of an API key: made, used, listed, ended."""

from datetime import datetime, timedelta

import pytest

from blogapi.clock import rfc3339
from blogapi.privacy.service import PrivacyService
from blogapi.wiring import SERVICES
from tests.api_keys.conftest import basic, bearer
from tests.conftest import PASSWORD, until
from tests.contract import codes

PATH = "/v1/me/api-keys"


async def listed(client, who, query=""):
    response = await client.get(PATH + query, headers=who.headers)
    assert response.status == 200
    return await response.json()


async def test_new_key_is_answered_with_its_value_this_once(client, ada, make_key, clock):
    key = await make_key(ada, "posts:read", "posts:read", name="  Nightly  ")
    assert key.pop("key").startswith(f"bk_{key['id']}_")
    now = rfc3339(clock.start)
    assert key == {
        "id": key["id"],
        "name": "Nightly",
        "scopes": ["posts:read"],
        "created_at": now,
        "expires_at": None,
        "last_used_at": None,
    }
    assert (await listed(client, ada))["items"] == [key]


async def test_place_of_a_new_key_is_where_it_is_ended(client, ada):
    response = await client.post(PATH, json={"name": "Backup", "scopes": []}, headers=ada.headers)
    assert (await client.delete(response.headers["Location"], headers=ada.headers)).status == 204


async def test_nothing_that_opens_anything_is_kept(client, ada, database):
    headers = {**ada.headers, "Idempotency-Key": "once"}
    response = await client.post(PATH, json={"name": "Backup", "scopes": []}, headers=headers)
    secret = (await response.json())["key"].rpartition("_")[2]
    for name in ("api_keys", "idempotency"):
        kept = [document async for document in database[name].find({})]
        assert kept
        assert secret not in str(kept)


@pytest.mark.parametrize("how", [bearer, lambda key: basic(key["key"]), lambda key: basic(key["key"], "whatever")])
async def test_key_is_taken_as_bearer_token_and_as_user_of_basic_credentials(client, ada, make_key, how):
    key = await make_key(ada, "users:read")
    response = await client.get("/v1/me", headers=how(key))
    assert response.status == 200
    assert (await response.json())["id"] == ada.id


async def test_keys_are_listed_newest_first_in_pages_and_to_their_owner_alone(client, ada, bob, make_key, clock):
    made = []
    for number in range(3):
        clock.forward(seconds=1)
        made.append((await make_key(ada, name=str(number)))["id"])
    first = await listed(client, ada, "?limit=2&count=exact")
    second = await listed(client, ada, f"?limit=2&cursor={first['page']['next']}")
    assert [key["id"] for key in first["items"] + second["items"]] == made[::-1]
    assert (first["page"]["total"], second["page"]["next"]) == (3, None)
    assert (await listed(client, bob))["items"] == []


async def test_last_use_is_noted_once_an_hour(client, ada, make_key, clock, database):
    key, noted = await make_key(ada, "users:read"), []
    for minutes in (0, 59, 1, 59):
        clock.forward(minutes=minutes)
        assert (await client.get("/v1/me", headers=bearer(key))).status == 200
        noted.append((await database["api_keys"].find_one({}))["last_used_at"])
    assert noted[0] == noted[1]
    assert noted[2] == noted[3] == noted[0] + timedelta(hours=1)


async def test_key_is_made_only_by_who_has_just_shown_the_password(client, ada, clock):
    wish = {"name": "Backup", "scopes": ["posts:read"]}
    clock.forward(minutes=10)
    response = await client.post("/v1/me/api-keys", json=wish, headers=ada.headers)
    assert (response.status, (await response.json())["code"]) == (403, "reauthentication_required")
    shown = await client.post("/v1/auth/reauthenticate", json={"password": PASSWORD}, headers=ada.headers)
    assert shown.status == 200
    assert (await client.post("/v1/me/api-keys", json=wish, headers=ada.headers)).status == 201


async def test_key_is_good_until_it_expires_and_still_listed_then(client, ada, make_key, clock):
    ends = clock.start + timedelta(minutes=5)
    key = await make_key(ada, "users:read", expires_at=rfc3339(ends))
    clock.forward(minutes=5, seconds=-1)
    assert (await client.get("/v1/me", headers=bearer(key))).status == 200
    clock.forward(seconds=1)
    assert (await client.get("/v1/me", headers=bearer(key))).status == 401
    assert [each["expires_at"] for each in (await listed(client, ada))["items"]] == [rfc3339(ends)]


async def test_ended_key_is_dead_at_once_and_gone(client, ada, make_key):
    key = await make_key(ada, "users:read")
    assert (await client.get("/v1/me", headers=bearer(key))).status == 200
    assert (await client.delete(f"{PATH}/{key['id']}", headers=ada.headers)).status == 204
    assert (await client.get("/v1/me", headers=bearer(key))).status == 401
    assert (await client.delete(f"{PATH}/{key['id']}", headers=ada.headers)).status == 404
    assert (await listed(client, ada))["items"] == []


async def test_key_of_somebody_else_is_not_there(client, ada, admin, make_key):
    key = await make_key(ada, "users:read")
    assert (await client.delete(f"{PATH}/{key['id']}", headers=admin.headers)).status == 404
    assert (await client.get("/v1/me", headers=bearer(key))).status == 200


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({}, {("/name", "required"), ("/scopes", "required")}),
        ({"name": " ", "scopes": []}, {("/name", "too_short")}),
        ({"name": "x" * 81, "scopes": []}, {("/name", "too_long")}),
        ({"name": "x", "scopes": None}, {("/scopes", "required")}),
        ({"name": "x", "scopes": "posts:read"}, {("/scopes", "invalid_type")}),
        ({"name": "x", "scopes": ["posts:*"]}, {("/scopes/0", "invalid_choice")}),
        ({"name": "x", "scopes": ["posts:read"] * 12}, {("/scopes", "too_long")}),
        ({"name": "x", "scopes": [], "expires_at": "2020-01-01T00:00:00Z"}, {("/expires_at", "not_in_future")}),
        ({"name": "x", "scopes": [], "expires_at": "tomorrow"}, {("/expires_at", "invalid_type")}),
        ({"name": "x", "scopes": [], "user_id": "0" * 24}, {("/user_id", "unknown_field")}),
        ({"name": "x", "scopes": [], "key": "bk_mine"}, {("/key", "unknown_field")}),
    ],
)
async def test_key_that_cannot_be_is_refused(client, ada, wish, wrong):
    response = await client.post(PATH, json=wish, headers=ada.headers)
    assert response.status == 422
    assert codes(await response.json()) == wrong


async def test_repeated_request_makes_no_second_key_and_shows_no_value(client, ada):
    headers, wish = {**ada.headers, "Idempotency-Key": "once"}, {"name": "Backup", "scopes": []}
    first = await client.post(PATH, json=wish, headers=headers)
    again = await client.post(PATH, json=wish, headers=headers)
    assert (first.status, again.status) == (201, 409)
    problem = await again.json()
    assert (problem["code"], problem["location"]) == ("secret_shown_once", first.headers["Location"])
    assert "bk_" not in await again.text()
    assert len((await listed(client, ada))["items"]) == 1


async def test_retry_after_a_crash_gets_the_same_key_with_a_value_that_works(client, ada, database):
    """The first attempt made the key, and nobody was told."""
    headers, wish = {**ada.headers, "Idempotency-Key": "once"}, {"name": "Backup", "scopes": ["users:read"]}
    lost = await (await client.post(PATH, json=wish, headers=headers)).json()
    crashed = {"$set": {"state": "running", "lease_until": datetime(2020, 1, 1)}}
    await database["idempotency"].update_one({}, crashed)
    response = await client.post(PATH, json=wish, headers=headers)
    assert response.status == 201
    found = await response.json()
    assert found["id"] == lost["id"]
    assert (await client.get("/v1/me", headers=bearer(found))).status == 200
    assert (await client.get("/v1/me", headers=bearer(lost))).status == 401
    assert len((await listed(client, ada))["items"]) == 1


@pytest.mark.parametrize("status", ["suspended", "erased"])
async def test_keys_end_with_a_suspension_or_erasure_for_good(client, ada, admin, make_key, database, status):
    key = await make_key(ada, "users:read")
    user = await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)
    headers = {**admin.headers, "If-Match": user.headers["ETag"]}
    if status == "erased":
        await client.delete(f"/v1/users/{ada.id}", headers=headers)
    else:
        changed = await client.patch(f"/v1/users/{ada.id}", json={"status": status}, headers=headers)
        headers["If-Match"] = changed.headers["ETag"]
        assert (await client.get("/v1/me", headers=bearer(key))).status == 401
        lifted = await client.patch(f"/v1/users/{ada.id}", json={"status": "active"}, headers=headers)
        assert lifted.status == 200
    assert (await client.get("/v1/me", headers=bearer(key))).status == 401
    await client.app[SERVICES][PrivacyService].erase()  # or the job, if it was faster

    async def is_empty():
        return await database["api_keys"].count_documents({}) == 0

    await until(is_empty)


async def test_sign_out_everywhere_ends_no_key(client, ada, make_key):
    """A program is no sign-in: whoever signs out everywhere after a lost phone does not stop the nightly backup."""
    key = await make_key(ada, "users:read")
    assert (await client.post("/v1/auth/logout?all=true", headers=ada.headers)).status == 204
    assert (await client.get("/v1/me", headers=bearer(key))).status == 200


async def test_who_uses_a_key_costs_one_read(client, ada, make_key, database):
    key, reads = await make_key(ada, "posts:read"), []
    assert (await client.get("/v1/me/posts", headers=bearer(key))).status == 200
    database.on_read.append(reads.append)
    assert (await client.get("/v1/me/posts", headers=bearer(key))).status == 200
    assert reads == ["api_keys", "posts"]
    reads.clear()
    assert (await client.get("/v1/posts", headers=bearer(key))).status == 200
    assert "api_keys" not in reads
    database.on_read.remove(reads.append)


async def test_one_key_more_than_a_user_can_have_is_refused(few_keys, ada, make_key, clock):
    wish = {"name": "Backup", "scopes": []}
    soon = {"expires_at": rfc3339(clock.start + timedelta(minutes=1))}
    first, _ = await make_key(ada), await make_key(ada, **soon)
    retried = {**ada.headers, "Idempotency-Key": "one"}
    for headers in (ada.headers, retried):
        response = await few_keys.post(PATH, json=wish, headers=headers)
        assert response.status == 409
        assert (await response.json())["code"] == "too_many_api_keys"
    assert len((await listed(few_keys, ada))["items"]) == 2
    assert (await few_keys.delete(f"{PATH}/{first['id']}", headers=ada.headers)).status == 204
    assert (await few_keys.post(PATH, json=wish, headers=ada.headers)).status == 201
    clock.forward(minutes=1)  # one that has expired is not counted
    assert (await few_keys.post(PATH, json=wish, headers=ada.headers)).status == 201
    assert (await few_keys.post(PATH, json=wish, headers=ada.headers)).status == 409
