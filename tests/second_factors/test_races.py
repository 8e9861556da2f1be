"""Many who show the same at once, on a real server."""

import asyncio
from collections import Counter

import pytest

from tests.second_factors.conftest import CONFIRM, TOTP, App, begin, finish, mfa_of

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def statuses(requests):
    return Counter(answer.status for answer in await asyncio.gather(*requests))


async def test_of_many_who_sign_in_with_one_code_of_the_app_one_does(client, app_of_ada):
    flows = await asyncio.gather(*(begin(client) for _ in range(RACERS)))
    code = app_of_ada.next()
    assert await statuses(finish(client, flow, totp=code) for flow in flows) == {200: 1, 422: RACERS - 1}


async def test_of_many_who_sign_in_with_one_recovery_code_one_does(client, ada, app_of_ada):
    flows = await asyncio.gather(*(begin(client) for _ in range(RACERS)))
    code = app_of_ada.recovery_codes[0]
    assert await statuses(finish(client, flow, recovery_code=code) for flow in flows) == {200: 1, 422: RACERS - 1}
    assert (await mfa_of(client, ada))["recovery_codes_left"] == 9


async def test_of_many_who_finish_one_flow_one_does_and_no_code_is_lost(client, ada, app_of_ada):
    flow, codes = await begin(client), app_of_ada.recovery_codes
    asked = [finish(client, flow, recovery_code=codes[place % len(codes)]) for place in range(RACERS)]
    assert await statuses(asked) == {200: 1, 422: RACERS - 1}
    assert (await mfa_of(client, ada))["recovery_codes_left"] == 9


async def test_many_guesses_at_once_get_no_more_tries_than_one_after_the_other(client, app_of_ada):
    flow = await begin(client)
    answers = await asyncio.gather(*(finish(client, flow, totp="000000") for _ in range(RACERS)))
    problems = [await answer.json() for answer in answers]
    at = Counter(problem["errors"][0]["pointer"] for problem in problems)
    assert at == {"/totp": 5, "/flow": RACERS - 5}


async def test_different_codes_at_once_are_all_accepted(client, ada, app_of_ada):
    """Whoever finds that somebody else was first looks again."""
    flows = await asyncio.gather(*(begin(client) for _ in range(10)))
    codes = app_of_ada.recovery_codes
    asked = [finish(client, flow, recovery_code=code) for flow, code in zip(flows, codes, strict=True)]
    assert await statuses(asked) == {200: 10}
    assert (await mfa_of(client, ada))["recovery_codes_left"] == 0


async def test_of_many_who_confirm_at_once_one_gets_the_recovery_codes(client, ada, clock, database):
    app = App((await (await client.post(TOTP, headers=ada.headers)).json())["secret"], clock, [])
    asked = (client.post(CONFIRM, json={"totp": app.code()}, headers=ada.headers) for _ in range(RACERS))
    answers = await asyncio.gather(*asked)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: RACERS - 1}
    (codes,) = [(await answer.json())["recovery_codes"] for answer in answers if answer.status == 200]
    for code in codes[:2]:
        assert (await finish(client, await begin(client), recovery_code=code)).status == 200


async def test_new_recovery_codes_amid_sign_ins_bring_back_no_code_of_the_app(client, ada, app_of_ada):
    """Both write the same document: neither undoes the other."""
    flows = await asyncio.gather(*(begin(client) for _ in range(RACERS)))
    code = app_of_ada.next()
    renewing = [client.post("/v1/auth/recovery-codes", headers=ada.headers) for _ in range(8)]
    answers = await asyncio.gather(*renewing, *(finish(client, flow, totp=code) for flow in flows))
    assert Counter(answer.status for answer in answers[8:]) == {200: 1, 422: RACERS - 1}
    assert (await finish(client, await begin(client), totp=code)).status == 422
