"""Where tags are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from blogapi.cache.sources import FoundBy, PublicPart, uses
from blogapi.counting import Count
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document
from blogapi.db.indexes import Store
from blogapi.errors import NotFound
from blogapi.ids import is_id
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.tags.model import Tag, name_of
from blogapi.translation.sentence import say

SORTS = {
    "slug": Sort("slug"),
    "-slug": Sort("slug", descending=True),
    "-post_count": Sort("post_count", descending=True),
}
_PUBLIC = {"post_count": {"$gt": 0}}


PUBLIC_PART = PublicPart(
    fields=frozenset({"slug", "name", "description", "post_count", "version", "created_at", "updated_at"}),
    projection={"slug": 1, "post_count": 1},
    place_of=lambda tag: FoundBy((f"slug={tag['slug']}", "any", *(["list"] if tag.get("post_count") else []))),
)


class TagStore(Store):
    """Tags, by slug."""

    collection = "tags"
    indexes = (
        IndexModel([("slug", 1)], name="slug", unique=True),
        IndexModel([("slug", 1), ("_id", 1)], name="public_by_slug", partialFilterExpression=_PUBLIC),
        IndexModel([("post_count", -1), ("_id", -1)], name="by_post_count"),
    )

    def __init__(self, database: Database) -> None:
        self._tags = database[self.collection]

    async def find(self, key: str, *, public: bool) -> Tag | None:
        """By slug or id."""
        uses(self.collection, ids=[key], found=[f"slug={key}"])
        document = await self._tags.find_one({"slug": key, **(_PUBLIC if public else {})})
        if document is None and is_id(key):
            document = await self._tags.find_one({"_id": object_id(key), **(_PUBLIC if public else {})})
        if document is None:
            return None
        uses(self.collection, ids=[document["_id"]])
        return from_document(Tag, document)

    async def get(self, key: str) -> Tag:
        """By slug or id, as readers see it. Raises NotFound."""
        tag = await self.find(key, public=True)
        if tag is None:
            raise NotFound(say("There is no tag {tag!r}.", tag=key))
        return tag

    async def list(self, page: PageRequest, sort: str) -> Page[Tag]:
        """The tags that readers see."""
        return await find_page(self._tags, _PUBLIC, SORTS[sort], page, lambda found: from_document(Tag, found))

    async def ensure(self, names: Mapping[str, str], now: datetime) -> None:
        """Have a tag for each slug; a new one gets the name given for it, or one made from the slug."""
        known = {found["slug"] async for found in self._tags.find({"slug": {"$in": list(names)}}, {"slug": 1})}
        for slug, name in names.items():
            if slug not in known:
                fresh = {"version": 1, "name": name or name_of(slug), "description": "", "post_count": 0, "schema": 1}
                times = {"created_at": now, "updated_at": now}
                try:
                    await self._tags.insert_one({"slug": slug, **fresh, **times})
                except DuplicateKeyError:
                    continue  # somebody else made it in this very moment

    async def add_to_post_counts(self, slugs: Iterable[str], delta: int) -> None:
        """Add to the counts of public posts. A `delta` of 0 moves the counts, too."""
        await self._tags.increment("slug", slugs, {"post_count": delta, "count_moves": 1})

    async def post_count(self, slug: str) -> Count | None:
        """None when there is no such tag."""
        found = await self._tags.find_one({"slug": slug}, {"post_count": 1, "count_moves": 1})
        return None if found is None else Count(value=found["post_count"], moves=found.get("count_moves"))

    async def post_counts(self) -> AsyncIterator[tuple[str, int]]:
        """Every slug with its count. For `doctor`."""
        async for found in self._tags.find({}, {"slug": 1, "post_count": 1}):
            yield found["slug"], found["post_count"]

    async def correct_post_count(self, slug: str, seen: Count, right: int) -> bool:
        """Correct a count, unless it has moved since it was seen."""
        where = {"slug": slug, "post_count": seen.value, "count_moves": seen.moves}
        return (await self._tags.update_one(where, {"$set": {"post_count": right}})).matched_count == 1
