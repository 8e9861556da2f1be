"""Data of people in all collections, by what the doors of features declare of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from blogapi.db.bulk import every
from blogapi.db.client import Database, Document, object_id
from blogapi.personal import Person, PersonalData


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
