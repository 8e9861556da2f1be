"""How slugs come to lead elsewhere: tags get another slug, are merged, and are deleted. One update decides each time.

Merging joins two documents, and both have to be there for it: a tag must not be merged into one that is itself merged
away or deleted in this moment, or two tags could end up in each other. So whoever merges first holds the other tag (an
entry in its `joining`), and a tag that is held cannot go. Who wants it to go breaks the hold: `broken` of the tag that
was about to join grows, which is in the filter of the update that would join it. So no clock matters, and who died
with a hold is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.changes import KEPT
from blogapi.db.client import Database, Document, new_id, object_id
from blogapi.db.documents import from_document
from blogapi.tags.model import Tag
from blogapi.tags.store.tags import TagStore

_NOBODY_JOINS = {"joining.0": {"$exists": False}}


class SlugTaken(Exception):
    """Another tag has this slug, or had it."""


class TagMoves:
    """The changes of tags."""

    def __init__(self, database: Database) -> None:
        self._tags = database[TagStore.collection]

    async def change(self, tag: Tag, sets: Mapping[str, Any], now: datetime) -> Tag | None:
        """Give it another name, description or slug; None when somebody else changed it first. Raises SlugTaken."""
        update = _update(tag, sets, sets, now)
        if "slug" in sets:
            update["$set"]["moved_at"] = now
            update["$addToSet"] = {"slugs": {"$each": [tag.slug, sets["slug"]]}}
        try:
            return await self._decide(tag, {}, update)
        except DuplicateKeyError:
            raise SlugTaken from None

    async def take(self, slug: str, holder: Tag) -> None:
        """Take a former slug from a tag that was merged into another one, which is to have it as its own."""
        await self._tags.update_one({"_id": object_id(holder.id), "gone": {"$ne": None}}, {"$pull": {"slugs": slug}})

    async def give_back(self, slug: str, holder: Tag) -> None:
        """Have it lead there again, unless somebody made a tag of it meanwhile."""
        try:
            await self._tags.update_one({"_id": object_id(holder.id)}, {"$addToSet": {"slugs": slug}})
        except DuplicateKeyError:
            return

    async def merge(self, tag: Tag, into: Tag, now: datetime) -> bool:
        """Have all slugs of a tag lead to another one; False when either was changed first."""
        token = new_id()
        hold = {"joining": {"tag_id": object_id(tag.id), "token": token}}
        held = await self._tags.update_one({"_id": object_id(into.id), "gone": None}, {"$push": hold})
        if not held.matched_count:
            return False
        merged = await self._leave(tag, {"at": now, "into": object_id(into.id)}, now)
        release: Document = {"$pull": {"joining": {"token": token}}}
        if merged:
            release["$set"] = {"moved_at": now}
        await self._tags.update_one({"_id": object_id(into.id)}, release)
        return merged

    async def delete(self, tag: Tag, now: datetime) -> bool:
        """Have its slugs lead nowhere; False when it was changed first."""
        return await self._leave(tag, {"at": now, "into": None}, now)

    async def _leave(self, tag: Tag, gone: Document, now: datetime) -> bool:
        # A slug that nobody can ask for, for its own may become that of the tag into which it was merged.
        update = _update(tag, {"gone": gone, "slug": f":{tag.id}", "moved_at": now}, ["slug"], now)
        update["$addToSet"] = {"slugs": tag.slug}
        broken = {"broken": {"$in": [tag.broken, *([None] if not tag.broken else [])]}}
        if await self._decide(tag, {**_NOBODY_JOINS, **broken}, update) is not None:
            return True
        await self._break_holds(tag)
        return False

    async def _break_holds(self, tag: Tag) -> None:
        """Whoever is about to merge something into this tag has to begin again."""
        found = await self._tags.find_one({"_id": object_id(tag.id)}, {"joining": 1})
        for hold in (found or {}).get("joining", ()):
            await self._tags.update_one({"_id": hold["tag_id"]}, {"$inc": {"broken": 1}})
            await self._tags.update_one({"_id": object_id(tag.id)}, {"$pull": {"joining": {"token": hold["token"]}}})

    async def _decide(self, tag: Tag, where: Document, update: Document) -> Tag | None:
        mine = {"_id": object_id(tag.id), "version": tag.version, "gone": None, **where}
        document = await self._tags.find_one_and_update(mine, update, return_document=ReturnDocument.AFTER)
        return None if document is None else from_document(Tag, document)

    async def remove(self, tags: Iterable[Tag]) -> None:
        """Remove what was deleted, when no post carries it any more: its slugs are free."""
        ids = [object_id(tag.id) for tag in tags]
        await self._tags.delete_many({"_id": {"$in": ids}, "gone": {"$ne": None}})


def _update(tag: Tag, sets: Mapping[str, Any], changed: Iterable[str], now: datetime) -> Document:
    entry = {"version": tag.version + 1, "fields": sorted(changed)}
    return {
        "$set": {**sets, "updated_at": now},
        "$inc": {"version": 1},
        "$push": {"changes": {"$each": [entry], "$slice": -KEPT}},
    }
