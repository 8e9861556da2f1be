"""Indexes: declared beside the store that needs them, made at start, looked for by /readyz and `doctor`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pymongo import IndexModel
from pymongo.errors import OperationFailure

from blogapi.db.client import Database, database_time
from blogapi.errors import ConfigError

LONGEST_BUILD_SECONDS = 3600


class Store:
    """What every store says of itself."""

    collection: ClassVar[str]
    indexes: ClassVar[tuple[IndexModel, ...]] = ()


async def create_indexes(database: Database, stores: Iterable[type[Store]]) -> list[str]:
    """Make what is missing; returns `collection.index` of all that are declared. Safe when several processes do it.

    Raises ConfigError when an index of that name is there and is not the same.
    """
    for store in stores:
        if store.indexes:
            try:
                with database_time(LONGEST_BUILD_SECONDS):
                    await database[store.collection].create_indexes(list(store.indexes))
            except OperationFailure as error:
                raise ConfigError(
                    f"mongo.database: an index of {store.collection!r} differs from what this version declares. "
                    f"Drop it and start again ({error.details.get('errmsg', error) if error.details else error})."
                ) from error
    return declared_indexes(stores)


def index_keys(stores: Iterable[type[Store]]) -> dict[str, str]:
    """Of each declared index its keys, as people read them: `{"posts.live_slug": "live.slug"}`."""
    return {
        f"{store.collection}.{index.document['name']}": ", ".join(
            f"-{key}" if direction == -1 else key for key, direction in index.document["key"].items()
        )
        for store in stores
        for index in store.indexes
    }


def declared_indexes(stores: Iterable[type[Store]]) -> list[str]:
    """`collection.index` of each."""
    return [f"{store.collection}.{index.document['name']}" for store in stores for index in store.indexes]


async def missing_indexes(database: Database, stores: Iterable[type[Store]]) -> list[str]:
    """Those that are declared and not there."""
    missing = []
    for store in stores:
        present = await database[store.collection].index_information()
        missing += [name for name in declared_indexes([store]) if name.split(".", 1)[1] not in present]
    return missing
