"""Both drivers, side by side."""

import asyncio

import pytest

from blogapi.db.client import connect
from blogapi.db.driver import DRIVERS

pytestmark = pytest.mark.mongod
INSERTS = [{"$match": {"operationType": "insert"}}]


@pytest.fixture(params=DRIVERS)
async def database(request, mongo_url):
    client = connect(mongo_url, driver=request.param, timeout_seconds=1, pool_size=4)
    database = client["test_driver"]
    await database["things"].delete_many({})
    yield database
    await client.close()


async def next_change(stream):
    while (change := await stream.try_next()) is None:
        pass
    return change


async def test_stream_tells_of_a_write(database):
    async with database.watch(INSERTS, full_document="updateLookup") as stream:
        await database["things"].insert_one({"_id": 1, "n": 1})
        change = await next_change(stream)
    assert (change["ns"]["coll"], change["documentKey"], change["fullDocument"]) == (
        "things",
        {"_id": 1},
        {"_id": 1, "n": 1},
    )


async def test_stream_goes_on_after_a_token(database):
    async with database.watch(INSERTS) as stream:
        await database["things"].insert_one({"_id": 1})
        await next_change(stream)
        token = stream.resume_token
    await database["things"].insert_one({"_id": 2})
    async with database.watch(INSERTS, resume_after=token) as stream:
        assert (await next_change(stream))["documentKey"] == {"_id": 2}


async def test_idle_stream_outlives_the_timeout_of_the_client(database):
    loop = asyncio.get_running_loop()
    async with database.watch(INSERTS, max_await_time_ms=300) as stream:
        start = loop.time()
        while loop.time() < start + 1.2:  # the client's timeout is a second
            assert await stream.try_next() is None
        await database["things"].insert_one({"_id": 1})
        assert (await next_change(stream))["documentKey"] == {"_id": 1}


async def test_cancelled_stream_leaves_no_cursor_open(database):
    async def open_cursors():
        return (await database.client.admin.command("serverStatus"))["metrics"]["cursor"]["open"]["total"]

    async def listen(opened):
        async with database.watch(INSERTS) as stream:
            opened.set()
            while True:
                await stream.try_next()

    before = await open_cursors()
    for _ in range(5):
        opened = asyncio.Event()
        task = asyncio.create_task(listen(opened))
        await opened.wait()
        assert await open_cursors() == before + 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await open_cursors() == before


async def test_primary_is_known(database, mongo_url):
    await database.list_collection_names()
    host, port = database.client.primary
    assert f"{host}:{port}" in mongo_url


async def test_unread_aggregation_asks_nothing(database):
    database["things"].aggregate([{"$no_such_stage": 1}])
