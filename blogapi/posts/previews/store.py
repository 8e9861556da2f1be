"""Where preview links are kept."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.ids import is_id
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.posts.previews.model import PreviewLink

_NEWEST_FIRST = Sort("created_at", descending=True)


class PreviewLinkStore(Store):
    """Preview links. What has expired is not there, even before the database has swept it up."""

    collection = "preview_links"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("post_id", 1), ("created_at", -1), ("_id", -1)], name="newest_of_post"),
    )

    def __init__(self, database: Database) -> None:
        self._links = database[self.collection]

    async def insert(self, link: PreviewLink) -> PreviewLink:
        """Keep a new link; one that an earlier attempt of the same request has made is answered as it is."""
        try:
            await self._links.insert_one({**to_document(link), "schema": 1})
        except DuplicateKeyError:
            document = await self._links.find_one({"_id": object_id(link.id)})
            return link if document is None else from_document(PreviewLink, document)
        return link

    async def has_room_for(self, link: PreviewLink, most: int) -> bool:
        """Whether its post has fewer than so many others that have not expired."""
        others = {"post_id": object_id(link.post_id), "_id": {"$ne": object_id(link.id)}}
        count = await self._links.count_documents({**others, "expires_at": {"$gt": link.created_at}}, limit=most)
        return count < most

    async def find(self, link_id: str, now: datetime) -> PreviewLink | None:
        """None for what is not there or has expired."""
        document = await self._links.find_one({"_id": object_id(link_id), "expires_at": {"$gt": now}})
        return None if document is None else from_document(PreviewLink, document)

    async def list(self, post_id: str, now: datetime, page: PageRequest) -> Page[PreviewLink]:
        """Those of a post that have not expired, newest first."""
        query = {"post_id": object_id(post_id), "expires_at": {"$gt": now}}
        return await find_page(self._links, query, _NEWEST_FIRST, page, lambda found: from_document(PreviewLink, found))

    async def delete(self, post_id: str, link_id: str) -> bool:
        """Revoke a link of a post; False when there is none. Of many who do so at once, one did it."""
        if not is_id(link_id):
            return False
        where = {"_id": object_id(link_id), "post_id": object_id(post_id)}
        return (await self._links.delete_one(where)).deleted_count == 1

    async def delete_all(self, post_id: str) -> None:
        """Revoke all links of a post."""
        await self._links.delete_many({"post_id": object_id(post_id)})
