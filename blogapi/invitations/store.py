"""Where invitations are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from blogapi.audit.model import Entry
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, from_subdocument, to_document, to_subdocument
from blogapi.db.indexes import Store
from blogapi.errors import Conflict
from blogapi.ids import is_id
from blogapi.invitations.model import Invitation
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.translation.sentence import say

_NEWEST_FIRST = Sort("created_at", descending=True)
_UNSENT = {"is_unsent": True}


class InvitationStore(Store):
    """Invitations, until they expire. What has expired is not there, even before the database has swept it up."""

    collection = "invitations"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("created_at", -1), ("_id", -1)], name="newest"),
        IndexModel([("email_key", 1)], name="email", unique=True),
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("is_unsent", 1)], name="unsent", partialFilterExpression=_UNSENT),
    )

    def __init__(self, database: Database) -> None:
        self._invitations = database[self.collection]

    async def insert(self, invitation: Invitation, entry: Entry) -> Invitation:
        """Keep a new one, whose mail and audit entry are still to be handed over. An earlier attempt's stays as it is.

        Raises Conflict when there is another one for this address.
        """
        # The database sweeps once a minute.
        expired = {"email_key": invitation.email_key, "expires_at": {"$lte": invitation.created_at}}
        await self._invitations.delete_one(expired)
        try:
            waiting = {**_UNSENT, "entry": to_subdocument(entry)}
            await self._invitations.insert_one({**to_document(invitation), **waiting, "schema": 1})
        except DuplicateKeyError:
            earlier = await self.find(invitation.id, invitation.created_at)
            if earlier is None:
                detail = say("There is an invitation for this address already. Delete it first.")
                raise Conflict(detail) from None
            return earlier
        return invitation

    async def find(self, invitation_id: str, now: datetime) -> Invitation | None:
        """None for what is not there or has expired."""
        if not is_id(invitation_id):
            return None
        where = {"_id": object_id(invitation_id), "expires_at": {"$gt": now}}
        document = await self._invitations.find_one(where)
        return None if document is None else from_document(Invitation, document)

    async def list(self, now: datetime, page: PageRequest) -> Page[Invitation]:
        """Those that have not expired, newest first."""
        query = {"expires_at": {"$gt": now}}
        return await find_page(
            self._invitations, query, _NEWEST_FIRST, page, lambda found: from_document(Invitation, found)
        )

    async def delete(self, invitation_id: str) -> bool:
        """Withdraw one; False when there is none. Of many who do so at once, one did it."""
        if not is_id(invitation_id):
            return False
        return (await self._invitations.delete_one({"_id": object_id(invitation_id)})).deleted_count == 1

    async def delete_of(self, email_keys: Iterable[str], invitation_id: str | None) -> None:
        """Remove those to these addresses, and this one."""
        await self._invitations.delete_many({"email_key": {"$in": list(email_keys)}})
        if invitation_id is not None:
            await self.delete(invitation_id)

    async def unsent(self, limit: int) -> Sequence[tuple[Invitation, Entry]]:
        """Those whose mail is in no queue yet, each with its audit entry."""
        documents = await self._invitations.find(_UNSENT).limit(limit).to_list(limit)
        return [
            (from_document(Invitation, document), from_subdocument(Entry, document["entry"])) for document in documents
        ]

    async def waiting_entries(self, email_keys: Iterable[str], invitation_id: str | None = None) -> Sequence[Entry]:
        """The audit entries of invitations to these addresses, and of this one, that are not handed over yet."""
        these = [] if invitation_id is None else [{"_id": object_id(invitation_id)}]
        where = {"$or": [{"email_key": {"$in": list(email_keys)}}, *these], **_UNSENT}
        found = self._invitations.find(where, {"entry": 1})
        return [from_subdocument(Entry, document["entry"]) async for document in found]

    async def settle(self, invitation_id: str) -> None:
        """Its mail is in the queue, and its entry in the log."""
        await self._invitations.update_one(
            {"_id": object_id(invitation_id)}, {"$unset": {"is_unsent": "", "entry": ""}}
        )
