"""What is no API key, not any more, or something else: always 401, and always the same."""

from datetime import timedelta

import pytest

from blogapi.clock import rfc3339
from tests.api_keys.conftest import basic, bearer

SECRET, ID = "A" * 43, "0" * 24
SAID = "The API key is not valid, or no longer valid."


async def refused(client, headers):
    response = await client.get("/v1/me", headers=headers)
    assert response.status == 401
    problem = await response.json()
    assert problem["code"] == "unauthenticated"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="blogapi"'
    return problem["detail"]


@pytest.mark.any_driver
@pytest.mark.parametrize(
    "value",
    [
        "bk_",
        "bk_x",
        f"bk_{ID}",
        f"bk_{ID}_",
        f"bk_{ID}_{SECRET}",
        f"bk_{ID}_{SECRET}A",
        f"bk_{ID}_{SECRET[1:]}",
        f"bk_{ID}_{SECRET[1:]}é",
        f"bk_{ID.replace('0', 'A')}_{SECRET}",
        f"bk_{ID}.{SECRET}",
        'bk_{"$ne": null}',
        "bk_" + "A" * 4000,
    ],
)
@pytest.mark.parametrize("how", [bearer, basic], ids=["bearer", "basic"])
async def test_nonsense_is_no_key(client, value, how):
    assert await refused(client, how(value)) == SAID


@pytest.mark.parametrize(
    "credentials",
    ["", "!", "YQ", "YQ==", "/////w==", "OmFkYQ==", "YWRhOmFkYQ=="],
    ids=["nothing", "no base64", "not padded", "no colon", "no UTF-8", "no user", "a person"],
)
async def test_other_basic_credentials_are_refused(client, credentials):
    await refused(client, {"Authorization": f"Basic {credentials}"})


async def test_scheme_may_be_written_in_any_case_and_the_key_may_not(client, ada, make_key):
    key = (await make_key(ada, "users:read"))["key"]
    assert (await client.get("/v1/me", headers={"Authorization": f"bEaReR {key}"})).status == 200
    credentials = basic(key)["Authorization"].partition(" ")[2]
    assert (await client.get("/v1/me", headers={"Authorization": f"bAsIc {credentials}"})).status == 200
    for other in (key.upper(), key.swapcase(), f"BK_{key[3:]}", f"{key}x", key[:-1], key[3:]):
        await refused(client, {"Authorization": f"Bearer {other}"})


async def test_nothing_tells_why_a_key_is_refused(client, ada, bob, make_key, clock, database):
    """Not whether there is such a key, nor what became of whom it belongs to."""
    soon = rfc3339(clock.start + timedelta(minutes=1))
    kinds = {
        "expired": await make_key(ada, "users:read", expires_at=soon),
        "ended": await make_key(ada, "users:read"),
        "of somebody who is suspended": await make_key(bob, "users:read"),
    }
    good = await make_key(ada, "users:read")
    await client.delete(f"/v1/me/api-keys/{kinds['ended']['id']}", headers=ada.headers)
    await database["users"].update_one({"username": "bob"}, {"$set": {"status": "suspended"}})
    clock.forward(minutes=2)
    said = {what: await refused(client, bearer(key)) for what, key in kinds.items()}
    said["unknown"] = await refused(client, bearer(f"bk_{ID}_{SECRET}"))
    said["wrong"] = await refused(client, bearer(f"bk_{good['id']}_{SECRET}"))
    assert set(said.values()) == {SAID}, said


async def test_secret_of_one_key_does_not_open_another(client, ada, bob, make_key):
    mine, other = await make_key(ada, "users:read"), await make_key(bob, "users:read")
    await refused(client, bearer(f"bk_{other['id']}_{mine['key'].rpartition('_')[2][-43:]}"))


async def test_key_of_somebody_who_is_gone_opens_nothing(client, ada, make_key, database):
    key = await make_key(ada, "users:read")
    await database["users"].delete_many({})
    await refused(client, bearer(key))


async def test_credential_of_one_kind_is_none_of_another(client, ada, make_key):
    key = (await make_key(ada, "users:read"))["key"]
    for token, status in ((key, 401), (ada.access_token, 422)):  # which is too long to be one
        response = await client.post("/v1/auth/refresh", json={"refresh_token": token})
        assert response.status == status
    for user in (ada.access_token, ada.refresh_token, ada.session_id):
        await refused(client, basic(user))
        await refused(client, bearer(f"bk_{user}"))
    await refused(client, bearer(ada.refresh_token))
    await refused(client, {"Cookie": f"session={key}"})
    response = await client.post("/v1/auth/login", json={"login": "ada", "password": key})
    assert (await response.json())["code"] == "invalid_credentials"


async def test_key_and_cookie_at_once_are_refused(client, ada, make_key):
    key = await make_key(ada, "users:read")
    response = await client.get("/v1/me", headers={**bearer(key), "Cookie": "session=x"})
    assert (await response.json())["code"] == "ambiguous_credentials"


async def test_key_is_in_no_log(client, ada, make_key, caplog):
    key = await make_key(ada, "users:read")
    for headers in (bearer(key), basic(key["key"]), bearer(key["key"][:-1])):
        await client.get("/v1/me", headers=headers)
    assert key["key"][-43:-1] not in caplog.text
