"""Where it is kept who signs in with which account elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document, to_subdocument
from blogapi.db.indexes import Store
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.providers.model import Leaving, ProviderLink
from blogapi.users.model import User

_NEWEST_FIRST = Sort("linked_at", descending=True)


class LinkStore(Store):
    """Links between accounts at providers and users: one each way."""

    collection = "provider_links"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("issuer", 1), ("subject", 1)], name="account", unique=True),
        IndexModel([("user_id", 1), ("issuer", 1)], name="provider_of_user", unique=True),
        IndexModel([("user_id", 1), ("linked_at", -1), ("_id", -1)], name="newest_of_user"),
    )

    def __init__(self, database: Database) -> None:
        self._links = database[self.collection]

    async def insert(self, link: ProviderLink) -> bool:
        """Keep a new link. False when the account or the user has one already."""
        try:
            await self._links.insert_one({**to_document(link), "schema": 1})
        except DuplicateKeyError:
            return False
        return True

    async def find(self, issuer: str, subject: str) -> ProviderLink | None:
        """That of an account, whether it is still good or not."""
        document = await self._links.find_one({"issuer": issuer, "subject": subject})
        return None if document is None else from_document(ProviderLink, document)

    async def find_of(self, user_id: str, issuer: str) -> ProviderLink | None:
        """That of a user with a provider, whether it is still good or not."""
        document = await self._links.find_one({"user_id": object_id(user_id), "issuer": issuer})
        return None if document is None else from_document(ProviderLink, document)

    async def list(self, user: User, issuers: Iterable[str], page: PageRequest) -> Page[ProviderLink]:
        """The good ones of a user with these providers, newest first."""
        query = _good(user, issuers)
        return await find_page(
            self._links, query, _NEWEST_FIRST, page, lambda found: from_document(ProviderLink, found)
        )

    async def begin_leaving(self, user: User, issuer: str, leaving: Leaving) -> ProviderLink | None:
        """From here on it is no reason to let another one go. None when there is none."""
        document = await self._links.find_one_and_update(
            _good(user, [issuer]),
            {"$push": {"leaving": to_subdocument(leaving)}},
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else from_document(ProviderLink, document)

    async def stay(self, link: ProviderLink, leaving: Leaving) -> None:
        """It does not go after all, unless somebody else is removing it."""
        await self._links.update_one({"_id": object_id(link.id)}, {"$pull": {"leaving": {"id": object_id(leaving.id)}}})

    async def all_of(self, user: User, issuers: Iterable[str]) -> Sequence[ProviderLink]:
        """The good ones of a user with these providers."""
        found = await self._links.find(_good(user, issuers)).to_list(None)
        return [from_document(ProviderLink, document) for document in found]

    async def delete(self, link: ProviderLink) -> None:
        """Remove it. One that was made anew meanwhile stays."""
        await self._links.delete_one({"_id": object_id(link.id)})

    async def delete_before(self, user_id: str, epoch: int) -> None:
        """Remove those of a user that were made in an earlier epoch."""
        await self._links.delete_many({"user_id": object_id(user_id), "epoch": {"$lt": epoch}})


def _good(user: User, issuers: Iterable[str]) -> Mapping[str, Any]:
    return {"user_id": object_id(user.id), "issuer": {"$in": list(issuers)}, "epoch": {"$gte": user.keys_since}}
