"""The active administrators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from blogapi.db.client import Database, object_id
from blogapi.db.indexes import Store


class AdminRoster(Store):
    """The active administrators, in one document, so that one update decides whether one of them may be demoted.

    After a crash it may lack a name, but it never has one too many: a name is added after its user was changed, and
    removed before. So one administrator remains, whatever happens at the same time.
    """

    collection = "meta"
    _where: Mapping[str, Any] = {"_id": "admins"}

    def __init__(self, database: Database) -> None:
        self._meta = database[self.collection]

    async def add(self, user_id: str) -> None:
        """Somebody became an administrator."""
        await self._meta.update_one(self._where, {"$addToSet": {"members": object_id(user_id)}}, upsert=True)

    async def leave(self, user_id: str) -> bool:
        """Remove somebody who is not the last one; returns whether that happened."""
        member = object_id(user_id)
        others = {**self._where, "members": member, "members.1": {"$exists": True}}
        result = await self._meta.update_one(others, {"$pull": {"members": member}})
        return bool(result.modified_count)

    async def members(self) -> frozenset[str]:
        """The ids on it."""
        document = await self._meta.find_one(self._where) or {"members": []}
        return frozenset(str(member) for member in document["members"])

    async def remove(self, user_ids: Iterable[str]) -> None:
        """Remove people, whoever remains. For `doctor`."""
        members = [object_id(user_id) for user_id in user_ids]
        await self._meta.update_one(self._where, {"$pull": {"members": {"$in": members}}})
