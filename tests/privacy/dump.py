"""A dump of the whole database, as BSON, and where in it something is found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bson

from blogapi.ids import is_id


async def documents_in(database) -> list[tuple[str, dict[str, Any]]]:
    """Every document of every collection, with the name of its collection."""
    return [
        (name, document)
        for name in sorted(await database.list_collection_names())
        for document in await database[name].find({}).to_list(None)
    ]


async def places_of(database, *words: str) -> set[str]:
    """Where one of these words is found, in any capitals: `posts.working.title`, for any element of an array alike."""
    found = set()
    for collection, document in await documents_in(database):
        # The dump is what counts. The leaves only say where to look.
        if _holds(bson.encode(document), words):
            places = {path for path, leaf in _leaves(document, collection) if _holds(_bytes(leaf), words)}
            found |= places or {collection}
    return found


def _holds(data: bytes, words: tuple[str, ...]) -> bool:
    # An id stands there as twelve bytes, too.
    ids = [bytes.fromhex(word) for word in words if is_id(word)]
    return any(word.lower().encode() in data.lower() for word in words) or any(each in data for each in ids)


def _bytes(leaf: Any) -> bytes:
    return leaf if isinstance(leaf, bytes) else str(leaf).encode()


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", key
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, path)
    else:
        yield path, value
