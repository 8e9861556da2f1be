"""Strangers who try passwords are locked out, and nobody can lock out the owner of an account."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from blogapi.app import create_app
from blogapi.config import LimitsConfig, ServerConfig
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.auth.test_devices import sign_in as from_device
from tests.auth.test_passwords import NEXT, change, forget, reset
from tests.auth.test_sign_in import no_turns
from tests.conftest import PASSWORD
from tests.contract import checked_client

WRONG = "not the password"
# More than one address may try altogether, and fewer than all.
BY_ADDRESS, BY_ACCOUNT, ALL_OF_AN_ADDRESS = 3, 5, 9


@pytest.fixture
def config(config):
    limits = LimitsConfig(
        sign_in=f"{BY_ADDRESS}/hour",
        sign_in_account=f"{BY_ACCOUNT}/hour",
        sign_in_address=f"{ALL_OF_AN_ADDRESS}/hour",
    )
    return replace(config, limits=limits, server=ServerConfig(workers=1, trusted_proxies=(ip_network("127.0.0.0/8"),)))


async def guess(client, login="ada", password=WRONG, *, address="198.51.100.7", device=None, cookie=None):
    """The status, and the code if it has one."""
    sent = {"login": login, "password": password} | ({} if device is None else {"device_token": device})
    headers = {"X-Forwarded-For": address}
    if cookie is not None:
        sent, headers = {**sent, "mode": "cookie"}, {**headers, "Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
    response = await client.post("/v1/auth/login", json=sent, headers=headers)
    answer = await response.json()
    return response.status, answer.get("code")


FAILED, LOCKED, LIMITED, IN = (401, "invalid_credentials"), (429, "locked"), (429, "rate_limited"), (200, None)


async def lock(client, login="ada"):
    """Try until all who are strange to an account are locked out of it."""
    for number in range(2 * BY_ACCOUNT):
        if await guess(client, login, address=f"198.51.{number}.1") == LOCKED:
            return
    raise AssertionError("not locked")


@pytest.mark.parametrize("login", ["ada", "ADA@example.org", "nobody", "nobody@example.org"])
async def test_login_is_locked_for_an_address_whoever_has_it(client, ada, login):
    assert [await guess(client, login) for _ in range(BY_ADDRESS + 1)] == [FAILED] * BY_ADDRESS + [LOCKED]


async def test_tries_that_nobody_had_time_for_do_not_count(client, ada):
    passwords = client.app[SERVICES][UserService]._passwords
    turns, passwords._turns = passwords._turns, no_turns()
    answers = [await guess(client, password=PASSWORD) for _ in range(BY_ADDRESS + 1)]
    assert answers == [(503, "unavailable")] * (BY_ADDRESS + 1)
    passwords._turns = turns
    assert await guess(client, password=PASSWORD) == IN


@pytest.mark.parametrize("login", ["ada", "nobody"])
async def test_addresses_together_are_locked_as_well(client, ada, login):
    answers = [await guess(client, login, address=f"198.51.{number}.1") for number in range(BY_ACCOUNT + 1)]
    assert answers == [FAILED] * BY_ACCOUNT + [LOCKED]


async def test_locked_login_does_not_tell_whether_a_password_is_right(client, ada):
    await lock(client)
    assert await guess(client, password=PASSWORD) == LOCKED
    response = await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    assert 0 < int(response.headers["Retry-After"]) <= 3600


async def test_name_and_address_of_an_account_are_locked_apart(client, ada):
    """Else whoever guesses would learn that they belong together."""
    await lock(client)
    assert await guess(client, "ada@example.org", address="192.0.2.9") == FAILED


async def test_right_password_is_not_counted(client, ada):
    assert [await guess(client, password=PASSWORD) for _ in range(BY_ACCOUNT + 2)] == [IN] * (BY_ACCOUNT + 2)
    assert [await guess(client, address="192.0.2.9") for _ in range(BY_ADDRESS)] == [FAILED] * BY_ADDRESS


async def test_device_that_has_signed_in_is_not_locked(client, ada):
    token = (await from_device(client))["device_token"]
    await lock(client)
    assert await guess(client, password=PASSWORD) == LOCKED
    assert await guess(client, password=PASSWORD, device=token) == IN
    assert await guess(client, "ada@example.org", PASSWORD, device=token) == IN


async def test_browser_that_has_signed_in_is_not_locked(client, ada):
    token = (await from_device(client))["device_token"]
    await lock(client)
    assert await guess(client, password=PASSWORD, cookie=f"device={token}") == IN


async def test_neighbours_do_not_lock_a_known_device_out(client, ada):
    """They share its address, in an office or behind a provider."""
    token = (await from_device(client))["device_token"]
    answers = [await guess(client, f"name{number}") for number in range(ALL_OF_AN_ADDRESS + 1)]
    assert answers[-1] == LIMITED
    assert await guess(client, password=PASSWORD, device=token) == IN


async def test_known_device_has_a_count_of_its_own(client, ada):
    one, other = [(await from_device(client))["device_token"] for _ in range(2)]
    assert [await guess(client, device=one) for _ in range(BY_ADDRESS + 1)] == [FAILED] * BY_ADDRESS + [LOCKED]
    assert await guess(client, password=PASSWORD, device=other) == IN
    assert await guess(client) == FAILED


@pytest.mark.parametrize("device", ["of bob", "x" * 43, "too short"])
async def test_device_is_known_for_its_own_user_alone(client, ada, bob, device):
    token = (await from_device(client, "bob"))["device_token"] if device == "of bob" else device
    await lock(client)
    assert await guess(client, password=PASSWORD, device=token) == LOCKED
    for number in range(ALL_OF_AN_ADDRESS):
        await guess(client, f"name{number}", address="192.0.2.9", device=token)
    assert await guess(client, "somebody", address="192.0.2.9", device=token) == LIMITED


# How it ends


async def unlock(client, admin, who):
    response = await client.post(f"/v1/users/{who}/unlock", headers=admin.headers)
    return response.status


@pytest.fixture
async def other(aiohttp_client, config, database):
    """Another process. It starts before there are people: the mock has unique indexes for all documents."""
    return await checked_client(aiohttp_client, create_app(config, database))


async def test_administrator_unlocks_on_every_process(other, client, ada, admin):
    for process in (client, other):
        await lock(process)
        await lock(process, "ada@example.org")
    assert await unlock(client, admin, ada.id) == 204
    for process in (client, other):
        assert await guess(process, password=PASSWORD) == IN
        assert await guess(process, "ada@example.org", PASSWORD) == IN


async def test_unlocking_does_not_make_an_open_form_stale(client, ada, admin):
    before = (await client.get("/v1/me", headers=ada.headers)).headers["ETag"]
    assert await unlock(client, admin, ada.id) == 204
    assert (await client.get("/v1/me", headers=ada.headers)).headers["ETag"] == before


async def test_unlocking_is_for_administrators(client, ada, editor, admin):
    assert await unlock(client, editor, ada.id) == 403
    assert await unlock(client, admin, "0" * 24) == 404


async def test_new_password_by_mail_unlocks(client, ada, inbox):
    await lock(client)
    await forget(client)
    await reset(client, await inbox.code(ada.email), NEXT)
    assert await guess(client, password=NEXT) == IN


# What makes a device strange again


async def after_a_reset(client, ada, device, inbox):
    await forget(client)
    await reset(client, await inbox.code(ada.email), PASSWORD)
    # It unlocks as well, so strangers have to be locked out once more.


async def after_a_change_elsewhere(client, ada, device, inbox):
    assert (await change(client, ada, password=PASSWORD)).status == 204


async def after_signing_out_everywhere(client, ada, device, inbox):
    await client.post("/v1/auth/logout?all=true", headers=device["headers"])


async def after_ending_all_others(client, ada, device, inbox):
    await client.delete("/v1/auth/sessions", headers=ada.headers)


async def after_its_session_was_ended_elsewhere(client, ada, device, inbox):
    await client.delete(f"/v1/auth/sessions/{device['session_id']}", headers=ada.headers)


async def after_changing_the_password_there(client, ada, device, inbox):
    wish = {"current_password": PASSWORD, "password": PASSWORD}
    assert (await client.post("/v1/auth/password/change", json=wish, headers=device["headers"])).status == 204


async def after_ending_all_others_there(client, ada, device, inbox):
    await client.delete("/v1/auth/sessions", headers=device["headers"])


async def after_signing_out_there(client, ada, device, inbox):
    await client.post("/v1/auth/logout", headers=device["headers"])


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        (after_a_reset, LOCKED),
        (after_a_change_elsewhere, LOCKED),
        (after_signing_out_everywhere, LOCKED),
        (after_ending_all_others, LOCKED),
        (after_its_session_was_ended_elsewhere, LOCKED),
        (after_changing_the_password_there, IN),
        (after_ending_all_others_there, IN),
        (after_signing_out_there, IN),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_device_is_known_until_somebody_doubts_it(client, ada, inbox, what, answer):
    device = await from_device(client)
    await what(client, ada, device, inbox)
    await lock(client)
    assert await guess(client, password=PASSWORD, device=device["device_token"]) == answer


# What is told


async def test_lockout_is_told_once(client, ada, admin):
    await lock(client)
    await lock(client, "nobody")
    for _ in range(3):
        await guess(client, address="192.0.2.9")
    response = await client.get("/v1/audit?action=security.lockout", headers=admin.headers)
    entries = (await response.json())["items"]
    assert [entry["target"]["id"] for entry in entries] in ([ada.id, None], [None, ada.id])
    assert {entry["facts"]["limit"] for entry in entries} == {"sign_in_account"}
    assert all(0 < entry["facts"]["seconds"] <= 3600 for entry in entries)
    assert {entry["actor"]["kind"] for entry in entries} == {"anonymous"}


async def test_unlocking_is_told(client, ada, admin):
    await unlock(client, admin, ada.id)
    response = await client.get(f"/v1/audit?action=user.unlocked&target={ada.id}", headers=admin.headers)
    (entry,) = (await response.json())["items"]
    assert entry["actor"]["user_id"] == admin.id


# Within a session


async def test_stolen_session_gets_no_more_tries_from_many_addresses(client, ada):
    """Else whoever has a session for ten minutes would have the password by a thousand machines."""

    async def again(password, number, path="/v1/auth/reauthenticate", field="password"):
        headers = {**ada.headers, "X-Forwarded-For": f"198.51.{number}.1"}
        sent = {"password": NEXT, field: password}
        response = await client.post(path, json=sent, headers=headers)
        return response.status

    assert [await again(WRONG, number) for number in range(BY_ACCOUNT)] == [401] * BY_ACCOUNT
    assert await again(PASSWORD, BY_ACCOUNT) == 429
    assert await again(PASSWORD, BY_ACCOUNT, "/v1/auth/password/change", "current_password") == 429
    # Who signs in is counted apart.
    assert await guess(client, password=PASSWORD) == IN
