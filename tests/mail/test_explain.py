"""What jobs ask again and again is served by indexes, on a real server."""

import pytest

from blogapi.clock import utc_now
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    return mongod_database


def stages(plan):
    if isinstance(plan, dict):
        yield from [plan["stage"]] if isinstance(plan.get("stage"), str) else []
        plan = list(plan.values())
    if isinstance(plan, list):
        for each in plan:
            yield from stages(each)


@pytest.mark.parametrize(
    ("collection", "where"),
    [
        ("mails", {"state": "waiting", "next_at": {"$lte": utc_now()}}),
        ("users", {"outbox.id": {"$exists": True}}),
    ],
)
async def test_nothing_is_read_but_what_waits(client, ada, database, collection, where):
    assert await client.app[SERVICES][UserService].outbox.hand_over() == 0
    found = await database.command({"explain": {"find": collection, "filter": where}, "verbosity": "queryPlanner"})
    plan = set(stages(found["queryPlanner"]["winningPlan"]))
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan
