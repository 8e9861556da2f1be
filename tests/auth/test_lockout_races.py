"""Many who try passwords at once, on a real server."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from blogapi.app import create_app
from tests.auth.test_devices import sign_in as from_device
from tests.auth.test_lockout import BY_ACCOUNT, BY_ADDRESS, FAILED, LOCKED, config, guess
from tests.contract import checked_client

__all__ = ["config"]
pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


@pytest.mark.parametrize("storage", ["memory", "mongodb"])
@pytest.mark.parametrize("is_known", [True, False])
async def test_many_guesses_at_once_get_no_more_tries(
    aiohttp_client, config, database, client, ada, admin, storage, is_known
):
    token = (await from_device(client))["device_token"] if is_known else None
    limited = replace(config, limits=replace(config.limits, storage=storage, sign_in_address="1000/hour"))
    process = await checked_client(aiohttp_client, create_app(limited, database))
    answers = await asyncio.gather(*(guess(process, device=token) for _ in range(64)))
    assert Counter(answers) == {FAILED: BY_ADDRESS, LOCKED: 64 - BY_ADDRESS}
    response = await client.get("/v1/audit?action=security.lockout", headers=admin.headers)
    assert len((await response.json())["items"]) == 1


async def test_many_addresses_at_once_get_no_more_tries_on_two_processes(aiohttp_client, config, database, client, ada):
    limited = replace(config, limits=replace(config.limits, storage="mongodb"))
    processes = [await checked_client(aiohttp_client, create_app(limited, database)) for _ in range(2)]
    tries = [guess(processes[number % 2], address=f"198.51.{number}.1") for number in range(64)]
    assert Counter(await asyncio.gather(*tries)) == {FAILED: BY_ACCOUNT, LOCKED: 64 - BY_ACCOUNT}
