"""Which post holds which slug."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from blogapi.cache.sources import uses
from blogapi.db.bulk import every, insert_new
from blogapi.db.client import Database, Document, new_id, object_id
from blogapi.db.indexes import Store
from blogapi.paging.keyset import stored

Claim: TypeAlias = tuple[str, str, list[str]]
"""A slug, the post that has claimed it, and the tokens of the claims."""


class SlugStore(Store):
    """Who holds which slug: `{_id: slug, post_id, claims, claimed_at}`. A slug is claimed before its post is saved.

    `claimed_at` is there while it is open whether the post uses the slug: who claimed it, or was about to release it,
    may have died. Then someone looks, and takes it away.
    """

    collection = "slugs"
    indexes = (
        IndexModel([("post_id", 1)], name="by_post"),
        IndexModel([("claimed_at", 1)], name="unsettled", partialFilterExpression={"claimed_at": {"$exists": True}}),
    )

    def __init__(self, database: Database) -> None:
        self._slugs = database[self.collection]

    async def claim(self, slug: str, post_id: str, now: datetime) -> str | None:
        """Returns a token with which this claim is released; None when another post has the slug.

        Each claim of a post adds a token, and the slug is free when the last one is released. So nobody releases what
        somebody else has claimed meanwhile.
        """
        mine, token = {"_id": slug, "post_id": object_id(post_id)}, new_id()
        for _ in range(2):
            try:
                await self._slugs.update_one(
                    mine, {"$push": {"claims": token}, "$set": {"claimed_at": now}}, upsert=True
                )
            except DuplicateKeyError:
                if await self.holder(slug) != post_id:
                    return None  # else another claim of this post was inserted in this very moment
            else:
                return token
        return None

    async def claim_many(self, posts: Mapping[str, str], now: datetime) -> frozenset[str]:
        """Claim slugs for posts, in bulk: `{slug: post id}`. Returns those that other posts have."""
        token = new_id()
        about = {"claims": [token], "claimed_at": now}
        documents = [{"_id": slug, "post_id": object_id(post_id), **about} for slug, post_id in posts.items()]
        if await insert_new(self._slugs, documents) == len(documents):
            return frozenset()
        inserted = self._slugs.find({"_id": {"$in": list(posts)}, "claims": token}, {"_id": 1})
        known = posts.keys() - {document["_id"] async for document in inserted}
        return frozenset([slug for slug in sorted(known) if not await self.claim(slug, posts[slug], now)])

    async def holders(self, slugs: Iterable[str]) -> dict[str, str]:
        """The ids of the posts that have these slugs, by slug."""
        found = self._slugs.find({"_id": {"$in": list(slugs)}}, {"post_id": 1})
        return {document["_id"]: str(document["post_id"]) async for document in found}

    async def claim_next(
        self, base: str, post_id: str, now: datetime, numbered: Callable[[str, int], str]
    ) -> tuple[str, str]:
        """Claim the slug, or a free one of `base-2`, `base-3`, ...; returns it and the token.

        Looks for the end of a long row of numbers by doubling and halving: the thousandth "untitled" costs some twenty
        look-ups, not a thousand.
        """
        if token := await self.claim(base, post_id, now):
            return base, token
        taken, free = 1, 2
        # A slug that an interrupted attempt has claimed for this very post counts as free.
        while await self.holder(numbered(base, free)) not in (None, post_id):
            taken, free = free, free * 2
        while free - taken > 1:
            middle = (taken + free) // 2
            if await self.holder(numbered(base, middle)) in (None, post_id):
                free = middle
            else:
                taken = middle
        while not (token := await self.claim(numbered(base, free), post_id, now)):
            free += 1
        return numbered(base, free), token

    async def holder(self, slug: str) -> str | None:
        """The id of the post that has, or had, this slug."""
        uses(self.collection)  # a claim that matters to readers moves with its post, which is found by its slugs
        document = await self._slugs.find_one({"_id": slug})
        return None if document is None else str(document["post_id"])

    async def outgoing(self, slug: str, post_id: str, now: datetime) -> list[str]:
        """The tokens of all claims of a slug that this post is about to give up.

        Whoever asks may die before they release them, so it is open from now on whether the post uses the slug.
        """
        mine = {"_id": slug, "post_id": object_id(post_id)}
        document = await self._slugs.find_one_and_update(mine, {"$set": {"claimed_at": now}})
        return [] if document is None else list(document["claims"])

    async def release(self, slug: str, post_id: str, tokens: Sequence[str]) -> bool:
        """Release these claims; returns whether the slug is free now."""
        mine = {"_id": slug, "post_id": object_id(post_id)}
        await self._slugs.update_one(mine, {"$pullAll": {"claims": list(tokens)}})
        return (await self._slugs.delete_one({**mine, "claims": []})).deleted_count == 1

    async def release_all(self, post_id: str) -> None:
        """Release all slugs of a post that is removed for good."""
        await self._slugs.delete_many({"post_id": object_id(post_id)})

    async def claimed_before(self, moment: datetime) -> AsyncIterator[Claim]:
        """`(slug, post id, tokens)` of all but the newest claims, whose posts may not be saved yet. For `doctor`."""
        async for document in every(self._slugs, {"claimed_at": {"$not": {"$gte": stored(moment)}}}):
            yield _claimed(document)

    async def unsettled_before(self, moment: datetime, limit: int) -> list[Claim]:
        """`(slug, post id, tokens)` of slugs of which it is open since then whether they are used, oldest first."""
        found = self._slugs.find({"claimed_at": {"$lt": stored(moment)}}).sort([("claimed_at", 1)]).limit(limit)
        return [_claimed(document) for document in await found.to_list(limit)]

    async def settled(self, slugs: Sequence[str], moment: datetime) -> None:
        """Their posts use these slugs, as far as nobody has claimed them since that moment."""
        open_since = {"claimed_at": {"$lt": stored(moment)}}
        await self._slugs.update_many({"_id": {"$in": slugs}, **open_since}, {"$unset": {"claimed_at": ""}})


def _claimed(document: Document) -> Claim:
    return document["_id"], str(document["post_id"]), document["claims"]
