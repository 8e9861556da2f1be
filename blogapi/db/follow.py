"""Hearing of every write to some collections, whoever made it, from one change stream.

The stream is read in a thread of its own, by a client of its own: on the event loop, each change would have to wait for
its turn among the requests, and with Motor each would be a hop into a thread and back.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bson.objectid import ObjectId
from bson.timestamp import Timestamp
from pymongo import MongoClient
from pymongo.errors import NotPrimaryError, OperationFailure, PyMongoError

from blogapi.db.client import Database, Document, present_reign
from blogapi.db.collection import Write

# How long the server waits for a change before it says that there is none: proof of life for who is listening.
_BEAT_MS = 100
# A question costs as much as a read, so changes are let gather: what was not at hand, in the answer before, had to be
# asked for, and the next answer may hold several.
_GATHER_SECONDS, _AT_HAND_SECONDS = 0.01, 0.001
# How long a comparison of the server's clock with ours counts.
_CLOCK_SECONDS = 10.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 1.0
# For how long what was told last is taken for all that there is.
FRESH_SECONDS = 1.0
_ONE_DOCUMENT = frozenset({"insert", "update", "replace", "delete"})
_OF_AN_EVENT = ("operationType", "ns", "to", "documentKey", "wallTime")

log = logging.getLogger("blogapi.cache.cache")


class Watched(Protocol):
    """Of which of a collection's fields a change is told, and what of the document is told with it."""

    @property
    def fields(self) -> Collection[str]:
        """Top-level fields: an update that touches none of them is not told."""

    @property
    def projection(self) -> Mapping[str, int]:
        """What is told of the document as it is now."""


class Listener(Protocol):
    """Who wants to know, such as the read cache."""

    def written(self, write: Write) -> None:
        """Somebody wrote."""

    def heard(self, until: float) -> None:
        """All writes up to this moment of the monotonic clock have been told."""

    def stand_aside(self, why: str) -> None:
        """Writes are not told for now. Those of the meantime will be."""

    def start_over(self, why: str) -> None:
        """Writes have been missed, or what was told does not hold any more."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Several that want to know the same."""

    each: Sequence[Listener]

    def written(self, write: Write) -> None:
        """Somebody wrote."""
        for listener in self.each:
            listener.written(write)

    def heard(self, until: float) -> None:
        """All writes up to this moment of the monotonic clock have been told."""
        for listener in self.each:
            listener.heard(until)

    def stand_aside(self, why: str) -> None:
        """Writes are not told for now."""
        for listener in self.each:
            listener.stand_aside(why)

    def start_over(self, why: str) -> None:
        """Writes have been missed."""
        for listener in self.each:
            listener.start_over(why)


async def follow(database: Database, watched: Mapping[str, Watched], listener: Listener) -> None:
    """Tell the listener of all writes until cancelled. Ends at once, and logs why, where nothing tells of them."""
    thread = _Follower(database, watched, listener, asyncio.get_running_loop())
    thread.start()
    try:
        await thread.ended.wait()
    finally:
        thread.stopped.set()
        await asyncio.to_thread(thread.join)


class _NothingTells(Exception):
    """This server does not say of all writes that they happened. `why` in one word."""

    def __init__(self, why: str, explanation: str) -> None:
        super().__init__(explanation)
        self.why = why


