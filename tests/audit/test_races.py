"""Many at once, and what reading costs, on a real server."""

import asyncio
from itertools import combinations

import pytest

from tests.audit.test_log import made_key
from tests.posts.test_explain import check, profiled

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def test_what_many_do_at_once_and_happens_once_is_told_once(client, admin, ada, audit, inbox):
    key = await made_key(client, admin, ada, inbox)
    path = f"/v1/me/api-keys/{key}"
    await asyncio.gather(*(client.delete(path, headers=ada.headers) for _ in range(RACERS)))
    assert len(await audit("action=api_key.revoked")) == 1
    await asyncio.gather(*(client.post("/v1/auth/logout", headers=ada.headers) for _ in range(RACERS)))
    assert len(await audit("action=session.ended")) == 1


async def test_lists_are_served_by_an_index(client, admin, ada, bob, database):
    filters = [
        f"actor={admin.id}",
        f"target={ada.id}",
        "action=user.created,session.opened",
        "at[gte]=2020-01-01T00:00:00Z",
    ]
    queries = ["&".join(chosen) for count in range(5) for chosen in combinations(filters, count)]
    paths = [f"/v1/audit?limit=1&{query}" for query in queries]
    check(await profiled(database, client, paths, admin.headers, "audit"), len(paths))


async def test_single_filter_looks_only_at_what_it_returns(client, admin, ada, bob, database):
    for query in (f"actor={ada.id}", f"target={bob.id}", "action=user.created"):
        plans = await profiled(database, client, [f"/v1/audit?limit=1&{query}"], admin.headers, "audit")
        assert plans
        assert all(plan["docsExamined"] <= plan["nreturned"] + 1 for plan in plans)


async def test_nothing_is_read_but_what_waits(client, ada, database):
    where = {"unlogged.id": {"$exists": True}}
    found = await database.command({"explain": {"find": "users", "filter": where}, "verbosity": "executionStats"})
    assert found["executionStats"]["totalDocsExamined"] == 0
