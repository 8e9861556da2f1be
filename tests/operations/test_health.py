import asyncio

import pytest

from blogapi.db.client import connect
from blogapi.errors import Unavailable
from blogapi.operations.health import READINESS, Readiness, unreachable


class Clock:
    """Time that moves when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


class Counted:
    """A check that counts how often it is asked."""

    def __init__(self, missing=()):
        self.missing, self.asked = missing, 0

    async def __call__(self):
        self.asked += 1
        await asyncio.sleep(0)
        return self.missing


async def all_is_well():
    return ()


async def something_is_missing():
    return ["posts.public_by_tag"]


async def database_is_away():
    raise Unavailable("The database does not answer.")


async def check_is_broken():
    raise KeyError("posts")


async def nobody_answers():
    await asyncio.Event().wait()


async def test_process_is_alive_whatever_the_database_does(client):
    client.app[READINESS].checks["database"] = database_is_away
    response = await client.get("/healthz")
    assert response.status == 200
    assert await response.json() == {"status": "ok"}
    assert response.headers["Cache-Control"] == "private, no-store"


async def test_server_is_ready_when_its_database_is(client):
    response = await client.get("/readyz")
    assert response.status == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    answer = await response.json()
    assert (answer["status"], {*answer["checks"].values()}) == ("ok", {"ok"})
    assert {"database", "indexes"} <= {*answer["checks"]}


async def test_missing_index_makes_unready_and_is_not_told_to_everybody(client, database):
    await database["tags"].drop_index("slug")
    response = await client.get("/readyz")
    assert response.status == 503
    assert response.headers["Retry-After"]
    problem = await response.json()
    assert problem["code"] == "unavailable"
    assert problem["checks"] == {"database": "ok", "indexes": "failed"}
    assert "slug" not in await response.text()


async def test_draining_server_is_not_ready_and_alive(client):
    client.app[READINESS].draining = True
    response = await client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["checks"] == {"server": "draining"}
    assert (await client.get("/healthz")).status == 200


async def test_server_that_has_to_stop_while_it_checks_is_not_ready():
    readiness = Readiness()

    async def stop():
        readiness.draining = True
        return ()

    readiness.checks["stop"] = stop
    with pytest.raises(Unavailable, match="draining"):
        await readiness.ensure()


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (all_is_well, "ok"),
        (something_is_missing, "failed"),
        (database_is_away, "failed"),
        (check_is_broken, "failed"),
    ],
)
async def test_verdict_follows_from_the_check(check, verdict):
    readiness = Readiness(checks={"it": check, "other": all_is_well})
    assert await readiness.verdicts() == {"it": verdict, "other": "ok"}


async def test_check_that_does_not_answer_has_failed():
    readiness = Readiness(checks={"it": nobody_answers}, timeout_seconds=0)
    assert await readiness.verdicts() == {"it": "failed"}


async def test_verdict_is_kept_for_a_while():
    check, clock = Counted(), Clock()
    readiness = Readiness(checks={"it": check}, keep_seconds=2, clock=clock)
    await readiness.verdicts()
    clock.now = 1.9
    await readiness.verdicts()
    assert check.asked == 1
    clock.now, check.missing = 2.0, ["tags.slug"]
    assert await readiness.verdicts() == {"it": "failed"}


async def test_many_who_ask_at_once_make_one_check():
    check = Counted()
    readiness = Readiness(checks={"it": check})
    await asyncio.gather(*(readiness.verdicts() for _ in range(20)))
    assert check.asked == 1


async def test_database_that_answers_is_reachable(database):
    assert await Readiness(checks={"it": lambda: unreachable(database)}).verdicts() == {"it": "ok"}


async def test_database_that_is_away_is_not_reachable():
    client = connect("mongodb://127.0.0.1:1/", timeout_seconds=0.1, pool_size=1)
    readiness = Readiness(checks={"it": lambda: unreachable(client["blogapi"])}, timeout_seconds=0.1)
    assert await readiness.verdicts() == {"it": "failed"}
    await client.close()
