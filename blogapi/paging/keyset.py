"""Keyset paging in MongoDB: the same cost on page 10,000 as on page 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from blogapi.cache.sources import uses_page
from blogapi.db.client import Collection, Document, object_id
from blogapi.db.collection import Cursor
from blogapi.ids import is_id
from blogapi.paging.page import Page, PageRequest, Position, SortValue

Item = TypeVar("Item")

# Characters of the heavy documents on one page; what the database sends beyond them in one batch is 16 MB at most.
_MOST_HELD = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sort:
    """The key by which documents are sorted, and the direction. Among equals, the id decides, in the same direction."""

    key: str
    descending: bool = False

    @property
    def direction(self) -> int:
        """As MongoDB writes it."""
        return -1 if self.descending else 1


def stored(value: SortValue) -> SortValue:
    """A time as documents have it: naive UTC."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def after(query: Mapping[str, Any], sort: Sort, position: Position) -> Document:
    """The query for what comes after a position.

    `{key: {$lte: x}, $or: [...]}` and not the `$or` alone: only with the bound spelt out does the planner walk one
    range of the index when the query also has an `$in`. A query with an `$or` of its own keeps it, too.
    """
    bound, beyond = ("$lte", "$lt") if sort.descending else ("$gte", "$gt")
    value = stored(position.value)
    last = object_id(position.id) if is_id(position.id) else position.id
    present = query.get(sort.key, {})
    if not isinstance(present, Mapping):
        present = {"$eq": present}
    behind = {"$or": [{sort.key: {beyond: value}}, {sort.key: value, "_id": {beyond: last}}]}
    # The query may have this very bound, for a range that begins further on.
    tighter = min if sort.descending else max
    bounded = {**query, sort.key: {**present, bound: tighter(value, present.get(bound, value))}}
    if "$or" not in query:
        return {**bounded, **behind}
    own = {"$or": bounded.pop("$or")}
    return {**bounded, "$and": [*query.get("$and", []), own, behind]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which documents a list selects, in the words by which its collection says where they are found."""

    found: Iterable[str] = ("list",)
    admits: Callable[[Position | None, Position | None], Callable[[Any], bool]] | None = None
    """Tells, for a page that starts and ends after these positions, whether a document at a place would stand on it.
    Without, whatever is found in these ways might."""


ALL = Selection()


async def find_page(
    collection: Collection,
    query: Mapping[str, Any],
    sort: Sort,
    page: PageRequest,
    read: Callable[[Document], Item],
    *,
    projection: Mapping[str, Any] | None = None,
    heavy: bool = False,
    selection: Selection = ALL,
    hint: Sequence[tuple[str, int]] | None = None,
) -> Page[Item]:
    """One page. Asks for one document more than fits, to know whether there is a next page.

    A projection keeps the sort key. A page of `heavy` documents ends early rather than hold too much at once. An answer
    that shows the page is made from what is on it, and from what the `selection` says could come to stand on it. `hint`
    is the index to go by, where the planner cannot tell.
    """
    total = await collection.count_documents(query) if page.count else None
    wanted = dict(query) if page.after is None else after(query, sort, page.after)
    cursor = collection.find(wanted, projection)
    cursor = cursor.sort([(sort.key, sort.direction), ("_id", sort.direction)]).limit(page.limit + 1)
    if hint is not None:
        cursor = cursor.hint(hint)
    documents, behind = await _take(cursor, page.limit, heavy=heavy)

    def position_of(index: int) -> Position:
        document = documents[index]
        return Position(_value(document, sort.key), str(document["_id"]))

    items = [read(document) for document in documents]
    following = None if behind is None else position_of(-1)
    uses_page(
        collection.name,
        # The first after the page as well: when that one goes, there may be no next page.
        on_it=[document["_id"] for document in (*documents, *([] if behind is None else [behind]))],
        found=selection.found,
        counted=page.count,
        admits=selection.admits and selection.admits(page.after, following),
    )
    return Page(items=items, position_of=position_of, next=following, total=total)


async def _take(cursor: Cursor, limit: int, *, heavy: bool) -> tuple[list[Document], Document | None]:
    """The documents on a page and the one behind it. Heavy ones come one by one, until they are too much."""
    if not heavy:
        documents = await cursor.to_list(limit + 1)
        return documents[:limit], documents[limit] if len(documents) > limit else None
    documents, held = [], 0
    async for document in cursor:
        held += _size(document)
        if documents and (len(documents) == limit or held > _MOST_HELD):
            await cursor.close()
            return documents, document
        documents.append(document)
    return documents, None


def _size(value: Any) -> int:
    """The length of all texts in a value, in characters."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0


def _value(document: Document, key: str) -> SortValue:
    value: Any = document
    for part in key.split("."):
        value = value[part]
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value  # type: ignore[no-any-return]  # texts, numbers, times
