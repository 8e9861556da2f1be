"""Where proofs are kept."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.proofs.model import Proof


class ProofStore(Store):
    """What codes can be spent for."""

    collection = "proofs"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("subject", 1)], name="by_subject"),
    )

    def __init__(self, database: Database) -> None:
        self._proofs = database[self.collection]

    async def open(self, proof: Proof) -> bool:
        """Have it spent from now on until it expires; opening it again moves that. False when it was spent."""
        document = {**to_document(proof), "schema": 1}
        where = {"_id": document.pop("_id"), "spent_at": document.pop("spent_at")}
        try:
            await self._proofs.update_one(where, {"$set": document}, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def find(self, proof_id: str, now: datetime) -> Proof | None:
        """None for what is not there, spent or expired."""
        where = {"_id": object_id(proof_id), "spent_at": None, "expires_at": {"$gt": now}}
        document = await self._proofs.find_one(where)
        return None if document is None else from_document(Proof, document)

    async def count_try(self, proof: Proof, most: int) -> bool:
        """Count a try; False when there were so many already, or it was spent. Tries at once count each."""
        where = {"_id": object_id(proof.id), "spent_at": None, "tries": {"$lt": most}}
        return (await self._proofs.update_one(where, {"$inc": {"tries": 1}})).modified_count == 1

    async def spend(self, proof: Proof, now: datetime) -> bool:
        """Of many at once, one does. Whether it had expired was looked at when it was found."""
        where = {"_id": object_id(proof.id), "purpose": proof.purpose, "spent_at": None}
        return (await self._proofs.update_one(where, {"$set": {"spent_at": now}})).modified_count == 1
