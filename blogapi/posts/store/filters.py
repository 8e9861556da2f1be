"""Which posts a list wants, as queries of MongoDB. Each is served by an index of `PostStore`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from blogapi.db.client import Document, object_id
from blogapi.paging.keyset import stored
from blogapi.posts.audiences import LISTED_AS
from blogapi.posts.model import KINDS, STATUSES, PublicFilter, WorkingFilter

PUBLISHED_AT, UPDATED_AT = "live.published_at", "updated_at"
# When a post was published stands behind the order of the list: what lies outside of a range is left out by its key,
# and its document is not read.
BY_STATUS = ("status", "-updated_at", "-_id", PUBLISHED_AT)
# Pages are few, so they have an index to themselves, and a list of posts passes over those on its way.
PAGES = ("kind", "-updated_at", "-_id")

_KEPT = tuple(status for status in STATUSES if status != "trashed")


def index_keys(*keys: str) -> list[tuple[str, int]]:
    """The keys of an index; `-key` descends."""
    return [(key.lstrip("-"), -1 if key.startswith("-") else 1) for key in keys]


def public_query(wanted: PublicFilter) -> Document:
    """Of the posts that stand in public lists."""
    listed = any_of([LISTED_AS[kind] for kind in wanted.kinds])
    query: Document = {"live.audience": listed, **_selection("live", wanted)}
    return query | _range(PUBLISHED_AT, wanted.published_from, wanted.published_before)


def working_query(wanted: WorkingFilter) -> Document:
    """Of the posts that somebody may edit."""
    query: Document = {"status": {"$in": list(wanted.statuses or _KEPT)}}
    if {*wanted.kinds} != {*KINDS}:
        # A post from before there were pages does not say what it is.
        query["kind"] = "page" if "page" in wanted.kinds else {"$ne": "page"}
    query |= _selection("working", wanted)
    query |= _range(PUBLISHED_AT, wanted.published_from, wanted.published_before)
    query |= _range(UPDATED_AT, wanted.updated_from, wanted.updated_before)
    if wanted.editable_by is None:
        return query
    mine = {"working.authors.id": object_id(wanted.editable_by)}
    return {"$and": [mine, query]} if "working.authors.id" in query else {**mine, **query}


def working_hint(wanted: WorkingFilter) -> list[tuple[str, int]] | None:
    """The index of a list of pages, or by nothing but the time of publication: for the planner many are equal there."""
    if wanted.kinds == ("page",):
        return index_keys(*PAGES)
    by_publication = wanted.published_from is not None or wanted.published_before is not None
    if (
        not by_publication
        or wanted.tags
        or wanted.langs
        or wanted.custom
        or wanted.author_ids
        or wanted.featured is not None
    ):
        return None
    return index_keys(*BY_STATUS) if wanted.editable_by is None else index_keys("working.authors.id", *BY_STATUS)


def _selection(copy: str, wanted: PublicFilter) -> Document:
    query: Document = {}
    if wanted.tags:
        query[f"{copy}.tags"] = any_of(wanted.tags)
    if wanted.author_ids:
        query[f"{copy}.authors.id"] = any_of([object_id(author) for author in wanted.author_ids])
    if wanted.langs:
        query[f"{copy}.lang"] = any_of(wanted.langs)
    query |= {f"{copy}.custom.{name}": any_of(values) for name, values in wanted.custom}
    if wanted.featured is not None:
        query["featured"] = wanted.featured
    return query


def any_of(values: Iterable[Any]) -> Any:
    """What matches any of these values. Of a single one, the index gives the order of the rest."""
    many = list(values)
    return many[0] if len(many) == 1 else {"$in": many}


def _range(key: str, start: datetime | None, end: datetime | None) -> Document:
    bounds = {"$gte": start and stored(start), "$lt": end and stored(end)}
    given = {operator: value for operator, value in bounds.items() if value is not None}
    return {key: given} if given else {}
