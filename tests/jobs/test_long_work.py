"""Long work: a part at a time, whoever dies, and nobody twice."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from blogapi.access.identity import Identity
from blogapi.app import create_app
from blogapi.feature import Feature
from blogapi.jobs.model import Kind, Part, Work
from blogapi.jobs.service import LongWork
from blogapi.jobs.store import TaskStore
from blogapi.wiring import SERVICES
from tests.conftest import QUIET
from tests.deaths import lease_is_over

COUNT = Kind("count", "numbers counted")


@dataclass
class Counting:
    """Counts up to a number, two at a time. `before` is called before each part, and may die there, or hang."""

    counted: list = field(default_factory=list)
    before: object = None

    async def part(self, task):
        start = task.cursor or 0
        if self.before is not None:
            await self.before(start)
        last, end = task.arguments["last"], min(start + 2, task.arguments["last"])
        self.counted += range(start, end)
        return Part(done=end - start, left=last - end, cursor=end, is_last=end == last)


@pytest.fixture
def app(config, database):
    """Without jobs: the tests say when something is done."""
    counting = Feature(
        name="counting", service=Counting, build=lambda _: Counting(), work=(Work(COUNT, Counting.part),)
    )
    return create_app(config, database, (*QUIET, counting))


@pytest.fixture
def work(client):
    return client.app[SERVICES][LongWork]


@pytest.fixture
def counting(client):
    return client.app[SERVICES][Counting]


@pytest.fixture
def who(ada):
    return Identity(user_id=ada.id, role="author")


async def shown(client, person, task, status=200):
    response = await client.get(f"/v1/jobs/{task.id}", headers=person.headers)
    assert response.status == status
    return await response.json(), response.headers.get("Retry-After")


async def test_what_is_quickly_done_is_done_at_once(client, ada, who, work, counting):
    task = await work.start(COUNT, {"last": 5}, who, within=60)
    assert (task.state, task.done, task.total, counting.counted) == ("done", 5, 5, [0, 1, 2, 3, 4])
    job, retry_after = await shown(client, ada, task)
    assert (job["state"], job["done"], job["total"], job["asked_by"], retry_after) == ("done", 5, 5, ada.id, None)
    assert job["ended_at"] is not None
    assert await work.carry_on() == 0


async def test_who_asked_and_editors_see_how_far_it_is(client, ada, bob, editor, who, work):
    task = await work.start(COUNT, {"last": 5}, who, total=5)
    for person in (ada, editor):
        job, retry_after = await shown(client, person, task)
        assert (job["state"], job["done"], job["total"], retry_after) == ("queued", 0, 5, "1")
    problem, _ = await shown(client, bob, task, status=404)
    assert problem["code"] == "not_found"
    assert work.waiting.is_set()
    assert await work.carry_on() == 5
    assert (await shown(client, ada, task))[0]["state"] == "done"


async def test_another_process_goes_on_where_one_died(client, who, work, counting):
    async def die(start):
        if start == 4:
            raise asyncio.CancelledError

    counting.before = die
    with suppress(asyncio.CancelledError):
        await work.start(COUNT, {"last": 7}, who, within=60)
    counting.before = None
    assert await work.carry_on() == 0  # somebody may be at it
    await lease_is_over(client)
    assert await work.carry_on() == 3
    assert counting.counted == list(range(7))


async def test_who_was_slow_and_lost_its_lease_notes_nothing(client, ada, who, work, counting):
    is_slow, may_go_on = asyncio.Event(), asyncio.Event()

    async def stand_still(start):
        if start == 2 and not is_slow.is_set():
            is_slow.set()
            await may_go_on.wait()

    counting.before = stand_still
    slow = asyncio.create_task(work.start(COUNT, {"last": 5}, who, within=60))
    await is_slow.wait()
    await lease_is_over(client)
    taken_up = await TaskStore(client.app[SERVICES].database).claim({COUNT.name}, 60_000)
    may_go_on.set()
    task = await slow
    assert (task.state, task.done, task.fence) == ("running", 2, taken_up.fence)  # as the other one has left it
    await lease_is_over(client)
    assert await work.carry_on() == 3
    assert (await shown(client, ada, task))[0]["done"] == 5


async def test_what_fails_is_tried_again_later_and_not_for_ever(client, ada, who, work, counting, caplog):
    async def fail(start):
        if start == 2:
            raise ZeroDivisionError

    counting.before = fail
    task = await work.start(COUNT, {"last": 5}, who, within=60)
    assert (task.state, task.done, task.failures) == ("running", 2, 1)
    assert await work.carry_on() == 0  # there is a pause before it
    attempts = 1
    while (job := (await shown(client, ada, task))[0])["state"] == "running":
        await lease_is_over(client)
        await work.carry_on()
        attempts += 1
    assert (job["state"], job["done"], attempts) == ("failed", 2, 20)
    assert "numbers counted: failed" in caplog.text
    await lease_is_over(client)
    assert await work.carry_on() == 0


async def test_work_of_a_kind_that_is_not_known_here_is_left_to_others(client, ada, who, work):
    task = await work.start(Kind("of a newer version", "things done"), {}, who, within=60)
    assert await work.carry_on() == 0
    assert (await shown(client, ada, task))[0]["state"] == "queued"


@pytest.mark.mongod
@pytest.mark.any_driver
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_what_is_over_is_not_looked_at_again(client, database, who, work):
    """Each process asks all the time: by the index of what is open."""
    await database.command("profile", 2)
    await work.carry_on()
    assert not await work.is_open(COUNT, {"last": 5})
    await database.command("profile", 0)
    asked = [entry async for entry in database["system.profile"].find({"ns": {"$regex": r"\.jobs$"}})]
    await database.drop_collection("system.profile")
    assert [entry["planSummary"] for entry in asked] == ["IXSCAN { leased_at: 1 }"] * 2
