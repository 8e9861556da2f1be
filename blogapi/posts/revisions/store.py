"""Former working copies of posts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from blogapi.access.identity import Byline
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.errors import NotFound
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest, Position
from blogapi.posts.copies import HEAVY_FIELDS, Working
from blogapi.posts.model import Post
from blogapi.posts.store.bylines import refresh_byline
from blogapi.translation.sentence import say


class RevisionStore(Store):
    """Former working copies, each under `<post>:<n>`.

    A copy never changes under its number, but for the name of an author who is erased.
    """

    collection = "revisions"
    indexes = (
        IndexModel([("post_id", 1), ("revision", -1), ("_id", -1)], name="by_post"),
        IndexModel([("authors.id", 1)], name="by_author"),
    )

    def __init__(self, database: Database) -> None:
        self._revisions = database[self.collection]

    async def keep(self, post: Post) -> None:
        """Keep the outgoing working copy. Several writers at once all write the same, so it may be there already."""
        copy = {"_id": f"{post.id}:{post.working.revision}", "post_id": object_id(post.id), "schema": 1}
        try:
            await self._revisions.insert_one({**to_document(post.working), **copy})
        except DuplicateKeyError:
            return

    async def get(self, post: Post, revision: int) -> Working:
        """Raises NotFound."""
        if revision == post.working.revision:
            return post.working
        # After a crash, there may be a copy of a revision that never came to be.
        document = await self._revisions.find_one({"_id": f"{post.id}:{revision}", "post_id": object_id(post.id)})
        if document is None or revision > post.working.revision:
            raise NotFound(say("This post has no revision {revision}.", revision=revision))
        return from_document(Working, document)

    async def list(self, post: Post, page: PageRequest) -> Page[Working]:
        """Newest first; the newest is the working copy itself."""
        first = [post.working] if page.after is None else []
        query = {"post_id": object_id(post.id), "revision": {"$lt": post.working.revision}}
        rest = PageRequest(limit=page.limit - len(first), after=page.after) if page.limit > len(first) else None
        if rest is None:
            more = await self._revisions.count_documents(query, limit=1)
            last = Position(post.working.revision, f"{post.id}:{post.working.revision}")
            older: Page[Working] = Page(items=[], next=last if more else None)
        else:
            light = dict.fromkeys(HEAVY_FIELDS, 0)
            older = await find_page(
                self._revisions, query, Sort("revision", descending=True), rest, _working, projection=light
            )
        total = await self._revisions.count_documents(query) + 1 if page.count else None
        return Page(items=[*first, *older.items], next=older.next, total=total)

    async def delete_all(self, post_id: str) -> None:
        """Remove all revisions of a post that is removed for good."""
        await self._revisions.delete_many({"post_id": object_id(post_id)})

    async def refresh_byline(self, byline: Byline) -> None:
        """Show an author's present name and picture in all revisions."""
        await refresh_byline(self._revisions, "authors", byline)

    async def missing(self, newest: Mapping[str, int]) -> dict[str, Sequence[int]]:
        """By post, the numbers below that of its newest revision under which nothing is kept. For `doctor`."""
        kept: dict[str, set[int]] = {post_id: set() for post_id in newest}
        where = {"post_id": {"$in": [object_id(post_id) for post_id in newest]}}
        async for document in self._revisions.find(where, {"post_id": 1, "revision": 1}):
            kept[str(document["post_id"])].add(document["revision"])
        holes = {post_id: sorted({*range(1, newest[post_id])} - numbers) for post_id, numbers in kept.items()}
        return {post_id: tuple(numbers) for post_id, numbers in holes.items() if numbers}

    async def post_ids(self) -> AsyncIterator[str]:
        """The posts that have revisions. For `doctor`."""
        # Sorted first, it reads one index entry for each post.
        stages: list[Document] = [{"$sort": {"post_id": 1}}, {"$group": {"_id": "$post_id"}}]
        async for document in self._revisions.aggregate(stages):
            yield str(document["_id"])


def _working(document: Document) -> Working:
    return from_document(Working, document)
