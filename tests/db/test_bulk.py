import pytest

from blogapi.db.bulk import every, insert_new


@pytest.mark.parametrize("count", [0, 499, 500, 1001])
async def test_every_document_is_read_once_in_the_order_of_ids(database, count):
    collection = database["posts"]
    if count:
        await collection.insert_many([{"_id": number, "even": number % 2 == 0} for number in reversed(range(count))])
    assert [document["_id"] async for document in every(collection)] == list(range(count))
    even = every(collection, {"even": True}, {"_id": 1})
    assert [document async for document in even] == [{"_id": number} for number in range(0, count, 2)]


async def test_documents_that_are_there_are_left_alone_and_not_counted(database):
    collection = database["posts"]
    await insert_new(collection, [{"_id": 1, "text": "first"}])
    assert await insert_new(collection, [{"_id": number, "text": "second"} for number in range(3)]) == 2
    assert (await collection.find_one({"_id": 1}))["text"] == "first"
