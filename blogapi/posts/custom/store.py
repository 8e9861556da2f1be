"""Fields of one's own in posts, and the indexes of those by which lists are filtered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from pymongo import IndexModel
from pymongo.errors import OperationFailure

from blogapi.db.bulk import every
from blogapi.db.client import Database, database_time
from blogapi.db.indexes import LONGEST_BUILD_SECONDS
from blogapi.posts.cache_sources import POSTS
from blogapi.posts.store.filters import PUBLISHED_AT, UPDATED_AT, index_keys

# The parts of a post with fields of one's own: its copies, and what is to be published.
PARTS = ("working", "live", "scheduled")
# How the names of the indexes of a field begin: for readers' lists, and for writers'.
_STARTS = "public_by_custom_", "working_by_custom_"


class CustomStore:
    """Which fields can be filtered by is decided while the server runs, so no store declares their indexes."""

    def __init__(self, database: Database) -> None:
        self._posts = database[POSTS]

    async def create_indexes(self, names: Iterable[str]) -> None:
        """Have the indexes of these fields."""
        if models := [model for name in names for model in _indexes_of(name)]:
            with database_time(LONGEST_BUILD_SECONDS):
                await self._posts.create_indexes(models)

    async def indexed(self) -> frozenset[str]:
        """The fields that have both indexes."""
        present = await self._posts.index_information()
        public, working = (
            {name.removeprefix(start) for name in present if name.startswith(start)} for start in _STARTS
        )
        return frozenset(public & working)

    async def drop_indexes(self, kept: Collection[str]) -> None:
        """Remove those of all other fields."""
        for index in await self._posts.index_information():
            start = next((start for start in _STARTS if index.startswith(start)), None)
            if start is not None and index.removeprefix(start) not in kept:
                with suppress(OperationFailure):  # another process has just done it
                    await self._posts.drop_index(index)

    async def all(self) -> AsyncIterator[tuple[str, list[Mapping[str, Any]]]]:
        """The id of every post, with the fields of one's own in each of its parts."""
        async for document in every(self._posts, None, dict.fromkeys([f"{name}.custom" for name in PARTS], 1)):
            parts = [part for name in PARTS if (part := document.get(name))]
            yield str(document["_id"]), [part.get("custom", {}) for part in parts]


def _indexes_of(name: str) -> list[IndexModel]:
    """Of a field by which lists are filtered. Posts without it take no room."""
    keys = {
        "live": ("live.audience", f"live.custom.{name}", f"-{PUBLISHED_AT}", "-_id"),
        "working": (f"working.custom.{name}", f"-{UPDATED_AT}", "-_id"),
    }
    return [
        IndexModel(
            index_keys(*keys[copy]),
            name=f"{start}{name}",
            partialFilterExpression={f"{copy}.custom.{name}": {"$exists": True}},
        )
        for copy, start in zip(keys, _STARTS, strict=True)
    ]
