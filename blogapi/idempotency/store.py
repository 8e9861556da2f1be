"""Where attempts at idempotent requests, and their answers, are kept for a day.

Without transactions: the record is inserted first and names the id that the work will use. Whoever finds a record that
is neither finished nor leased takes it over and finishes the work under the same id.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.db.client import Database, Document, new_id
from blogapi.db.indexes import Store
from blogapi.deadline import LONGEST_WORK
from blogapi.errors import BlogError, StillRunning
from blogapi.idempotency.attempt import Attempt
from blogapi.idempotency.replay import StoredAnswer
from blogapi.personal import PersonalData
from blogapi.translation.sentence import say

# By then, the attempt was cut off. A shorter lease would do no harm: whoever takes over works under the same id.
_LEASE = LONGEST_WORK
_KEPT = timedelta(hours=24)


class IdempotencyStore(Store):
    """Implements `blogapi.idempotency.replay.Records`."""

    collection = "idempotency"
    indexes = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("user_id", 1)], name="by_user"),
        IndexModel([("resource_id", 1)], name="by_resource"),
    )

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._records, self._now = database[self.collection], now

    async def begin(self, key: str, fingerprint: str, user_id: str | None) -> Attempt | StoredAnswer:
        """Start, take over, or find the answer. `user_id` is whose record it is; None for who is not signed in.

        Raises BlogError `idempotency_key_reused`, StillRunning.
        """
        now = self._now()
        record = {
            "_id": key,
            "fingerprint": fingerprint,
            "state": "running",
            "user_id": user_id,
            "resource_id": new_id(),
            "lease_until": now + _LEASE,
            "expires_at": now + _KEPT,
        }
        # The sweep of expired records lags by a minute; what has expired is not there.
        await self._records.delete_one({"_id": key, "expires_at": {"$lte": now}})
        try:
            await self._records.insert_one(record)
        except DuplicateKeyError:
            return await self._again(key, fingerprint, now)
        return Attempt(resource_id=str(record["resource_id"]), key=key)

    async def _again(self, key: str, fingerprint: str, now: datetime) -> Attempt | StoredAnswer:
        taken: Document | None = await self._records.find_one_and_update(
            {"_id": key, "fingerprint": fingerprint, "state": "running", "lease_until": {"$lte": now}},
            {"$set": {"lease_until": now + _LEASE}},
            return_document=ReturnDocument.AFTER,
        )
        if taken is not None:
            return Attempt(resource_id=taken["resource_id"], key=key)
        record = await self._records.find_one({"_id": key})
        if record is not None and record["fingerprint"] != fingerprint:
            raise BlogError(say("This Idempotency-Key was used with another body."), code="idempotency_key_reused")
        if record is None or record["state"] == "running":
            raise StillRunning(say("The first request with this Idempotency-Key is still running."))
        sealed, kept = record.get("sealed"), record.get("body", b"")
        about = {"status": record["status"], "headers": record["headers"]}
        return StoredAnswer(**about, body=kept if sealed is None else sealed, is_sealed=sealed is not None)

    async def finish(self, key: str, answer: StoredAnswer) -> None:
        """Keep the answer for replays."""
        kept = {"state": "done", "status": answer.status, "headers": answer.headers, "sealed": answer.body}
        await self._records.update_one({"_id": key}, {"$set": kept})

    async def forget(self, key: str) -> None:
        """The request was refused, so the key may be used again."""
        await self._records.delete_one({"_id": key, "state": "running"})

    async def release(self, key: str) -> None:
        """It is not known what became of the attempt: the next one may take over at once."""
        await self._records.update_one({"_id": key, "state": "running"}, {"$set": {"lease_until": self._now()}})


PERSONAL = PersonalData(
    collection=IdempotencyStore.collection,
    found_by=("user_id", "resource_id"),  # of a request that made an account, the resource is the person
)
