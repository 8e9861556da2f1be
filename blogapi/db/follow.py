"""Hearing of every write to some collections, whoever made it, from one change stream."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pymongo.errors import PyMongoError

from blogapi.cache import Shown
from blogapi.db.client import Database, Document, describe_server
from blogapi.db.collection import Write

# How long the server waits for a change before it says that there is none: proof of life for who is listening.
_BEAT_MS = 100
# A question costs as much as a read, so changes are let gather: what was not at hand, in the answer before, had to be
# asked for, and the next answer may hold several.
_GATHER_SECONDS, _AT_HAND_SECONDS = 0.01, 0.001
# How long a comparison of the server's clock with ours counts.
_CLOCK_SECONDS = 10.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 1.0
_ONE_DOCUMENT = frozenset({"insert", "update", "replace", "delete"})

log = logging.getLogger("blogapi.cache")


class Listener(Protocol):
    """Who wants to know (`blogapi.cache.Cache`)."""

    def written(self, write: Write) -> None:
        """Somebody wrote."""

    def heard(self, lag_seconds: float) -> None:
        """All writes up to this long ago have been told."""

    def stand_aside(self, why: str) -> None:
        """Writes may have been missed."""


async def follow(database: Database, shown: Mapping[str, Shown], listener: Listener) -> None:
    """Tell the listener of all writes until cancelled. Ends at once, and logs why, where nothing tells of them."""
    if not (await describe_server(database)).is_replica_set:
        listener.stand_aside("standalone")
        log.warning("no read cache: this MongoDB is standalone, and only a replica set tells of writes")
        return
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            async for _ in _beats(database, shown, listener):
                pause = _FIRST_PAUSE_SECONDS
        except PyMongoError as error:
            listener.stand_aside("stream-lost")
            log.warning("the read cache stands aside: the change stream was lost (%s)", type(error).__name__)
        except Exception:
            listener.stand_aside("stream-lost")
            log.exception("the read cache stands aside: the change stream told what is not understood")
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _beats(database: Database, shown: Mapping[str, Shown], listener: Listener) -> AsyncIterator[None]:
    """Follow one primary: yields whenever everything up to now was told. Ends when there is another primary."""
    primary, ahead, measured = database.client.primary, timedelta(), float("-inf")
    stages = pipeline(shown)
    async with database.watch(stages, full_document="updateLookup", max_await_time_ms=_BEAT_MS) as stream:
        while True:
            if time.monotonic() > measured + _CLOCK_SECONDS:
                ahead, measured = await _clock_difference(database), time.monotonic()
            asked = time.monotonic()
            change = await stream.try_next()
            if database.client.primary != primary:
                # What the new one calls committed may be older than what the old one has told.
                listener.stand_aside("new-primary")
                return
            if change is None:
                listener.heard(0)
                yield
                continue
            if change["operationType"] == "invalidate":
                listener.stand_aside("database-dropped")
                return
            listener.written(_write(change))
            if (told_at := change.get("wallTime")) is not None:
                listener.heard(max(0.0, (_utc_now() + ahead - told_at).total_seconds()))
            if time.monotonic() - asked > _AT_HAND_SECONDS:
                await asyncio.sleep(_GATHER_SECONDS)


async def _clock_difference(database: Database) -> timedelta:
    """How far the server's clock is ahead of ours."""
    hello = await database.client.admin.command("hello")
    local_time: datetime = hello["localTime"]
    return local_time - _utc_now()


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _write(change: Document) -> Write:
    """What a change event says. A document that is gone by now is told once more, as removed."""
    collection = change.get("ns", {}).get("coll", "")
    if change["operationType"] not in _ONE_DOCUMENT:
        return Write(collection=collection)
    present = change.get("fullDocument")
    return Write(collection=collection, id=change["documentKey"]["_id"], document=present, removed=present is None)


def pipeline(shown: Mapping[str, Shown]) -> list[Document]:
    """The stages of the change stream: what touches nothing that is shown stays in the database."""
    touching = [{"ns.coll": name, "$expr": _touches(about.fields)} for name, about in shown.items()]
    others: Document = {"operationType": {"$ne": "update"}, "ns.coll": {"$in": [*shown]}}
    whole: Document = {"operationType": {"$in": ["dropDatabase", "invalidate"]}}
    seen = {f"fullDocument.{path}": 1 for about in shown.values() for path in about.projection}
    return [
        {"$match": {"$or": [*touching, others, whole]}},
        {"$project": {"operationType": 1, "ns": 1, "documentKey": 1, "wallTime": 1, "fullDocument._id": 1, **seen}},
    ]


def _touches(fields: Iterable[str]) -> Document:
    """An update of one of these top-level fields, or of something in it."""
    about = "$updateDescription"
    paths: list[Document] = [
        {"$map": {"input": {"$objectToArray": {"$ifNull": [f"{about}.updatedFields", {}]}}, "in": "$$this.k"}},
        {"$ifNull": [f"{about}.removedFields", []]},
        {"$map": {"input": {"$ifNull": [f"{about}.truncatedArrays", []]}, "in": "$$this.field"}},
    ]
    names = {"$map": {"input": {"$concatArrays": paths}, "in": {"$arrayElemAt": [{"$split": ["$$this", "."]}, 0]}}}
    return {"$ne": [{"$setIntersection": [sorted(fields), names]}, []]}
