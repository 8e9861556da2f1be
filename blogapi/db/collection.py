"""Collections that tell of their reads and writes, with the few methods that stores use, whatever the driver.

A method returns what the driver returns, to be awaited. When somebody listens (`Database.on_write`), a write ends only
after all listeners were told, and they are told of a failed one, too: it may have happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, TypeVar

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from blogapi.db import driver

Document: TypeAlias = dict[str, Any]
Where: TypeAlias = Mapping[str, Any]
# Operators with their fields, or the stages of a pipeline.
Update: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Result = TypeVar("Result")

# Of more documents at once it is said only that something was inserted.
_SINGLY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What is known of a write to a collection, whoever made it.

    Without an `id` it may be any document of the collection. `document` is all that is public of it as it is now; None
    when that is not known, or when it was removed. `touched` are the top-level fields that an update may have changed;
    None for all.
    """

    collection: str
    id: Any = None
    document: Document | None = None
    removed: bool = False
    touched: frozenset[str] | None = None


Listener: TypeAlias = Callable[[Write], None]
Watcher: TypeAlias = Callable[[str], None]


class Cursor(Protocol):
    """What a query finds."""

    def sort(self, keys: Sequence[tuple[str, int]]) -> Cursor:
        """In which order."""

    def skip(self, skip: int) -> Cursor:
        """Without so many of the first."""

    def limit(self, limit: int) -> Cursor:
        """How many at most."""

    def hint(self, index: Sequence[tuple[str, int]]) -> Cursor:
        """By which index."""

    def to_list(self, length: int | None = None) -> Awaitable[list[Document]]:
        """All, or the first few."""

    def __aiter__(self) -> AsyncIterator[Document]: ...

    def close(self) -> Awaitable[None]:
        """Ask for no more of it."""


