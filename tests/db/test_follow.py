"""Hearing of writes through the change stream of a real replica set, and knowing when nothing is heard."""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager

import pytest
from bson import ObjectId

from blogapi.cache.cache import Cache
from blogapi.cache.sources import FoundBy, PublicPart, Sources, document
from blogapi.db.client import connect
from blogapi.db.embedded.mongod import embedded_mongo
from blogapi.db.follow import follow
from tests.conftest import until

pytestmark = pytest.mark.mongod

PUBLIC = {
    "pets": PublicPart(
        fields=frozenset({"name", "kind"}),
        projection={"kind": 1},
        place_of=lambda pet: FoundBy((pet.get("kind", "*"),)),
    )
}


class Listener(Cache):
    """A cache that also remembers what it was told."""

    def __init__(self):
        super().__init__(PUBLIC, 1 << 20)
        self.told, self.fates = [], []

    def written(self, write):
        self.told.append(write)
        super().written(write)

    def start_over(self, why):
        self.fates.append(why)
        super().start_over(why)


@asynccontextmanager
async def following(database):
    listener = Listener()
    task = asyncio.create_task(follow(database, PUBLIC, listener))
    try:
        await until(lambda: listener.is_fresh)
        yield listener
    finally:
        task.cancel()
        await asyncio.wait([task])


async def last_told(listener, collection):
    """What was told, once a last write shows that there is no more to come."""
    last = (await collection.insert_one({"kind": "last"})).inserted_id
    await until(lambda: any(write.id == last for write in listener.told))
    return [write for write in listener.told if write.id != last]


@pytest.mark.parametrize(
    ("update", "is_told"),
    [
        ({"$set": {"name": "Tom"}}, True),
        ({"$set": {"name.first": "Tom"}}, True),
        ({"$unset": {"kind": 1}}, True),
        ({"$set": {"secret": 1, "name": "Tom"}}, True),
        ({"$set": {"secret": 1}}, False),
        ({"$set": {"other.name": 1}}, False),
        ({"$push": {"secrets": {"$each": [1], "$slice": -1}}}, False),
    ],
)
async def test_only_updates_of_what_is_shown_are_told(mongod_database, update, is_told):
    pets = mongod_database["pets"]
    pet = {"_id": ObjectId(), "name": {"first": "Rex"}, "kind": "dog", "other": {}, "secrets": [0, 1, 2]}
    await pets.insert_one(pet)
    async with following(mongod_database) as listener:
        await pets.update_one({"_id": pet["_id"]}, update)
        told = await last_told(listener, pets)
    assert [write.id for write in told] == [pet["_id"]] * is_told


async def test_each_kind_of_write_is_told_with_what_decides(mongod_database):
    pets, pet = mongod_database["pets"], ObjectId()
    async with following(mongod_database) as listener:
        await mongod_database["plants"].insert_one({"kind": "fern"})
        await pets.insert_one({"_id": pet, "kind": "dog", "name": "Rex", "secret": 1})
        await pets.replace_one({"_id": pet}, {"kind": "cat"})
        await last_told(listener, pets)
        await pets.delete_one({"_id": pet})
        told = [write for write in await last_told(listener, pets) if write.id == pet]
    assert [(write.document, write.removed) for write in told] == [
        ({"_id": pet, "kind": "dog"}, False),
        ({"_id": pet, "kind": "cat"}, False),
        (None, True),
    ]


async def test_dropped_collection_may_have_held_anything(mongod_database):
    await mongod_database["pets"].insert_one({"kind": "dog"})
    async with following(mongod_database) as listener:
        await mongod_database.drop_collection("pets")
        await until(lambda: [write for write in listener.told if write.id is None])


@pytest.mark.parametrize("names", [("pets", "plants"), ("plants", "pets")])
async def test_collection_with_another_name_may_have_held_anything(mongod_database, names):
    before, after = (f"{mongod_database.name}.{name}" for name in names)
    await mongod_database[names[0]].insert_one({"kind": "dog"})
    async with following(mongod_database) as listener:
        await mongod_database.client.admin.command({"renameCollection": before, "to": after, "dropTarget": True})
        await until(lambda: [write for write in listener.told if (write.collection, write.id) == ("pets", None)])


