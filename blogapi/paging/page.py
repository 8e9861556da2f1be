"""Pages of a list by keyset: where a page starts is a value and an id, never a number of rows to skip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Item = TypeVar("Item")
SortValue = datetime | str | int


@dataclass(frozen=True, slots=True)
class Position:
    """The last item of a page: its sort value and, among equals, its id."""

    value: SortValue
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page: at most `limit` items after a position, and whether to count them all."""

    limit: int = 20
    after: Position | None = None
    count: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Items, and where the next page starts (None at the end). `total` only when it was asked for.

    `position_of` tells where an item of it stands, for who wants to end the page earlier.
    """

    items: Sequence[Item]
    position_of: Callable[[int], Position] | None = None
    next: Position | None = None
    total: int | None = None
