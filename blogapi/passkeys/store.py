"""Where passkeys are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.errors import NotFound
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.passkeys.model import Passkey
from blogapi.translation.sentence import say

_NEWEST_FIRST = Sort("created_at", descending=True)


class PasskeyStore(Store):
    """Passkeys. A credential belongs to one user, whoever registers it again."""

    collection = "passkeys"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("credential_id", 1)], name="credential", unique=True),
        IndexModel([("user_id", 1), ("created_at", -1), ("_id", -1)], name="by_user"),
    )

    def __init__(self, database: Database) -> None:
        self._passkeys = database[self.collection]

    async def insert(self, passkey: Passkey) -> bool:
        """False when the credential is registered already."""
        try:
            await self._passkeys.insert_one({**to_document(passkey), "schema": 1})
        except DuplicateKeyError:
            return False
        return True

    async def get(self, user_id: str, passkey_id: str) -> Passkey:
        """Raises NotFound, also for a passkey of somebody else."""
        document = await self._passkeys.find_one(_where(user_id, passkey_id))
        if document is None:
            raise _not_found(passkey_id)
        return from_document(Passkey, document)

    async def find_credential(self, credential_id: str) -> Passkey | None:
        """None when nobody has registered it."""
        document = await self._passkeys.find_one({"credential_id": credential_id})
        return None if document is None else from_document(Passkey, document)

    async def all_of(self, user_id: str, most: int) -> Sequence[Passkey]:
        """The newest passkeys of a user, at most so many."""
        found = self._passkeys.find({"user_id": object_id(user_id)}).sort([("created_at", -1), ("_id", -1)])
        return [from_document(Passkey, document) for document in await found.limit(most).to_list(most)]

    async def list(self, user_id: str, page: PageRequest) -> Page[Passkey]:
        """The passkeys of a user, newest first."""
        query = {"user_id": object_id(user_id)}
        return await find_page(self._passkeys, query, _NEWEST_FIRST, page, lambda found: from_document(Passkey, found))

    async def count(self, user_id: str, *, since: int = 0) -> int:
        """How many a user has that were registered in this epoch or later."""
        of_epoch = {"epoch": {"$gte": since}} if since else {}  # those of before there were epochs have none
        return await self._passkeys.count_documents({"user_id": object_id(user_id), **of_epoch})

    async def newest_epochs(self, user_ids: Iterable[str]) -> Mapping[str, int]:
        """The epoch of the newest passkey of each of these users that has any."""
        ids = [object_id(user_id) for user_id in user_ids]
        stages: list[dict[str, Any]] = [
            {"$match": {"user_id": {"$in": ids}}},
            {"$group": {"_id": "$user_id", "epoch": {"$max": "$epoch"}}},
        ]
        return {str(found["_id"]): found["epoch"] or 0 async for found in self._passkeys.aggregate(stages)}

    async def owners(self) -> AsyncIterator[str]:
        """The ids of all users with passkeys."""
        async for found in self._passkeys.aggregate([{"$group": {"_id": "$user_id"}}]):
            yield str(found["_id"])

    async def used(self, passkey: Passkey, sign_count: int, now: datetime, *, backed_up: bool) -> bool:
        """Note a use. False when the count has not moved on from the last one, or the passkey has been removed.

        An authenticator that counts nothing always says 0. WebAuthn section 6.1.1.
        """
        # Both in one update: of two assertions that were signed one after the other, the older one may come later.
        where = {"_id": object_id(passkey.id), "sign_count": {"$lt": sign_count} if sign_count else 0}
        update = {"$set": {"sign_count": sign_count, "backed_up": backed_up, "last_used_at": now}}
        return (await self._passkeys.update_one(where, update)).matched_count == 1

    async def rename(self, user_id: str, passkey_id: str, name: str) -> Passkey:
        """Raises NotFound."""
        document = await self._passkeys.find_one_and_update(
            _where(user_id, passkey_id), {"$set": {"name": name}}, return_document=ReturnDocument.AFTER
        )
        if document is None:
            raise _not_found(passkey_id)
        return from_document(Passkey, document)

    async def delete(self, user_id: str, passkey_id: str) -> None:
        """Raises NotFound. Of many who remove it at once, one did."""
        if not (await self._passkeys.delete_one(_where(user_id, passkey_id))).deleted_count:
            raise _not_found(passkey_id)

    async def delete_before(self, user_id: str, epoch: int) -> None:
        """Remove those of a user that were registered in an earlier epoch."""
        if epoch:  # those of before there were epochs have none
            earlier = {"$or": [{"epoch": {"$lt": epoch}}, {"epoch": None}]}
            await self._passkeys.delete_many({"user_id": object_id(user_id), **earlier})

    async def delete_all(self, user_id: str) -> None:
        """Remove all passkeys of a user."""
        await self._passkeys.delete_many({"user_id": object_id(user_id)})


def _where(user_id: str, passkey_id: str) -> dict[str, Any]:
    return {"_id": object_id(passkey_id), "user_id": object_id(user_id)}


def _not_found(passkey_id: str) -> NotFound:
    return NotFound(say("There is no passkey {passkey_id!r}.", passkey_id=passkey_id))