async def test_collection_that_a_pipeline_replaces_may_hold_anything(mongod_database):
    await mongod_database["plants"].insert_one({"kind": "dog"})
    await mongod_database["pets"].insert_one({"kind": "cat"})
    async with following(mongod_database) as listener:
        await mongod_database["plants"].aggregate([{"$out": "pets"}]).to_list(None)
        await until(lambda: [write for write in listener.told if (write.collection, write.id) == ("pets", None)])


@pytest.fixture
async def own(tmp_path, driver):
    """A server of its own, which a test may stop, and a database on it."""
    with embedded_mongo(tmp_path / "mongo") as mongo:
        client = connect(mongo.url, driver=driver, timeout_seconds=3, pool_size=4)
        yield mongo, client["test"]
        await client.close()


async def test_nothing_is_fresh_while_the_database_is_silent(own):
    mongo, database = own
    async with following(database) as listener:
        os.kill(mongo.pid, signal.SIGSTOP)
        try:
            await until(lambda: not listener.is_fresh)
        finally:
            os.kill(mongo.pid, signal.SIGCONT)
        await until(lambda: listener.is_fresh)
        await database["pets"].insert_one({"kind": "dog"})
        await until(lambda: listener.told)


async def test_stream_goes_on_where_it_was_when_it_was_lost(own):
    mongo, database = own
    rex, tom = document("pets", 1), document("pets", 2)
    async with following(database) as listener:
        await database["pets"].insert_one({"_id": 1, "kind": "dog"})
        await until(lambda: listener.told)
        for name in (rex, tom):
            listener.put(name, name, 1, Sources({name}), listener.now())
        os.kill(mongo.pid, signal.SIGSTOP)
        try:
            await until(lambda: listener.aside == "stream-lost")
        finally:
            os.kill(mongo.pid, signal.SIGCONT)
        await database["pets"].insert_one({"_id": 2, "kind": "cat"})
        await until(lambda: listener.is_fresh)
        await until(lambda: listener.get(tom) is None)
        assert listener.get(rex) == rex
        assert listener.fates == []


async def test_database_that_does_not_answer_at_first_is_asked_again(own):
    mongo, database = own
    os.kill(mongo.pid, signal.SIGSTOP)
    listener = Listener()
    task = asyncio.create_task(follow(database, PUBLIC, listener))
    try:
        await until(lambda: listener.aside == "stream-lost")
        os.kill(mongo.pid, signal.SIGCONT)
        await until(lambda: listener.is_fresh)
    finally:
        os.kill(mongo.pid, signal.SIGCONT)
        task.cancel()
        await asyncio.wait([task])


async def test_nothing_is_fresh_while_the_database_is_gone(own):
    mongo, database = own
    async with following(database) as listener:
        os.kill(mongo.pid, signal.SIGKILL)
        await until(lambda: not listener.is_fresh)
        await until(lambda: listener.is_fresh)
        await database["pets"].insert_one({"kind": "dog"})
        await until(lambda: listener.told)


async def test_idle_stream_outlives_the_timeout_of_the_client(mongo_url, driver):
    client = connect(mongo_url, driver=driver, timeout_seconds=0.5, pool_size=4)
    async with following(client["test"]) as listener:
        started = time.monotonic()
        await until(lambda: listener.told_until > started + 1)
        assert listener.fates == []
    await client.close()


async def test_who_stops_following_leaves_no_cursor_open(mongod_database):
    async def open_cursors():
        return (await mongod_database.client.admin.command("serverStatus"))["metrics"]["cursor"]["open"]["total"]

    before = await open_cursors()
    for _ in range(3):
        async with following(mongod_database):
            assert await open_cursors() == before + 1
        assert await open_cursors() == before


async def test_primary_that_steps_down_empties_the_cache(own):
    _, database = own
    async with following(database) as listener:
        await database.client.admin.command({"replSetStepDown": 1, "force": True})
        await until(lambda: listener.fates)
        await until(lambda: listener.is_fresh)