class Collection:
    """A collection of a `Database`."""

    __slots__ = ("_listeners", "_raw", "_watchers", "name")

    def __init__(self, raw: Any, listeners: Sequence[Listener] = (), watchers: Sequence[Watcher] = ()) -> None:
        """`raw` is the driver's collection. Listeners are told of writes, watchers which collection is read."""
        self._raw, self._listeners, self._watchers = raw, listeners, watchers
        self.name: str = raw.name

    # Reads

    def find_one(self, where: Where, projection: Where | None = None) -> Awaitable[Document | None]:
        """The first that matches."""
        self._watch()
        return self._raw.find_one(where, projection)  # type: ignore[no-any-return]

    def find(self, where: Where | None = None, projection: Where | None = None) -> Cursor:
        """Those that match. Nothing is asked before the cursor is read."""
        self._watch()
        return self._raw.find(where, projection)  # type: ignore[no-any-return]

    def aggregate(self, stages: Sequence[Mapping[str, Any]]) -> driver.Aggregation:
        """What a pipeline yields."""
        self._watch()
        return driver.Aggregation(self._raw, stages)

    def count_documents(self, where: Where, **options: Any) -> Awaitable[int]:
        """How many match."""
        self._watch()
        return self._raw.count_documents(where, **options)  # type: ignore[no-any-return]

    def distinct(self, key: str) -> Awaitable[list[Any]]:
        """All values of a field."""
        self._watch()
        return self._raw.distinct(key)  # type: ignore[no-any-return]

    def _watch(self) -> None:
        for watcher in self._watchers:
            watcher(self.name)

    # Indexes

    def create_indexes(self, indexes: list[IndexModel]) -> Awaitable[list[str]]:
        """Make those that are missing."""
        return self._raw.create_indexes(indexes)  # type: ignore[no-any-return]

    def drop_index(self, name: str) -> Awaitable[None]:
        """Remove one."""
        return self._raw.drop_index(name)  # type: ignore[no-any-return]

    def index_information(self) -> Awaitable[Mapping[str, Any]]:
        """Those that are there, by name."""
        return self._raw.index_information()  # type: ignore[no-any-return]

    # Writes

    def insert_one(self, document: Document) -> Awaitable[InsertOneResult]:
        """Raises DuplicateKeyError."""
        doing: Awaitable[InsertOneResult] = self._raw.insert_one(document)
        if not self._listeners:
            return doing
        unsure = self._write(id=document.get("_id"))
        return self._telling(doing, [unsure], lambda done: [self._write(id=done.inserted_id, document=document)])

    def insert_many(self, documents: Sequence[Document], *, ordered: bool = True) -> Awaitable[InsertManyResult]:
        """Raises BulkWriteError, when some may have been inserted."""
        doing: Awaitable[InsertManyResult] = self._raw.insert_many(documents, ordered=ordered)
        if not self._listeners:
            return doing
        if len(documents) > _SINGLY:
            return self._telling(doing, [self._write()], lambda _: [self._write()])
        return self._telling(
            doing,
            [self._write(id=document.get("_id")) for document in documents],
            lambda _: [self._write(id=document["_id"], document=document) for document in documents],
        )

    def find_one_and_update(
        self, where: Where, update: Update, *, upsert: bool = False, return_document: bool = ReturnDocument.BEFORE
    ) -> Awaitable[Document | None]:
        """The document before or after the update; None when there was none."""
        doing: Awaitable[Document | None] = self._raw.find_one_and_update(
            where, update, upsert=upsert, return_document=return_document
        )
        if not self._listeners:
            return doing
        unsure = self._write(id=_id_in(where), touched=None if upsert else _touched(update))

        def known(found: Document | None) -> Iterable[Write]:
            if found is not None:
                document = found if return_document == ReturnDocument.AFTER else None
                yield replace(unsure, id=found["_id"], document=document)
            elif upsert:
                yield unsure

        return self._telling(doing, [unsure], known)

    def update_one(self, where: Where, update: Update, *, upsert: bool = False) -> Awaitable[UpdateResult]:
        """Change the first that matches or, if wished, insert what it would be."""
        doing: Awaitable[UpdateResult] = self._raw.update_one(where, update, upsert=upsert)
        if not self._listeners:
            return doing
        named, touched = _id_in(where), _touched(update)

        def known(done: UpdateResult) -> Iterable[Write]:
            if done.upserted_id is not None:
                yield self._write(id=done.upserted_id)
            elif done.modified_count:
                yield self._write(id=named, touched=touched)

        return self._telling(doing, [self._write(id=named, touched=None if upsert else touched)], known)

    def update_many(self, where: Where, update: Update) -> Awaitable[UpdateResult]:
        """Change all that match."""
        doing: Awaitable[UpdateResult] = self._raw.update_many(where, update)
        if not self._listeners:
            return doing
        write = self._write(touched=_touched(update))
        return self._telling(doing, [write], lambda done: [write] if done.modified_count else [])

    async def increment(self, key: str, values: Iterable[Any], by: Mapping[str, int]) -> None:
        """Add to numbers in each of the few documents that are found by one of these values of another field."""
        # Each by a command of its own: that is repeated after an election, and counted once.
        changes = [
            self.find_one_and_update({key: value}, {"$inc": by}, return_document=ReturnDocument.AFTER)
            for value in values
        ]
        for outcome in await asyncio.gather(*changes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    def replace_one(self, where: Where, document: Document) -> Awaitable[UpdateResult]:
        """Put another document in the place of the first that matches."""
        doing: Awaitable[UpdateResult] = self._raw.replace_one(where, document)
        if not self._listeners:
            return doing
        named = _id_in(where)
        write = self._write(id=named, document=document)
        return self._telling(doing, [self._write(id=named)], lambda done: [write] if done.matched_count else [])

    def delete_one(self, where: Where) -> Awaitable[DeleteResult]:
        """Remove the first that matches."""
        return self._deleting(self._raw.delete_one(where), _id_in(where))

    def delete_many(self, where: Where) -> Awaitable[DeleteResult]:
        """Remove all that match."""
        return self._deleting(self._raw.delete_many(where), None)

    def _deleting(self, doing: Awaitable[DeleteResult], named: Any) -> Awaitable[DeleteResult]:
        if not self._listeners:
            return doing
        # What was cut off may not have been removed.
        known = [self._write(id=named, removed=True)]
        return self._telling(doing, [self._write(id=named)], lambda done: known if done.deleted_count else [])

    def _write(
        self,
        *,
        id: Any = None,
        document: Document | None = None,
        removed: bool = False,
        touched: frozenset[str] | None = None,
    ) -> Write:
        return Write(collection=self.name, id=id, document=document, removed=removed, touched=touched)

    async def _telling(
        self, doing: Awaitable[Result], unsure: Iterable[Write], known: Callable[[Result], Iterable[Write]]
    ) -> Result:
        """Tell what is known when it is done, and what may have happened when it failed or was cut off."""
        writes = unsure
        try:
            result = await doing
            writes = known(result)
            return result
        except DuplicateKeyError as error:
            if not self._may_be_there(error):
                writes = ()
            raise
        finally:
            self._tell(writes)

    @staticmethod
    def _may_be_there(error: DuplicateKeyError) -> bool:
        """Whether an earlier attempt may have written what is refused now: then it has the very same id."""
        return "_id" in (error.details or {}).get("keyPattern", {"_id": 1})

    def _tell(self, writes: Iterable[Write]) -> None:
        for write in writes:
            for listener in self._listeners:
                listener(write)


def _id_in(where: Where) -> Any:
    """The one document that a filter can match, if it says so."""
    named = where.get("_id")
    return None if isinstance(named, Mapping) else named


def _touched(update: Update) -> frozenset[str] | None:
    """The top-level fields that the operators of an update change in a document that is there."""
    if not isinstance(update, Mapping):
        return None
    paths = [path for operator, fields in update.items() if operator != "$setOnInsert" for path in fields]
    paths += update.get("$rename", {}).values()
    return frozenset([path.partition(".")[0] for path in paths])