class _Follower(threading.Thread):
    """Reads the stream until `stopped`, and has the loop tell the listener."""

    def __init__(
        self,
        database: Database,
        watched: Mapping[str, Watched],
        listener: Listener,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(name="follow", daemon=True)
        self.stopped, self.ended = threading.Event(), asyncio.Event()
        self._open, self._name, self._stages = database.client.open_blocking, database.name, pipeline(watched)
        self._listener, self._loop = listener, loop
        self._token: Mapping[str, Any] | None = None
        self._reign: ObjectId | None = None  # what the primary that we followed was elected with

    def run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self.stopped.is_set():
            told_before = self._token
            try:
                with self._open() as client:
                    self._read(client)
            except _NothingTells as error:
                self._start_over(error.why)
                log.warning("no read cache: %s", error)
                self._tell(self.ended.set)
                return
            except OperationFailure as error:
                self._start_over("stream-lost")
                log.warning("the read cache starts over: the change stream cannot go on (%s)", error.code)
            except PyMongoError as error:
                self._tell(self._listener.stand_aside, "stream-lost")
                log.warning("the read cache stands aside: the change stream was lost (%s)", type(error).__name__)
            except Exception:
                self._start_over("stream-lost")
                log.exception("the read cache starts over: the change stream told what is not understood")
            pause = _FIRST_PAUSE_SECONDS if self._token != told_before else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self.stopped.wait(pause)

    def _read(self, client: MongoClient[Document]) -> None:
        """Follow one primary, from where we were. Ends when there is another. Raises _NothingTells."""
        begin, clock, measured = self._beginning(client), 0.0, float("-inf")
        with client[self._name].watch(
            self._stages, full_document="updateLookup", max_await_time_ms=_BEAT_MS, **begin
        ) as stream:
            while not self.stopped.is_set():
                if time.monotonic() > measured + _CLOCK_SECONDS:
                    clock, measured = _clock_difference(client), time.monotonic()
                asked = time.monotonic()
                change = stream.try_next()
                reign = present_reign(client)
                if reign not in (None, self._reign):
                    self._tell(self._listener.stand_aside, "new-primary")
                    return
                until = asked
                if change is not None:
                    if change["operationType"] == "invalidate":
                        self._start_over("database-dropped")
                        return
                    for write in _writes(change):
                        self._tell(self._listener.written, write)
                    # What is told next may have happened right after it.
                    until = min(time.monotonic(), _seconds(change["wallTime"]) - clock)
                if reign is None:
                    # Whom we follow is deposed, and may never hear of what others write now.
                    self._tell(self._listener.stand_aside, "no-primary")
                else:
                    self._tell(self._listener.heard, until)
                self._token = stream.resume_token
                if change is not None and time.monotonic() - asked > _AT_HAND_SECONDS:
                    self.stopped.wait(_GATHER_SECONDS)

    def _beginning(self, client: MongoClient[Document]) -> dict[str, Any]:
        """Where to begin: after the last change that was told, or right behind what a majority has.

        Readers do not see yet what comes after that, so all of it has to be told. Raises _NothingTells.
        """
        hello = client.admin.command("hello")
        if hello.get("msg") == "isdbgrid":
            raise _NothingTells("sharded", "a router may hold writes back for as long as one shard has none")
        if "setName" not in hello:
            raise _NothingTells("standalone", "this MongoDB is standalone, and only a replica set tells of writes")
        if "electionId" not in hello:
            raise NotPrimaryError("whoever answers has been deposed")
        before, self._reign = self._reign, hello["electionId"]
        if before is not None and before != self._reign:
            # What the new one calls committed may be older than what the old one has told.
            self._start_over("new-primary")
        if self._token is not None:
            return {"resume_after": self._token}
        committed = hello["lastWrite"]["majorityOpTime"]["ts"]
        return {"start_at_operation_time": Timestamp(committed.time, committed.inc + 1)}

    def _tell(self, method: Callable[..., None], *what: Any) -> None:
        if not self.stopped.is_set():  # else the loop may be gone
            self._loop.call_soon_threadsafe(method, *what)

    def _start_over(self, why: str) -> None:
        self._token = None
        self._tell(self._listener.start_over, why)


def _clock_difference(client: MongoClient[Document]) -> float:
    """The server's clock less our monotonic one, in seconds; too large by the time that the question took."""
    asked = time.monotonic()
    return _seconds(client.admin.command("hello")["localTime"]) - asked


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


def _writes(change: Document) -> Iterator[Write]:
    """What a change event says. A document that is gone by now is told once more, as removed."""
    collection = change.get("ns", {}).get("coll", "")
    if change["operationType"] in _ONE_DOCUMENT:
        present = change.get("fullDocument")
        touched = frozenset(change["touched"]) if "touched" in change else None
        yield Write(
            collection=collection,
            id=change["documentKey"]["_id"],
            document=present,
            removed=present is None,
            touched=touched,
        )
    else:
        yield Write(collection=collection)
        if change["operationType"] == "rename":
            yield Write(collection=change["to"]["coll"])


def pipeline(watched: Mapping[str, Watched]) -> list[Document]:
    """The stages of the change stream: what touches nothing that is watched stays in the database."""
    touching = [{"ns.coll": name, "$expr": _touches(about.fields)} for name, about in watched.items()]
    others: Document = {"operationType": {"$ne": "update"}, "ns.coll": {"$in": [*watched]}}
    renamed: Document = {"operationType": "rename", "to.coll": {"$in": [*watched]}}
    whole: Document = {"operationType": {"$in": ["dropDatabase", "invalidate"]}}
    seen = {f"fullDocument.{path}": 1 for about in watched.values() for path in about.projection}
    return [
        {"$match": {"$or": [*touching, others, renamed, whole]}},
        {"$project": {**dict.fromkeys(_OF_AN_EVENT, 1), "fullDocument._id": 1, **seen, "touched": _OF_AN_UPDATE}},
    ]


def _touches(fields: Iterable[str]) -> Document:
    """An update of one of these top-level fields, or of something in it."""
    return {"$ne": [{"$setIntersection": [sorted(fields), _touched()]}, []]}


def _touched() -> Document:
    """The top-level fields that an update changed, or something in them."""
    about = "$updateDescription"
    paths: list[Document] = [
        {"$map": {"input": {"$objectToArray": {"$ifNull": [f"{about}.updatedFields", {}]}}, "in": "$$this.k"}},
        {"$ifNull": [f"{about}.removedFields", []]},
        {"$map": {"input": {"$ifNull": [f"{about}.truncatedArrays", []]}, "in": "$$this.field"}},
    ]
    return {"$map": {"input": {"$concatArrays": paths}, "in": {"$arrayElemAt": [{"$split": ["$$this", "."]}, 0]}}}


_OF_AN_UPDATE: Document = {"$cond": [{"$eq": ["$operationType", "update"]}, _touched(), "$$REMOVE"]}
