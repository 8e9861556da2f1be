"""What stands in all posts, for `doctor`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from blogapi.access.identity import Byline
from blogapi.db.bulk import every
from blogapi.db.client import Database, Document
from blogapi.db.documents import from_subdocument
from blogapi.posts.cache_sources import POSTS

SLUGS = {"working.slug": 1, "live.slug": 1, "live_slugs": 1, "scheduled.slug": 1}


class PostSurvey:
    """Goes through all posts that were not removed for good."""

    def __init__(self, database: Database) -> None:
        self._posts = database[POSTS]

    async def all_slugs(self) -> AsyncIterator[tuple[str, str]]:
        """Every slug that a post has or had before readers, with the id of the post."""
        async for document in self._all(SLUGS):
            for slug in slugs_in(document):
                yield slug, str(document["_id"])

    async def undigested(self) -> AsyncIterator[str]:
        """The ids of posts with a digest of another revision."""
        about = [f"{copy}.{name}" for copy in ("working", "live") for name in ("revision", "digested_revision")]
        async for document in self._all(dict.fromkeys(about, 1)):
            copies = [copy for copy in (document["working"], document.get("live")) if copy]
            if any(copy.get("digested_revision") != copy["revision"] for copy in copies):
                yield str(document["_id"])

    async def working_revisions(self) -> AsyncIterator[tuple[str, int]]:
        """The id of every post, with the number of its newest revision."""
        async for document in self._all({"working.revision": 1}):
            yield str(document["_id"]), document["working"]["revision"]

    async def all_bylines(self) -> AsyncIterator[Byline]:
        """Every byline in every copy."""
        async for document in self._all({"working.authors": 1, "live.authors": 1}):
            for copy in (document["working"], document.get("live")):
                for author in copy["authors"] if copy else ():
                    yield from_subdocument(Byline, author)

    async def listed_authors(self) -> frozenset[str]:
        """The ids of all authors of live copies."""
        found = await self._posts.distinct("live.authors.id")  # nobody is among them, for posts that are not live
        return frozenset([str(author_id) for author_id in found if author_id is not None])

    async def all_tags(self) -> frozenset[str]:
        """Every tag in every copy."""
        found = [await self._posts.distinct(f"{copy}.tags") for copy in ("working", "live")]
        return frozenset([tag for tags in found for tag in tags if tag is not None])

    async def _all(self, projection: Mapping[str, int]) -> AsyncIterator[Document]:
        # Filtered here: through the index of the statuses, the documents would be read out of order.
        async for document in every(self._posts, None, projection):
            if "working" in document:
                yield document


def slugs_in(document: Document) -> frozenset[str]:
    """The slugs of a post in this document, asked for by `SLUGS`: those that it has, and those that readers knew."""
    parts = (document["working"], document.get("live"), document.get("scheduled"))
    return frozenset([part["slug"] for part in parts if part] + document.get("live_slugs", []))
