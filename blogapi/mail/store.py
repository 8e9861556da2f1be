"""Where mails wait to be sent."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from pymongo import IndexModel, ReturnDocument

from blogapi.db.bulk import every, insert_new
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.mail.model import Claimed, Mail
from blogapi.personal import Person

_WAITING = {"state": "waiting"}
# Longer than anybody could hand over the same mail once more. Of what is done, nothing is kept but that it is.
_REMEMBERED = timedelta(days=30)
_PERSONAL = dict.fromkeys(("to", "user_id", "language", "facts", "claim"), "")


class MailStore(Store):
    """The queue. Whose turn it is, one update decides: a claim moves the time at which the mail is due again."""

    collection = "mails"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("next_at", 1)], name="due", partialFilterExpression=_WAITING),
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("user_id", 1)], name="by_user", partialFilterExpression=_WAITING),
    )

    def __init__(self, database: Database) -> None:
        self._mails = database[self.collection]

    async def insert(self, mails: Iterable[Mail]) -> None:
        """Put them into the queue. Those that are in it, or were, are not put in again."""
        documents = [
            {**to_document(mail), **_WAITING, "attempts": 0, "next_at": mail.created_at, "schema": 1} for mail in mails
        ]
        if documents:
            await insert_new(self._mails, documents)

    async def claim(self, now: datetime, until: datetime) -> Claimed | None:
        """One that is due, for who asks and until then for nobody else."""
        token = secrets.token_hex(8)
        document = await self._mails.find_one_and_update(
            {**_WAITING, "next_at": {"$lte": now}},
            {"$set": {"next_at": until, "claim": token}, "$inc": {"attempts": 1}},
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            return None
        return Claimed(mail=from_document(Mail, document), token=token, attempts=document["attempts"])

    async def put_back(self, claimed: Claimed, next_at: datetime) -> None:
        """Have it due again then, unless somebody else has claimed it meanwhile."""
        where = {"_id": object_id(claimed.mail.id), "claim": claimed.token}
        await self._mails.update_one(where, {"$set": {"next_at": next_at}})

    async def settle(self, claimed: Claimed, state: str, now: datetime) -> None:
        """It needs no more looking after. To whom it went is forgotten."""
        where = {"_id": object_id(claimed.mail.id), **_WAITING}
        kept = {"state": state, "settled_at": now, "expires_at": now + _REMEMBERED}
        await self._mails.update_one(where, {"$set": kept, "$unset": _PERSONAL})

    async def delete_all(self, person: Person) -> None:
        """Remove what waits for somebody, also what anybody asked for with an address of theirs."""
        await self._mails.delete_many({**_WAITING, "user_id": object_id(person.id)})
        # An address is kept as it was typed, so no index finds it. What waits is little, and waits for a day at most.
        async for document in every(self._mails, {**_WAITING, "user_id": None}, {"to": 1}):
            if person.owns(document["to"]):
                await self._mails.delete_one({"_id": document["_id"]})
