"""Who listens hears of every write, and of nothing else."""

import pytest
from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from blogapi.db.collection import Write

THERE = {"_id": 1, "live": {"title": "old"}, "n": 1}
SET_TITLE = {"$set": {"live.title": "new"}}


@pytest.fixture
async def posts(database):
    """A collection with one document."""
    collection = database["posts"]
    await collection.insert_one(dict(THERE))
    return collection


@pytest.fixture
async def heard(database, posts):
    """What is told from now on."""
    writes = []
    database.on_write.append(writes.append)
    return writes


def write(**known):
    return Write(collection="posts", **known)


def touching(*names, id=None):
    return [write(id=id, touched=frozenset(names))]


CHANGED = {"_id": 1, "live": {"title": "new"}, "n": 1}
WRITES = {
    "insert_one": (
        lambda posts: posts.insert_one({"_id": 2, "n": 2}),
        [write(id=2, document={"_id": 2, "n": 2})],
    ),
    "insert_many": (
        lambda posts: posts.insert_many([{"_id": 2}, {"_id": 3}]),
        [write(id=2, document={"_id": 2}), write(id=3, document={"_id": 3})],
    ),
    "insert_many, very many": (
        lambda posts: posts.insert_many([{"_id": number} for number in range(2, 103)]),
        [write()],
    ),
    "find_one_and_update, after": (
        lambda posts: posts.find_one_and_update({"n": 1}, SET_TITLE, return_document=ReturnDocument.AFTER),
        [write(id=1, document=CHANGED, touched=frozenset({"live"}))],
    ),
    "find_one_and_update, before": (
        lambda posts: posts.find_one_and_update({"n": 1}, SET_TITLE),
        touching("live", id=1),
    ),
    "find_one_and_update, of nothing": (lambda posts: posts.find_one_and_update({"n": 2}, SET_TITLE), []),
    "find_one_and_update, new": (
        lambda posts: posts.find_one_and_update({"_id": 2}, SET_TITLE, upsert=True),
        [write(id=2)],
    ),
    "update_one": (lambda posts: posts.update_one({"_id": 1}, SET_TITLE), touching("live", id=1)),
    "update_one, by another field": (lambda posts: posts.update_one({"n": 1}, SET_TITLE), touching("live")),
    "update_one, by a range": (lambda posts: posts.update_one({"_id": {"$gte": 1}}, SET_TITLE), touching("live")),
    "update_one, by a pipeline": (lambda posts: posts.update_one({"_id": 1}, [{"$set": {"n": 2}}]), [write(id=1)]),
    "update_one, of nothing": (lambda posts: posts.update_one({"_id": 2}, SET_TITLE), []),
    "update_one, new": (lambda posts: posts.update_one({"_id": 2}, SET_TITLE, upsert=True), [write(id=2)]),
    "update_one, not new": (
        lambda posts: posts.update_one({"n": 1}, {"$inc": {"n": 1}, "$setOnInsert": {"live": {}}}, upsert=True),
        touching("n"),
    ),
    "update_one, of several fields": (
        lambda posts: posts.update_one({"_id": 1}, {"$inc": {"n": 1}, "$rename": {"live": "other"}}),
        touching("n", "live", "other", id=1),
    ),
    "update_many": (lambda posts: posts.update_many({"n": 1}, SET_TITLE), touching("live")),
    "update_one, to what it was": (lambda posts: posts.update_one({"_id": 1}, {"$set": {"n": 1}}), []),
    "update_many, to what they were": (lambda posts: posts.update_many({"n": 1}, {"$set": {"n": 1}}), []),
    "update_many, of nothing": (lambda posts: posts.update_many({"n": 2}, SET_TITLE), []),
    "increment": (
        lambda posts: posts.increment("live.title", ["old", "none"], {"n": 2}),
        [write(id=1, document={**THERE, "n": 3}, touched=frozenset({"n"}))],
    ),
    "increment, of nothing": (lambda posts: posts.increment("_id", [2], {"n": 2}), []),
    "replace_one": (lambda posts: posts.replace_one({"_id": 1}, {"n": 2}), [write(id=1, document={"n": 2})]),
    "replace_one, of nothing": (lambda posts: posts.replace_one({"_id": 2}, {"n": 2}), []),
    "delete_one": (lambda posts: posts.delete_one({"_id": 1, "n": 1}), [write(id=1, removed=True)]),
    "delete_one, of nothing": (lambda posts: posts.delete_one({"_id": 1, "n": 2}), []),
    "delete_many": (lambda posts: posts.delete_many({"n": 1}), [write(removed=True)]),
    "delete_many, of nothing": (lambda posts: posts.delete_many({"n": 2}), []),
}
FAILURES = {
    "insert_one": (lambda posts: posts.insert_one({"_id": 1}), DuplicateKeyError, [write(id=1)]),
    "insert_many": (
        lambda posts: posts.insert_many([{"_id": 2}, {"_id": 1}], ordered=False),
        BulkWriteError,
        [write(id=2), write(id=1)],
    ),
    "update_one": (
        lambda posts: posts.update_one({"_id": 1}, {"$inc": {"live.title": 1}}),
        (PyMongoError, TypeError),  # the mock lets Python fail
        touching("live", id=1),
    ),
    "increment": (
        lambda posts: posts.increment("_id", [1], {"live.title": 1}),
        (PyMongoError, TypeError),
        touching("live", id=1),
    ),
    "replace_one": (lambda posts: posts.replace_one({"_id": 1}, {"_id": 2}), PyMongoError, [write(id=1)]),
}


@pytest.mark.parametrize("name", WRITES)
async def test_write_is_told(posts, heard, name):
    act, expected = WRITES[name]
    await act(posts)
    assert heard == expected


@pytest.mark.parametrize("name", FAILURES)
async def test_failed_write_is_told_as_one_that_may_have_happened(posts, heard, name):
    act, error, expected = FAILURES[name]
    with pytest.raises(error):
        await act(posts)
    assert heard == expected


async def test_reads_are_not_told(posts, heard):
    assert await posts.find_one({"_id": 1}) == THERE
    assert await posts.find({}).sort([("_id", 1)]).limit(1).to_list(1) == [THERE]
    assert [found async for found in posts.find()] == [THERE]
    assert await posts.aggregate([{"$match": {"n": 1}}]).to_list(None) == [THERE]
    assert [found async for found in posts.aggregate([{"$match": {"n": 1}}])] == [THERE]
    assert await posts.count_documents({"n": 1}) == 1
    assert await posts.distinct("n") == [1]
    assert heard == []


async def test_every_listener_hears_of_every_collection(database, posts, heard):
    database.on_write.append(others := [])
    database.on_write[-1] = others.append
    await database["tags"].insert_one({"_id": 5})
    assert heard == others == [Write(collection="tags", id=5, document={"_id": 5})]


async def test_who_left_hears_no_more(database, posts, heard):
    database.on_write.clear()
    await posts.delete_one({"_id": 1})
    assert heard == []


async def test_other_database_object_tells_nobody_here(database, posts, heard):
    await database.client[database.name]["posts"].delete_one({"_id": 1})
    assert heard == []
