"""Which post once stood at which address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from pymongo import IndexModel

from blogapi.cache.sources import uses
from blogapi.db.bulk import every, insert_new
from blogapi.db.client import Database, object_id
from blogapi.db.indexes import Store
from blogapi.paging.keyset import stored
from blogapi.posts.cache_sources import ADDRESSES


class AddressStore(Store):
    """Former addresses: `{_id: normal address, post_id}`. The first post that claims an address keeps it."""

    collection = ADDRESSES
    indexes = (IndexModel([("post_id", 1)], name="by_post"),)

    def __init__(self, database: Database) -> None:
        self._addresses = database[self.collection]

    async def claim(self, addresses: Iterable[str], post_id: str, now: datetime) -> None:
        """Claim the addresses that no post has."""
        post = object_id(post_id)
        wanted = [{"_id": address, "post_id": post, "claimed_at": now} for address in addresses]
        if wanted:
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
        async for document in every(self._addresses, {"claimed_at": {"$lt": stored(moment)}}):
            yield document["_id"], str(document["post_id"])

    async def release(self, address: str, post_id: str) -> bool:
        """Release an address; returns whether the post had it."""
        mine = {"_id": address, "post_id": object_id(post_id)}
        return (await self._addresses.delete_one(mine)).deleted_count == 1
