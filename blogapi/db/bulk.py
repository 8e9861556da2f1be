"""Writing much at once, and reading everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pymongo.errors import BulkWriteError

from blogapi.db.client import Collection, Document

_DUPLICATE_KEY = 11000
_AT_A_TIME = 500


async def insert_new(collection: Collection, documents: list[Document]) -> int:
    """Insert those whose unique keys nobody has, in one go; returns how many that were."""
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        others = [fault for fault in error.details["writeErrors"] if fault["code"] != _DUPLICATE_KEY]
        if others or error.details.get("writeConcernErrors"):
            raise
        return int(error.details["nInserted"])
    return len(documents)


async def every(
    collection: Collection, where: Mapping[str, Any] | None = None, projection: Mapping[str, Any] | None = None
) -> AsyncIterator[Document]:
    """All documents that match, in the order of their ids.

    Asked for in parts. The life of a cursor has one deadline, which ends the scan of a large collection.
    """
    after: Document = {}
    while True:
        found = collection.find({**(where or {}), **after}, projection).sort([("_id", 1)])
        part = await found.limit(_AT_A_TIME).to_list(_AT_A_TIME)
        for document in part:
            yield document
        if len(part) < _AT_A_TIME:
            return
        after = {"_id": {"$gt": part[-1]["_id"]}}
