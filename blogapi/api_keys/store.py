"""Where API keys are kept."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import ClassVar

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.api_keys.model import ApiKey, ApiKeyWithUser
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.errors import NotFound
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.translation.sentence import say
from blogapi.users.joined import user_in, with_user

# For so long its user can find out from the list why a program has stopped working.
_LISTED_AFTER_EXPIRY = timedelta(days=30)
_NEWEST_FIRST = Sort("created_at", descending=True)
_FIELDS = tuple(field.name for field in fields(ApiKey) if field.name != "id")


class ApiKeyStore(Store):
    """API keys. An expired one is still listed for a while, but not found by `find`."""

    collection = "api_keys"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("user_id", 1), ("created_at", -1), ("_id", -1)], name="by_user"),
        # Keys without an end have null there, which never expires.
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=int(_LISTED_AFTER_EXPIRY.total_seconds())),
    )

    def __init__(self, database: Database) -> None:
        self._keys = database[self.collection]

    async def put(self, key: ApiKey) -> ApiKey:
        """Store a new key. If an earlier attempt of the same request has stored it, its secret is replaced by this one.

        Raises NotFound when the key of the earlier attempt is deleted at the same moment.
        """
        try:
            await self._keys.insert_one({**to_document(key), "schema": 1})
        except DuplicateKeyError:
            mine = {"_id": object_id(key.id), "user_id": object_id(key.user_id)}
            changed = await self._keys.find_one_and_update(
                mine, {"$set": {"secret_hash": key.secret_hash}}, return_document=ReturnDocument.AFTER
            )
            if changed is None:
                raise NotFound(say("This API key has been removed.")) from None
            return from_document(ApiKey, changed)
        return key

    async def find(self, key_id: str, now: datetime) -> ApiKeyWithUser | None:
        """A key that has not expired, with its user, in one query."""
        where = {"_id": object_id(key_id), "$or": [{"expires_at": None}, {"expires_at": {"$gt": now}}]}
        found = await self._keys.aggregate(with_user(where, _FIELDS)).to_list(1)
        user = user_in(found[0]) if found else None
        return None if user is None else ApiKeyWithUser(key=from_document(ApiKey, found[0]), user=user)

    async def list(self, user_id: str, page: PageRequest) -> Page[ApiKey]:
        """Somebody's keys, newest first, also those that expired lately."""
        query = {"user_id": object_id(user_id)}
        return await find_page(self._keys, query, _NEWEST_FIRST, page, lambda found: from_document(ApiKey, found))

    async def count(self, user_id: str, now: datetime, *, but: str | None = None) -> int:
        """How many keys somebody has that have not expired, but for one maybe."""
        others = {} if but is None else {"_id": {"$ne": object_id(but)}}
        where = {"user_id": object_id(user_id), "$or": [{"expires_at": None}, {"expires_at": {"$gt": now}}]}
        return await self._keys.count_documents({**where, **others})

    async def exists(self, user_id: str, key_id: str) -> bool:
        """Whether a user has this key, expired or not."""
        where = {"_id": object_id(key_id), "user_id": object_id(user_id)}
        return await self._keys.find_one(where, {"_id": 1}) is not None

    async def touch(self, key: ApiKey, now: datetime) -> None:
        """Note that it was used. Of several requests at once, one does."""
        where = {"_id": object_id(key.id), "last_used_at": key.last_used_at}
        await self._keys.update_one(where, {"$set": {"last_used_at": now}})

    async def delete(self, user_id: str, key_id: str) -> None:
        """Remove somebody's key, at once and everywhere. Raises NotFound, also for a key of somebody else."""
        where = {"_id": object_id(key_id), "user_id": object_id(user_id)}
        if not (await self._keys.delete_one(where)).deleted_count:
            raise NotFound(say("There is no API key {key_id!r}.", key_id=key_id))

    async def delete_all(self, user_id: str) -> None:
        """Remove all keys of a user."""
        await self._keys.delete_many({"user_id": object_id(user_id)})
