"""What a public answer is made from: names of documents and of the ways in which they are found.

A store that reads something which answers show says so itself, while it reads (`uses`, `uses_page`). Whoever makes an
answer collects what was said (`collecting`), so no handler has to remember it, and none can forget it. A read that says
nothing is noticed (`asked`): an answer made with it is not kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol


class Place(Protocol):
    """Where a document stands among others: what decides, besides its id, which answers it belongs in."""

    @property
    def found_by(self) -> Iterable[str]:
        """What it is found by; `*` when that cannot be told."""


@dataclass(frozen=True, slots=True)
class FoundBy:
    """A place that is nothing but the ways in which a document is found."""

    found_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPart:
    """What of a collection's documents is in public answers.

    `fields`: the top-level ones that decide what an answer shows; a write that touches none of them evicts nothing.
    `projection`: what `place_of` has to see of a document.
    `decided_by`: of ways in which a document is found, by what stands before their `=`, the fields that alone decide
    them. A write that touches none of these leaves alone what was found in that way.
    """

    fields: frozenset[str]
    projection: Mapping[str, int]
    place_of: Callable[[Mapping[str, Any]], Place]
    decided_by: Mapping[str, frozenset[str]] = field(default_factory=dict)


def document(collection: str, identifier: object) -> str:
    """The name of one document."""
    return f"{collection}/{identifier}"


def found_by(collection: str, how: str) -> str:
    """The name of the documents that are found by this (`Place.found_by`)."""
    return f"{collection}?{how}"


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What a finished answer was made from: names, those of whole collections among them, and pages of lists."""

    names: tuple[str, ...]
    pages: Mapping[str, Callable[[Any], bool]]

    def admit(self, collection: str, place: Any) -> bool:
        """Whether a document of the collection, at this place, would stand on a page; yes where nobody can tell."""
        page = self.pages.get(collection)
        try:
            return page is None or page(place)
        except Exception:  # a time that is a number: who knows where such a document would stand
            return True


_NO_PAGES: Mapping[str, Callable[[Any], bool]] = {}


@dataclass(slots=True)
class Sources:
    """What an answer is made from: names, and for pages of lists which documents belong on them.

    A document that is on a page is named by its id. One that is not meets the page only by a `found_by` name, and only
    if the page would admit it as it is now.
    """

    names: set[str] = field(default_factory=set)
    pages: dict[str, Callable[[Any], bool]] = field(default_factory=dict)
    """By collection: whether a document at this place would be admitted."""
    _asked: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    @property
    def are_complete(self) -> bool:
        """Whether every collection that was read said what the answer is made from."""
        return bool(self.names) and self._asked <= self._told

    def sealed(self) -> MadeFrom:
        """All of it, in the little room that it needs from now on."""
        names = self.names.union([_whole(name) for name in self.names])
        return MadeFrom(tuple(names), self.pages or _NO_PAGES)


def _whole(name: str) -> str:
    """The name under which all of a collection's entries go that have names like this one."""
    collection, mark, _ = name.partition("?") if "?" in name.partition("/")[0] else name.partition("/")
    return sys.intern(f"{collection}{mark}*")


_SOURCES: ContextVar[Sources | None] = ContextVar("sources", default=None)


@contextmanager
def collecting() -> Iterator[Sources]:
    """What is read in this block, and in the tasks that are begun in it, is collected in what this yields."""
    sources = Sources()
    token = _SOURCES.set(sources)
    try:
        yield sources
    finally:
        _SOURCES.reset(token)


def asked(collection: str) -> None:
    """Something is read from a collection. Said by the collections themselves."""
    sources = _SOURCES.get()
    if sources is not None:
        sources._asked.add(collection)


def uses(collection: str, *, ids: Iterable[object] = (), found: Iterable[str] = ()) -> None:
    """The answer is made from these documents, and from what is found in these ways.

    To be said also of what was looked for and is not there: it may come.
    """
    sources = _SOURCES.get()
    if sources is not None:
        sources._told.add(collection)
        sources.names.update([document(collection, identifier) for identifier in ids])
        sources.names.update([found_by(collection, how) for how in found])


def uses_page(
    collection: str,
    *,
    on_it: Iterable[object],
    found: Iterable[str],
    counted: bool = False,
    admits: Callable[[Any], bool] | None = None,
) -> None:
    """The answer is a page of a list: these documents, and whatever is found in these ways and would stand on it.

    One with a total depends on all that may join the list or leave it, which are found by `any`.
    """
    uses(collection, ids=on_it, found=("any",) if counted else found)
    sources = _SOURCES.get()
    if sources is not None and admits is not None and not counted:
        # Of two pages of one collection neither can tell for the other.
        sources.pages[collection] = (lambda _: True) if collection in sources.pages else admits
