"""Where the signing keys are stored. The private keys are encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pymongo.errors import DuplicateKeyError

from blogapi.db.client import Database
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.signing.model import StoredKey

_MOST = 100


class SigningKeyStore(Store):
    """A few documents, found by `_id`, which is the generation."""

    collection = "signing_keys"

    def __init__(self, database: Database) -> None:
        self._keys = database[self.collection]

    async def list(self) -> Sequence[StoredKey]:
        """All, the newest generation first."""
        found = await self._keys.find({}).sort([("_id", -1)]).limit(_MOST).to_list(_MOST)
        return [from_document(StoredKey, document) for document in found]

    async def insert(self, key: StoredKey) -> bool:
        """Add a key; False when its generation is taken."""
        try:
            await self._keys.insert_one({**to_document(key), "schema": 1})
        except DuplicateKeyError:
            return False
        return True

    async def delete(self, generations: Iterable[int]) -> int:
        """Remove keys; returns how many were there."""
        return (await self._keys.delete_many({"_id": {"$in": [*generations]}})).deleted_count
