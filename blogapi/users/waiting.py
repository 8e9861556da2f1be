"""Mails and audit entries that wait in the document of a user, since they were written with the change they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from blogapi.audit.model import Entry
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_subdocument, to_subdocument
from blogapi.mail.model import Mail
from blogapi.users.model import COLLECTION

HAS_MAILS = {"outbox.id": {"$exists": True}}
"""Finds the users whose mails are not all in the queue."""

HAS_ENTRIES = {"unlogged.id": {"$exists": True}}
"""The same with entries of the audit log."""


class Waiting:
    """What waits, by user, until it is in the queue of mails or in the audit log. The indexes are those of users."""

    def __init__(self, database: Database) -> None:
        self._users = database[COLLECTION]

    async def mails(self, limit: int) -> Sequence[tuple[str, Sequence[Mail]]]:
        """The mails that are in no queue yet, by user."""
        documents = await self._users.find(HAS_MAILS, {"outbox": 1}).limit(limit).to_list(limit)
        return [
            (str(document["_id"]), [from_subdocument(Mail, mail) for mail in document["outbox"]])
            for document in documents
        ]

    async def drop_mails(self, user_id: str) -> None:
        """Put none of them into the queue."""
        await self._users.update_one({"_id": object_id(user_id)}, {"$unset": {"outbox": ""}})

    async def settle_mails(self, user_id: str, mails: Iterable[Mail]) -> None:
        """These are in the queue."""
        ids = [object_id(mail.id) for mail in mails]
        await self._users.update_one({"_id": object_id(user_id)}, {"$pull": {"outbox": {"id": {"$in": ids}}}})

    async def entries(self, limit: int) -> Sequence[tuple[str, Sequence[Entry]]]:
        """The entries that are not in the audit log yet, by user."""
        documents = await self._users.find(HAS_ENTRIES, {"unlogged": 1}).limit(limit).to_list(limit)
        return [
            (str(document["_id"]), [from_subdocument(Entry, entry) for entry in document["unlogged"]])
            for document in documents
        ]

    async def settle_entries(self, user_id: str, entries: Iterable[Entry]) -> None:
        """These are in the audit log."""
        ids = [object_id(entry.id) for entry in entries]
        await self._users.update_one({"_id": object_id(user_id)}, {"$pull": {"unlogged": {"id": {"$in": ids}}}})


def held(mails: Sequence[Mail], entries: Sequence[Entry]) -> Document:
    """The fields of a new document that hold these, as far as there are any."""
    fields = {"outbox": mails, "unlogged": entries}
    return {name: [to_subdocument(each) for each in items] for name, items in fields.items() if items}


def pushed(mails: Sequence[Mail], entries: Sequence[Entry] = ()) -> Document:
    """The `$push` of the same to a document that may hold some already."""
    return {name: {"$each": items} for name, items in held(mails, entries).items()}
