"""Failed sign-ins are told, and a storm of them takes few entries."""

import asyncio
from collections import Counter

import pytest

from blogapi.app import create_app
from blogapi.auth.failures import MOST_A_MINUTE
from blogapi.auth.service import AuthService
from blogapi.wiring import SERVICES
from tests.audit.test_log import sign_in
from tests.conftest import QUIET

FAILED = "action=security.login_failed&limit=100"


@pytest.fixture
def app(config, database, clock):
    """A minute passes when a test says so."""
    return create_app(config, database, QUIET, now=clock)


async def a_minute_passes(client, clock):
    clock.forward(minutes=1)
    return await client.app[SERVICES][AuthService].failures.tell_repeated()


async def test_unknown_account_is_no_target(client, audit):
    assert (await sign_in(client, "nobody")).status == 401
    (entry,) = await audit(FAILED)
    assert entry["target"] == {"kind": "user", "id": None}


async def test_repeated_failures_are_one_more_entry_with_their_count(client, ada, bob, audit, clock):
    failed = [sign_in(client, login, "not it") for login in ("ada", "ADA", "ada", "bob")]
    assert {response.status for response in await asyncio.gather(*failed)} == {401}
    assert await a_minute_passes(client, clock) == 1
    told = Counter()
    for entry in await audit(FAILED):
        told[entry["target"]["id"]] += entry["facts"]["count"]
        assert entry["network"] == "127.0.0.0/24"
    assert told == {ada.id: 3, bob.id: 1}
    assert await a_minute_passes(client, clock) == 0


async def test_each_minute_is_told(client, ada, audit, clock):
    for _ in range(2):
        await sign_in(client, "ada", "not it")
        await a_minute_passes(client, clock)
    assert [entry["facts"]["count"] for entry in await audit(FAILED)] == [1, 1]


async def test_storm_takes_a_bounded_number_of_entries_and_none_of_it_is_lost(client, audit, clock):
    storm = MOST_A_MINUTE + 30
    for number in range(storm):
        await sign_in(client, f"name{number}")
    assert await a_minute_passes(client, clock) == 1
    entries = await audit(FAILED)
    assert len(entries) == MOST_A_MINUTE + 1
    assert sum(entry["facts"]["count"] for entry in entries) == storm
    assert (entries[0]["facts"]["count"], entries[0]["network"]) == (30, "")


async def test_what_was_counted_is_told_when_the_server_stops(client, ada, database):
    for _ in range(3):
        await sign_in(client, "ada", "not it")
    await client.close()
    entries = await database["audit"].find({"action": "security.login_failed"}).to_list(10)
    assert sorted(entry["facts"]["count"] for entry in entries) == [1, 2]
