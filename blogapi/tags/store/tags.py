"""Where tags are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.cache.sources import FoundBy, PublicPart, uses
from blogapi.counting import Count
from blogapi.db.batching import Together
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document
from blogapi.db.indexes import Store
from blogapi.ids import is_id
from blogapi.paging.keyset import Sort, find_page, stored
from blogapi.paging.page import Page, PageRequest
from blogapi.tags.model import Tag, name_of

SORTS = {
    "slug": Sort("slug"),
    "-slug": Sort("slug", descending=True),
    "-post_count": Sort("post_count", descending=True),
}
_COUNTED = {"post_count": {"$gt": 0}}
# What was merged into another tag may still be counted, while its posts follow.
_PUBLIC = {**_COUNTED, "gone": None}
# What decides where slugs lead. A count does not, so it leaves alone the lists of posts that were selected by a tag.
_LEADS = frozenset({"slug", "slugs", "gone", "moved_at"})


def _place_of(tag: Mapping[str, Any]) -> FoundBy:
    slugs = dict.fromkeys([tag["slug"], *tag.get("slugs", ())])
    is_listed = bool(tag.get("post_count")) and tag.get("gone") is None
    return FoundBy(
        (
            *(f"slug={slug}" for slug in slugs),
            *(f"leads={slug}" for slug in slugs),
            *("any", *(["list"] if is_listed else [])),
        )
    )


PUBLIC_PART = PublicPart(
    fields=frozenset({"name", "description", "post_count", "version", "created_at", "updated_at", *_LEADS}),
    projection={"slug": 1, "slugs": 1, "gone": 1, "post_count": 1},
    place_of=_place_of,
    decided_by={"leads": _LEADS},
)


# Of those who ask about tags, so many share a query.
_TOGETHER = 64


class TagStore(Store):
    """Tags, by slug. A slug, present or former, belongs to one tag: that is the unique index on `slugs`.

    A tag that was merged into another one stays, for its slugs lead to that one; its own `slug` is one that nobody can
    ask for.
    """

    collection = "tags"
    indexes = (
        IndexModel([("slug", 1)], name="slug", unique=True),
        IndexModel([("slugs", 1)], name="slugs", unique=True, partialFilterExpression={"slugs": {"$exists": True}}),
        IndexModel([("slug", 1), ("_id", 1)], name="public_by_slug", partialFilterExpression=_COUNTED),
        IndexModel([("post_count", -1), ("_id", -1)], name="by_post_count"),
        IndexModel([("gone.into", 1)], name="merged", partialFilterExpression={"gone.into": {"$exists": True}}),
        IndexModel([("moved_at", 1)], name="moved", partialFilterExpression={"moved_at": {"$exists": True}}),
    )

    def __init__(self, database: Database) -> None:
        self._tags = database[self.collection]
        # Every list by a tag asks where its slug leads.
        self._held = Together(self._find_held, most=_TOGETHER)

    async def find(self, key: str) -> Tag | None:
        """The document with this id, or else behind this slug, present or former; it may have gone.

        Anybody can make a tag whose slug looks like the id of another one. An id leads where it always did.
        """
        if is_id(key) and (tag := await self.get(key)) is not None:
            return tag
        return await self.find_by_slug(key)

    async def get(self, tag_id: str) -> Tag | None:
        """The document with this id; None when there is none."""
        return self._used(tag_id, await self._tags.find_one({"_id": object_id(tag_id)}))

    async def find_by_slug(self, slug: str) -> Tag | None:
        """The document behind a slug, present or former; it may have gone."""
        uses(self.collection, found=[f"slug={slug}"])
        return self._used(slug, await self._tags.find_one(_holding(slug)))

    def _used(self, key: str, document: Document | None) -> Tag | None:
        uses(self.collection, ids=[key, *([] if document is None else [document["_id"]])])
        return None if document is None else from_document(Tag, document)

    async def root(self, tag: Tag) -> Tag:
        """What the tag was merged into in the end, or itself. What has `gone` then was deleted."""
        return (await self._roots([tag]))[tag.id]

    async def leads(self, slugs: Iterable[str]) -> dict[str, Tag]:
        """Of those slugs that are known, to which tag each leads. One that has `gone` is being deleted."""
        wanted = list(slugs)
        uses(self.collection, found=[f"leads={slug}" for slug in wanted])
        if not wanted:
            return {}
        found = await self._held.find(tuple(wanted)) or []
        roots = await self._roots(found)
        return {slug: roots[tag.id] for tag in found for slug in tag.names if slug in wanted}

    async def _find_held(self, wishes: list[tuple[str, ...]]) -> dict[tuple[str, ...], list[Tag]]:
        """The tags that have any of these slugs, present or former, by the slugs that somebody asks about."""
        slugs = [*{slug for wish in wishes for slug in wish}]
        either: Document = {"$or": [{"slug": {"$in": slugs}}, {"slugs": {"$in": slugs}}]}
        tags = [_tag(document) for document in await self._tags.find(either, _WITHOUT).to_list(None)]
        return {wish: [tag for tag in tags if not tag.names.isdisjoint(wish)] for wish in wishes}

    async def _roots(self, tags: Iterable[Tag]) -> dict[str, Tag]:
        known = {tag.id: tag for tag in tags}
        while missing := {tag.gone.into for tag in known.values() if tag.gone and tag.gone.into} - known.keys():
            ids = [object_id(tag_id) for tag_id in missing if tag_id is not None]
            found = [_tag(document) async for document in self._tags.find({"_id": {"$in": ids}}, _WITHOUT)]
            if not found:
                break  # it was deleted in this moment
            known |= {tag.id: tag for tag in found}
            uses(self.collection, found=[f"leads={slug}" for tag in found for slug in tag.names])

        def root(tag: Tag) -> Tag:
            for _ in known:  # not for ever, whatever somebody has written there by hand
                if tag.gone is None or tag.gone.into not in known:
                    break
                tag = known[tag.gone.into]
            return tag

        return {tag_id: root(tag) for tag_id, tag in known.items()}

    async def family(self, tag: Tag) -> Sequence[Tag]:
        """The tag, and all that were merged into it, directly or not."""
        family, newest = {tag.id: tag}, [tag]
        while newest:
            ids = {"$in": [object_id(each.id) for each in newest]}
            found = [_tag(document) async for document in self._tags.find({"gone.into": ids}, _WITHOUT)]
            newest = [each for each in found if each.id not in family]
            family |= {each.id: each for each in newest}
        uses(self.collection, found=[f"leads={slug}" for each in family.values() for slug in each.names])
        return [*family.values()]

    async def list(self, page: PageRequest, sort: str) -> Page[Tag]:
        """The tags that readers see."""
        return await find_page(self._tags, _PUBLIC, SORTS[sort], page, lambda found: from_document(Tag, found))

    async def ensure(self, names: Mapping[str, str], now: datetime) -> None:
        """Make a tag for each slug that leads to none; it gets the name given for it, or one made from the slug."""
        for slug, name in names.items():
            fresh = {"version": 1, "name": name or name_of(slug), "description": "", "post_count": 0, "schema": 1}
            times = {"created_at": now, "updated_at": now}
            try:
                await self._tags.insert_one({"slug": slug, "slugs": [slug], **fresh, **times})
            except DuplicateKeyError:
                continue  # somebody else made it in this very moment

    # Counts. Those of posts with a former slug are of its tag, too.

    async def add_to_post_counts(self, slugs: Iterable[str], delta: int) -> None:
        """Add to the counts of public posts. A `delta` of 0 moves the counts, too."""
        # Each by a command of its own: that is repeated after an election, and counted once.
        by = {"$inc": {"post_count": delta, "count_moves": 1}}
        changes = [
            self._tags.find_one_and_update(_holding(slug), by, return_document=ReturnDocument.AFTER) for slug in slugs
        ]
        for outcome in await asyncio.gather(*changes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def post_count(self, slug: str) -> Count | None:
        """None when there is no such tag."""
        found = await self._tags.find_one(_holding(slug), {"post_count": 1, "count_moves": 1})
        return None if found is None else Count(value=found["post_count"], moves=found.get("count_moves"))

    async def post_counts(self) -> AsyncIterator[tuple[str, int]]:
        """Every slug with its count."""
        async for found in self._tags.find({}, {"slug": 1, "post_count": 1}):
            yield found["slug"], found["post_count"]

    async def names(self, slug: str) -> frozenset[str]:
        """All slugs that are counted together with this one; none when there is no such tag."""
        found = await self._tags.find_one(_holding(slug), _WITHOUT)
        return frozenset() if found is None else _tag(found).names

    async def all(self) -> AsyncIterator[Tag]:
        """Every tag, those that have gone, too. For `doctor`."""
        async for found in self._tags.find({}, _WITHOUT):
            yield _tag(found)

    async def correct_post_count(self, slug: str, seen: Count, right: int) -> bool:
        """Correct a count, unless it has moved since it was seen."""
        where = {**_holding(slug), "post_count": seen.value, "count_moves": seen.moves}
        return (await self._tags.update_one(where, {"$set": {"post_count": right}})).matched_count == 1

    async def moved_before(self, moment: datetime, limit: int) -> Sequence[Tag]:
        """Tags whose slugs came to lead elsewhere before then, of which posts may carry some."""
        found = self._tags.find({"moved_at": {"$lt": stored(moment)}}, _WITHOUT).sort([("moved_at", 1)]).limit(limit)
        return [_tag(document) for document in await found.to_list(limit)]

    async def settled(self, tag: Tag) -> None:
        """No post carries a former slug of this tag, unless that has moved again since."""
        where = {"_id": object_id(tag.id), "moved_at": tag.moved_at and stored(tag.moved_at)}
        await self._tags.update_one(where, {"$unset": {"moved_at": ""}})


_WITHOUT = {"changes": 0}


def _holding(slug: str) -> Document:
    """The one document that has this slug, or had it."""
    return {"$or": [{"slug": slug}, {"slugs": slug}]}


def _tag(document: Document) -> Tag:
    return from_document(Tag, document)
