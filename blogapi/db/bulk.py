"""Writing much at once."""

from __future__ import annotations

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import BulkWriteError

from blogapi.db.client import Document

_DUPLICATE_KEY = 11000


async def insert_new(collection: AsyncIOMotorCollection[Document], documents: list[Document]) -> int:
    """Insert those whose unique keys nobody has, in one go; returns how many that were."""
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        others = [fault for fault in error.details["writeErrors"] if fault["code"] != _DUPLICATE_KEY]
        if others or error.details.get("writeConcernErrors"):
            raise
        return int(error.details["nInserted"])
    return len(documents)
