"""Data of people in all collections, by what the doors of features declare of them, and its exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.db.bulk import every
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.paging.keyset import stored
from blogapi.personal import Person, PersonalData
from blogapi.privacy.model import READY, WAITING, Export


class PersonalStore:
    """Reads and removes documents of people, whatever collection they are in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remove(self, data: PersonalData, person: Person) -> None:
        """Remove all documents of somebody."""
        if where := _found(data, [person.id], person.addresses):
            await self._database[data.collection].delete_many(where)

    async def documents(
        self, data: PersonalData, user_ids: Sequence[str], fields: Iterable[str], addresses: Sequence[str] = ()
    ) -> AsyncIterator[Document]:
        """The documents of these people, with these fields of them."""
        if where := _found(data, user_ids, addresses):
            async for document in every(self._database[data.collection], where, dict.fromkeys(fields, 1)):
                yield document


def _found(data: PersonalData, user_ids: Sequence[str], addresses: Sequence[str]) -> Document | None:
    """None where no field finds anybody."""
    # Some documents hold ids as texts.
    ids = [form for user_id in user_ids for form in (object_id(user_id), user_id)]
    ways = [
        *({path: {"$in": ids}} for path in data.found_by),
        *({path: {"$in": [*addresses]}} for path in data.found_by_address if addresses),
    ]
    return {"$or": ways} if ways else None


class ExportStore(Store):
    """Exports, one for each user who has asked for it. What has expired is not there."""

    collection = "exports"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("due_at", 1)], name="waiting", partialFilterExpression={"state": WAITING}),
    )

    def __init__(self, database: Database) -> None:
        self._exports = database[self.collection]

    async def ask(self, export: Export, now: datetime) -> None:
        """Have it made. One that waits is left as it is, and one that is there is made anew."""
        fresh = to_document(export)
        mine, fence = {"_id": fresh.pop("_id")}, fresh.pop("fence")
        waits = {"state": WAITING, "expires_at": {"$gt": stored(now)}}
        try:
            await self._exports.update_one(
                {**mine, "$nor": [waits]},
                {"$set": {**fresh, "schema": 1}, "$setOnInsert": {"fence": fence}},
                upsert=True,
            )
        except DuplicateKeyError:
            return  # there is one, and it waits

    async def find(self, user_id: str, now: datetime) -> Export | None:
        """That of a user."""
        document = await self._exports.find_one({"_id": object_id(user_id), "expires_at": {"$gt": now}})
        return None if document is None else from_document(Export, document)

    async def claim(self, now: datetime, until: datetime) -> Export | None:
        """One that waits: for who asks, and until then for nobody else."""
        document = await self._exports.find_one_and_update(
            {"state": WAITING, "due_at": {"$lte": stored(now)}, "expires_at": {"$gt": stored(now)}},
            {"$set": {"due_at": until}, "$inc": {"fence": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else from_document(Export, document)

    async def keep(self, export: Export, until: datetime) -> bool:
        """Go on with it until then; False when it is somebody else's by now, or is not wanted any more."""
        where = {"_id": object_id(export.id), "fence": export.fence, "state": WAITING}
        return (await self._exports.update_one(where, {"$set": {"due_at": until}})).matched_count == 1

    async def finish(self, export: Export, size: int) -> bool:
        """It can be fetched; False as above. `size` is in bytes."""
        where = {"_id": object_id(export.id), "fence": export.fence, "state": WAITING}
        return (await self._exports.update_one(where, {"$set": {"state": READY, "bytes": size}})).matched_count == 1


class PartStore(Store):
    """The bytes of exports, in the database and on no disk, so that each server can send what another one made."""

    collection = "export_parts"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("user_id", 1), ("fence", 1), ("number", 1)], name="in_order"),
    )

    def __init__(self, database: Database) -> None:
        self._parts = database[self.collection]

    async def insert(self, export: Export, number: int, data: bytes) -> None:
        """The next part."""
        about = {"user_id": object_id(export.id), "fence": export.fence, "number": number}
        await self._parts.insert_one({**about, "data": data, "expires_at": export.expires_at, "schema": 1})

    async def read(self, export: Export) -> AsyncIterator[bytes]:
        """All parts, one after the other."""
        mine, number = {"user_id": object_id(export.id), "fence": export.fence}, 0
        while (part := await self._parts.find_one({**mine, "number": number})) is not None:
            yield part["data"]
            number += 1

    async def remove_others(self, export: Export) -> None:
        """Remove what is left of earlier exports and attempts of this user."""
        await self._parts.delete_many({"user_id": object_id(export.id), "fence": {"$lt": export.fence}})
