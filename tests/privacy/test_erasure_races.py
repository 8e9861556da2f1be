"""Signing in, asking and erasing at the same moment, on a real server."""

import asyncio
from collections import Counter

import pytest

from blogapi.app import create_app
from blogapi.errors import InvalidCredentials
from blogapi.privacy.service import PrivacyService
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, QUIET
from tests.privacy.dump import places_of
from tests.privacy.life import EMAIL

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def test_of_many_who_ask_at_once_one_did(client, ada):
    user = await client.get("/v1/me", headers=ada.headers)
    headers = {**ada.headers, "If-Match": user.headers["ETag"]}
    answers = await asyncio.gather(*(client.delete("/v1/me", headers=headers) for _ in range(RACERS)))
    statuses = Counter(answer.status for answer in answers)
    assert statuses[204] == 1
    assert statuses.keys() <= {204, 401, 412}


async def test_who_signs_in_at_the_last_moment_stays_or_is_not_let_in(client, ada, leave, clock):
    await leave(ada)
    clock.forward(days=7)
    users, privacy = client.app[SERVICES][UserService], client.app[SERVICES][PrivacyService]
    ready = await users.get(ada.id)  # who has shown the password
    signing_in = [users.record_sign_in(ready) for _ in range(RACERS)]
    erasing = [privacy.erase() for _ in range(RACERS)]
    mixed = [work for pair in zip(signing_in, erasing, strict=True) for work in pair]
    outcomes = await asyncio.gather(*mixed, return_exceptions=True)
    refused = [isinstance(outcome, InvalidCredentials) for outcome in outcomes[::2]]
    assert not [outcome for outcome in outcomes[1::2] if isinstance(outcome, BaseException)]
    is_erased = (await users.get(ada.id)).status == "erased"
    assert refused == [is_erased] * RACERS


async def test_session_that_is_opened_while_one_is_erased_is_good_for_nothing(client, ada, leave, clock):
    await leave(ada)
    clock.forward(days=7)
    privacy, login = client.app[SERVICES][PrivacyService], {"login": "ada", "password": PASSWORD}
    signing_in = [client.post("/v1/auth/login", json=login) for _ in range(RACERS // 2)]
    *answers, _ = await asyncio.gather(*signing_in, privacy.erase())
    is_erased = (await client.app[SERVICES][UserService].get(ada.id)).status == "erased"
    assert {answer.status for answer in answers} == {401 if is_erased else 200}
    for answer in () if is_erased else answers:
        headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        assert (await client.get("/v1/me", headers=headers)).status == 200


async def test_many_processes_erase_somebody_together(client, life, leave, clock, config, database):
    await leave(life)
    clock.forward(days=7)
    others = [create_app(config, database, QUIET, now=clock)[SERVICES][PrivacyService] for _ in range(8)]
    for _ in range(2):
        await asyncio.gather(*(other.erase() for other in others))
        clock.forward(minutes=1)
    assert (await client.app[SERVICES][UserService].get(life.id)).erasing is None
    assert not [place for place in await places_of(database, EMAIL) if place.startswith(("users", "mails", "sessions"))]
