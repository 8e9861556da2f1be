"""Where the audit log is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from pymongo import IndexModel

from blogapi.audit.model import ANONYMOUS, AuditFilter, Entry
from blogapi.db.bulk import insert_new
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.paging.keyset import Sort, find_page, stored
from blogapi.paging.page import Page, PageRequest

_NEWEST_FIRST = Sort("at", descending=True)
_REMOVED_AT_ONCE = 1000


def _by(*leading: str) -> IndexModel:
    """Serves the list behind this filter, and any range of time within it."""
    keys = [*((key, 1) for key in leading), ("at", -1), ("_id", -1)]
    return IndexModel(keys, name="_".join([*leading, "at"]).replace(".", "_"))


class AuditStore(Store):
    """Entries are inserted and read. Only those of a certain age are removed.

    None is ever changed, but that it forgets from which network an erased person acted.
    """

    collection = "audit"
    indexes: ClassVar[tuple[IndexModel, ...]] = (_by(), _by("actor.user_id"), _by("target.id"), _by("action"))

    def __init__(self, database: Database) -> None:
        self._entries = database[self.collection]

    async def insert(self, entries: Sequence[Entry]) -> None:
        """Add them. One that is there already is left as it is."""
        if entries:
            await insert_new(self._entries, [{**to_document(entry), "schema": 1} for entry in entries])

    async def list(self, wanted: AuditFilter, page: PageRequest) -> Page[Entry]:
        """Newest first."""
        query: dict[str, Any] = {}
        query |= {"actor.user_id": object_id(wanted.actor)} if wanted.actor else {}
        query |= {"target.id": wanted.target} if wanted.target else {}
        if wanted.actions:
            query["action"] = wanted.actions[0] if len(wanted.actions) == 1 else {"$in": list(wanted.actions)}
        bounds = {"$gte": wanted.since and stored(wanted.since), "$lt": wanted.before and stored(wanted.before)}
        if given := {operator: value for operator, value in bounds.items() if value is not None}:
            query["at"] = given
        return await find_page(self._entries, query, _NEWEST_FIRST, page, lambda found: from_document(Entry, found))

    async def forget_networks(self, user_id: str) -> None:
        """Have no entry say from which network this user acted, or somebody unknown on their account.

        Who fails to sign in is not known, so such an entry is mostly about the same person.
        """
        theirs = [{"actor.user_id": object_id(user_id)}, {"target.id": user_id, "actor.kind": ANONYMOUS.kind}]
        where = {"$or": theirs, "network": {"$ne": ""}}
        await self._entries.update_many(where, {"$set": {"network": ""}})

    async def remove_before(self, moment: datetime) -> int:
        """Remove some of the entries from before then, the oldest first; returns how many."""
        old = self._entries.find({"at": {"$lt": stored(moment)}}, {"_id": 1}).sort([("at", 1), ("_id", 1)])
        ids = [found["_id"] for found in await old.limit(_REMOVED_AT_ONCE).to_list(_REMOVED_AT_ONCE)]
        return (await self._entries.delete_many({"_id": {"$in": ids}})).deleted_count if ids else 0
