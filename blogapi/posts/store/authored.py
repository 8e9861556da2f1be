"""All that somebody has written, for the export of their data. Few texts at a time, for each may be half a megabyte."""

from __future__ import annotations

from collections.abc import AsyncIterator

from blogapi.db.bulk import every
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document
from blogapi.posts.cache_sources import POSTS
from blogapi.posts.copies import Working
from blogapi.posts.model import Post
from blogapi.posts.revisions.store import RevisionStore

_AT_A_TIME = 8
# What is rendered from the rest.
_RENDERED = ("html", "toc")


class Authored:
    """Reads posts and revisions, without what is rendered from them."""

    def __init__(self, database: Database) -> None:
        self._posts, self._revisions = database[POSTS], database[RevisionStore.collection]

    async def posts(self, user_id: str) -> AsyncIterator[Post]:
        """Those that name this author in either copy, the oldest first."""
        author = object_id(user_id)
        where = {"$or": [{"working.authors.id": author}, {"live.authors.id": author}]}
        light = {f"{copy}.{name}": 0 for copy in ("working", "live") for name in _RENDERED}
        ids: list[object] = []
        async for document in every(self._posts, where, {"_id": 1}):
            ids.append(document["_id"])
        for start in range(0, len(ids), _AT_A_TIME):
            some = {"_id": {"$in": ids[start : start + _AT_A_TIME]}}
            for document in await self._posts.find(some, light).sort([("_id", 1)]).to_list(_AT_A_TIME):
                if "working" in document:  # else it was removed for good in this moment
                    yield from_document(Post, document)

    async def revisions(self, post: Post) -> AsyncIterator[Working]:
        """Those before the working copy, the oldest first."""
        after = 0
        while after < post.working.revision - 1:
            older: Document = {"post_id": object_id(post.id), "revision": {"$gt": after, "$lt": post.working.revision}}
            found = self._revisions.find(older, dict.fromkeys(_RENDERED, 0)).sort([("revision", 1)])
            documents = await found.limit(_AT_A_TIME).to_list(_AT_A_TIME)
            for document in documents:
                yield from_document(Working, document)
            if len(documents) < _AT_A_TIME:
                return
            after = documents[-1]["revision"]
