"""Databases that many tests use, one after the other."""

from __future__ import annotations

from typing import Any

import pymongo.database
from pymongo import IndexModel

from blogapi.db.client import Client, Database
from blogapi.db.collection import Collection


def empty(database: pymongo.database.Database[Any]) -> None:
    """Remove all documents. The indexes stay: to build them takes longer than a test."""
    names = database.list_collection_names()
    for name in _filled(database, [name for name in names if not name.startswith("system.")]):
        database[name].delete_many({})
    for name in names:
        if name.startswith("system."):
            database.drop_collection(name)


def _filled(database: pymongo.database.Database[Any], names: list[str]) -> list[str]:
    """Those with documents in them, in one question: most tests fill few."""
    questions = [(name, [{"$limit": 1}, {"$project": {"_id": 0, "name": {"$literal": name}}}]) for name in names]
    if not questions:
        return []
    (first, stages), *others = questions
    union = [{"$unionWith": {"coll": name, "pipeline": pipeline}} for name, pipeline in others]
    return [found["name"] for found in database[first].aggregate([*stages, *union])]


class Indexes:
    """Which indexes were made in a database that tests use one after the other; `raw` is the driver's."""

    def __init__(self, raw: pymongo.database.Database[Any]) -> None:
        self.made: set[tuple[str, tuple[IndexModel, ...]]] = set()
        self._raw, self._count = raw, 0

    def look(self) -> None:
        """Forget them if any have gone since the last look."""
        before, self._count = self._count, self._raw.command("dbStats")["indexes"]
        if self._count < before:
            self.made.clear()


class UsedDatabase(Database):
    """Such a database: what an app's start asks for is asked once, and not by the app of each test.

    Making indexes that are there takes a fifth of a short test. What is there is looked up in the server as ever.
    """

    __slots__ = ("_indexes",)

    def __init__(self, client: Client, name: str, indexes: Indexes) -> None:
        super().__init__(client, client.raw[name])
        self._indexes = indexes

    def __getitem__(self, name: str) -> Collection:
        return _UsedCollection(self._indexes, self.raw[name], self.on_write, self.on_read)

    async def drop_collection(self, name: str) -> Any:
        self._indexes.made.clear()
        return await super().drop_collection(name)


class _UsedCollection(Collection):
    __slots__ = ("_indexes",)

    def __init__(self, indexes: Indexes, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._indexes = indexes

    async def create_indexes(self, indexes: list[IndexModel]) -> list[str]:
        asked = self.name, tuple(indexes)
        if asked not in self._indexes.made:
            await super().create_indexes(indexes)
            self._indexes.made.add(asked)
        return [index.document["name"] for index in indexes]

    async def drop_index(self, name: str) -> None:
        self._indexes.made.clear()
        await super().drop_index(name)
