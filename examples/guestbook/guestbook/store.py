"""Where entries are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from pymongo import IndexModel

from blogapi.access.identity import Byline
from blogapi.cache.sources import FoundBy, PublicPart, uses
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, from_subdocument, to_document, to_subdocument
from blogapi.db.indexes import Store
from blogapi.errors import NotFound
from blogapi.paging.keyset import Sort, find_page, stored
from blogapi.paging.page import Page, PageRequest
from blogapi.translation.sentence import say
from guestbook.model import Entry

_NEWEST = Sort("written_at", descending=True)

# Every entry stands in the one list that there is (`list`), and in its total (`any`).
PUBLIC_PART = PublicPart(
    fields=frozenset({"author", "text", "written_at"}),
    projection={"_id": 1},
    place_of=lambda _: FoundBy(("list", "any")),
)


class EntryStore(Store):
    """Entries, newest first."""

    collection = "guestbook_entries"
    indexes = (
        IndexModel([("written_at", -1), ("_id", -1)], name="newest"),
        IndexModel([("author.id", 1)], name="author"),
    )

    def __init__(self, database: Database) -> None:
        self._entries = database[self.collection]

    async def list(self, page: PageRequest) -> Page[Entry]:
        """A page of the book."""
        return await find_page(self._entries, {}, _NEWEST, page, lambda found: from_document(Entry, found))

    async def get(self, entry_id: str) -> Entry:
        """Raises NotFound."""
        # Said before it is looked for: that there is none is an answer, too.
        uses(self.collection, ids=[entry_id])
        document = await self._entries.find_one({"_id": object_id(entry_id)})
        if document is None:
            raise NotFound(say("There is no entry {entry!r}.", entry=entry_id))
        return from_document(Entry, document)

    async def insert(self, entry: Entry) -> None:
        """A new one."""
        await self._entries.insert_one(to_document(entry))

    async def delete(self, entry_id: str) -> None:
        """Raises NotFound."""
        done = await self._entries.delete_one({"_id": object_id(entry_id)})
        if not done.deleted_count:
            raise NotFound(say("There is no entry {entry!r}.", entry=entry_id))

    async def delete_before(self, moment: datetime) -> int:
        """Remove what was written before then; returns how many."""
        return (await self._entries.delete_many({"written_at": {"$lt": stored(moment)}})).deleted_count

    async def show_byline(self, byline: Byline) -> None:
        """Have all entries of somebody show this."""
        await self._entries.update_many(
            {"author.id": object_id(byline.id)}, {"$set": {"author": to_subdocument(byline)}}
        )

    async def bylines(self) -> AsyncIterator[Byline]:
        """As entries show them, each once for every person and form."""
        async for found in self._entries.aggregate([{"$group": {"_id": "$author"}}]):
            yield from_subdocument(Byline, found["_id"])
