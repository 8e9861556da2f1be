"""Many who end sessions at once, on a real server."""

import asyncio
from collections import Counter

import pytest

from tests.auth.test_sessions import PATH, is_alive, sessions, sign_in
from tests.posts.test_explain import check, profiled

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def test_one_of_many_who_end_a_session_did_it(client, ada):
    lost = await sign_in(client)
    path = f"{PATH}/{lost['session_id']}"
    answers = await asyncio.gather(*(client.delete(path, headers=ada.headers) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {204: 1, 404: RACERS - 1}


async def test_session_that_ends_amid_its_refreshing_does_not_come_back(client, ada, clock, database):
    lost = await sign_in(client)
    clock.forward(minutes=6)  # each use notes itself
    ada_again = await sign_in(client)
    refreshing = [
        client.post("/v1/auth/refresh", json={"refresh_token": lost["refresh_token"]}) for _ in range(RACERS // 2)
    ]
    using = [client.get("/v1/me", headers=lost["headers"]) for _ in range(RACERS // 2)]
    ending = client.delete(f"{PATH}/{lost['session_id']}", headers=ada_again["headers"])
    *_, ended = await asyncio.gather(*refreshing, *using, ending)
    assert ended.status == 204
    assert lost["session_id"] not in {each["id"] for each in await sessions(client, ada_again)}
    response = await client.post("/v1/auth/refresh", json={"refresh_token": lost["refresh_token"]})
    assert response.status == 401


async def test_sessions_that_end_all_others_at_once_leave_one_at_most(client, ada):
    """None is told that it is the one that stays: whoever is out signs in again."""
    many = [await sign_in(client) for _ in range(8)]
    answers = await asyncio.gather(*(client.delete(PATH, headers=who["headers"]) for who in many))
    assert {answer.status for answer in answers} <= {204, 401}
    assert 204 in {answer.status for answer in answers}
    assert sum([await is_alive(client, who) for who in (ada, *many)]) <= 1
    assert await is_alive(client, await sign_in(client))


async def test_list_is_served_by_an_index(client, ada, database):
    for _ in range(3):
        await sign_in(client)
    check(await profiled(database, client, [f"{PATH}?limit=2"], ada.headers, "sessions"), 2)
