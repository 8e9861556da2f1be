"""Attempts that all processes count together."""

from __future__ import annotations

from hashlib import sha256

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from blogapi.db.client import Database
from blogapi.db.indexes import Store


class SharedCounts(Store):
    """Implements `blogapi.limits.limiter.Counts`. A document is a key and its present window.

    A hit is one atomic update by the clock of the database, so the clocks of our hosts need not agree. Counts that a
    failover loses do no harm: they are not waited for until a majority has them. Keys hold names and addresses and are
    kept as hashes.
    """

    collection = "limits"
    indexes = (IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),)

    def __init__(self, database: Database) -> None:
        self._counts = database.get_collection(self.collection, write_concern=WriteConcern(w=1))

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        """Count one attempt: how many there are in the present window, and in how many seconds that ends."""
        try:
            return await self._hit(key, window_seconds)
        except DuplicateKeyError:  # two first attempts at once: now there is a document
            return await self._hit(key, window_seconds)

    async def give_back(self, key: str) -> None:
        """Count one attempt less, if there is any. What its window counted is forgotten with it."""
        where = {"_id": _id(key), "count": {"$gt": 0}}
        await self._counts.update_one(where, {"$inc": {"count": -1}})

    async def _hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        goes_on = {"$gt": ["$expires_at", "$$NOW"]}
        new_end = {"$add": ["$$NOW", window_seconds * 1000]}
        window = await self._counts.find_one_and_update(
            {"_id": _id(key)},
            [
                {
                    "$set": {
                        "count": {"$cond": [goes_on, {"$add": ["$count", 1]}, 1]},
                        "expires_at": {"$cond": [goes_on, "$expires_at", new_end]},
                        "hit_at": "$$NOW",
                    }
                }
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert window is not None  # it was made if there was none
        return window["count"], (window["expires_at"] - window["hit_at"]).total_seconds()


def _id(key: str) -> str:
    return sha256(key.encode()).hexdigest()
