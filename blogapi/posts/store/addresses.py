"""Which post once stood at which address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from pymongo import IndexModel

from blogapi.cache.sources import uses
from blogapi.db.bulk import every, insert_new
from blogapi.db.client import Database, Document, object_id
from blogapi.db.indexes import Store
from blogapi.paging.keyset import stored
from blogapi.posts.cache_sources import ADDRESSES


class AddressStore(Store):
    """Former addresses: `{_id: normal address, post_id, claimed_at}`. The first post that claims an address keeps it.

    `claimed_at` is there while it is open whether the post was saved.
    """

    collection = ADDRESSES
    indexes = (
        IndexModel([("post_id", 1)], name="by_post"),
        IndexModel([("claimed_at", 1)], name="unsettled", partialFilterExpression={"claimed_at": {"$exists": True}}),
    )

    def __init__(self, database: Database) -> None:
        self._addresses = database[self.collection]

    async def claim(self, addresses: Iterable[str], post_id: str, now: datetime) -> None:
        """Claim the addresses that no post has."""
        post = object_id(post_id)
        wanted = [{"_id": address, "post_id": post, "claimed_at": now} for address in addresses]
        if wanted:
            # First those that an interrupted attempt has left: what is claimed anew is not released as left over.
            mine = {"_id": {"$in": [each["_id"] for each in wanted]}, "post_id": post}
            await self._addresses.update_many(mine, {"$set": {"claimed_at": now}})
            await insert_new(self._addresses, wanted)

    async def holders(self, addresses: Iterable[str]) -> dict[str, str]:
        """The ids of the posts that have these addresses, by address."""
        addresses = list(addresses)
        uses(self.collection, ids=addresses)
        found = self._addresses.find({"_id": {"$in": addresses}}, {"post_id": 1})
        return {document["_id"]: str(document["post_id"]) async for document in found}

    async def release_all(self, post_id: str) -> None:
        """Release all addresses of a post that is removed for good."""
        # One by one, since the cache has to be told of each by its id.
        async for document in self._addresses.find({"post_id": object_id(post_id)}, {"_id": 1}):
            await self._addresses.delete_one({"_id": document["_id"], "post_id": object_id(post_id)})

    async def claimed_before(self, moment: datetime) -> AsyncIterator[tuple[str, str]]:
        """`(address, post id)` of all but the newest claims, whose posts may not be saved yet. For `doctor`."""
        async for document in every(self._addresses, _not_since(moment)):
            yield document["_id"], str(document["post_id"])

    async def unsettled_before(self, moment: datetime, limit: int) -> list[tuple[str, str]]:
        """`(address, post id)` of which it has been open since then whether the post was saved, oldest first."""
        found = self._addresses.find({"claimed_at": {"$lt": stored(moment)}}).sort([("claimed_at", 1)]).limit(limit)
        return [(document["_id"], str(document["post_id"])) for document in await found.to_list(limit)]

    async def settled(self, addresses: Sequence[str], moment: datetime) -> None:
        """The posts of these addresses are there."""
        open_since = {"claimed_at": {"$lt": stored(moment)}}
        await self._addresses.update_many({"_id": {"$in": addresses}, **open_since}, {"$unset": {"claimed_at": ""}})

    async def release(self, address: str, post_id: str, moment: datetime) -> bool:
        """Release an address, unless it was claimed since that moment; returns whether the post had it."""
        mine = {"_id": address, "post_id": object_id(post_id), **_not_since(moment)}
        return (await self._addresses.delete_one(mine)).deleted_count == 1


def _not_since(moment: datetime) -> Document:
    return {"claimed_at": {"$not": {"$gte": stored(moment)}}}
