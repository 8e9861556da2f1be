"""Many at once, on a real server."""

import asyncio
from collections import Counter

import pytest

from tests.api_keys.conftest import bearer
from tests.posts.test_explain import check, profiled

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def test_one_of_many_who_end_a_key_did_it(client, ada, make_key):
    key = await make_key(ada)
    path = f"/v1/me/api-keys/{key['id']}"
    answers = await asyncio.gather(*(client.delete(path, headers=ada.headers) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {204: 1, 404: RACERS - 1}


async def test_one_of_many_requests_with_one_idempotency_key_shows_a_key(client, ada, database):
    headers, wish = {**ada.headers, "Idempotency-Key": "one"}, {"name": "Backup", "scopes": []}
    answers = await asyncio.gather(*(client.post("/v1/me/api-keys", json=wish, headers=headers) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: RACERS - 1}
    assert await database["api_keys"].count_documents({}) == 1


async def test_first_use_of_a_key_is_noted_once(client, ada, make_key, database):
    key, writes = await make_key(ada, "users:read"), []
    database.on_write.append(writes.append)
    answers = await asyncio.gather(*(client.get("/v1/me", headers=bearer(key)) for _ in range(RACERS)))
    database.on_write.remove(writes.append)
    assert {answer.status for answer in answers} == {200}
    assert [write.collection for write in writes].count("api_keys") == 1


async def test_key_that_ends_amid_its_use_does_not_come_back(client, ada, make_key, database):
    key = await make_key(ada, "users:read")
    used = [client.get("/v1/me", headers=bearer(key)) for _ in range(RACERS)]
    await asyncio.gather(*used, client.delete(f"/v1/me/api-keys/{key['id']}", headers=ada.headers))
    assert await database["api_keys"].count_documents({}) == 0
    assert (await client.get("/v1/me", headers=bearer(key))).status == 401


async def test_list_is_served_by_an_index(client, ada, make_key, database):
    for _ in range(3):
        await make_key(ada)
    check(await profiled(database, client, ["/v1/me/api-keys?limit=2"], ada.headers, "api_keys"), 2)


async def test_many_who_create_keys_at_once_do_not_exceed_the_limit(few_keys, ada, database):
    wish = {"name": "Backup", "scopes": []}
    answers = await asyncio.gather(
        *(few_keys.post("/v1/me/api-keys", json=wish, headers=ada.headers) for _ in range(RACERS))
    )
    assert {answer.status for answer in answers} <= {201, 409}
    made = sum(answer.status == 201 for answer in answers)
    assert await database["api_keys"].count_documents({}) == made <= 2
