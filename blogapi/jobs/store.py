"""Where long work is kept: how far it is, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pymongo import IndexModel, ReturnDocument

from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.jobs.model import Part, Task

_OPEN = {"open": True}
_LONG_AGO = datetime(1970, 1, 1)  # as the database has it
# All that is open, by the index: without a bound of its key it would not serve.
_BY_INDEX = {**_OPEN, "leased_at": {"$gte": _LONG_AGO}}
# For how long who asked can look at what is over.
KEPT = timedelta(days=7)


class TaskStore(Store):
    """Tasks. One that is `open` is leased for `lease_ms` from `leased_at` on, by the clock of the database alone.

    Each claim raises `fence`, and every later write of who claimed it asks for that number. So who was slow, and has
    lost its lease to somebody else, changes nothing any more.
    """

    collection = "jobs"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("leased_at", 1)], name="open", partialFilterExpression=_OPEN),
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
    )

    def __init__(self, database: Database) -> None:
        self._tasks = database[self.collection]

    async def insert(self, task: Task) -> None:
        """Have it done by whoever comes first."""
        free = {**_OPEN, "leased_at": _LONG_AGO, "lease_ms": 0, "schema": 1}
        await self._tasks.insert_one({**to_document(task), **free})

    async def find(self, task_id: str) -> Task | None:
        """How far it is."""
        return _task(await self._tasks.find_one({"_id": object_id(task_id)}))

    async def is_open(self, kind: str, arguments: Mapping[str, Any]) -> bool:
        """Whether this very work is to be done, or being done."""
        which = {**_BY_INDEX, "kind": kind, "arguments": dict(arguments)}
        return await self._tasks.find_one(which, {"_id": 1}) is not None

    async def claim(self, kinds: Names[str], lease_ms: int, *, task_id: str | None = None) -> Task | None:
        """One of these kinds that nobody is at, or this one, for who asks. None when there is none."""
        is_free = {"$lte": ["$leased_at", {"$subtract": ["$$NOW", "$lease_ms"]}]}
        which: Document = {**_BY_INDEX, "kind": {"$in": [*kinds]}, "$expr": is_free}
        if task_id is not None:
            which["_id"] = object_id(task_id)
        update = {**_lease(lease_ms, state="running"), "$inc": {"fence": 1}}
        return _task(await self._tasks.find_one_and_update(which, update, return_document=ReturnDocument.AFTER))

    async def move(self, task: Task, part: Part, lease_ms: int, now: datetime) -> Task | None:
        """Note what was done, and keep it for another while; None when somebody else has taken it up."""
        done = task.done + part.done
        total = task.total if part.left is None else done + part.left
        sets = {"done": done, "total": None if total is None else max(total, done), "cursor": part.cursor}
        return await self._move(task, _lease(lease_ms, **sets, failures=0, updated_at=now))

    async def end(self, task: Task, part: Part, now: datetime, *, state: str = "done") -> Task | None:
        """Note what was done at last; it is removed after a while. None when somebody else has taken it up."""
        done = task.done + part.done
        total = done if state == "done" else task.total
        sets = {"state": state, "done": done, "total": total, "updated_at": now, "ended_at": now}
        return await self._move(task, {"$set": {**sets, "expires_at": now + KEPT}, "$unset": {"open": ""}})

    async def put_back(self, task: Task, wait_ms: int = 0, *, failures: int = 0) -> None:
        """Leave it to whoever comes after this time, unless somebody else has taken it up."""
        await self._move(task, _lease(wait_ms, failures=failures))

    async def _move(self, task: Task, update: Document) -> Task | None:
        mine = {"_id": object_id(task.id), "fence": task.fence, **_OPEN}
        return _task(await self._tasks.find_one_and_update(mine, update, return_document=ReturnDocument.AFTER))


def _lease(lease_ms: int, **sets: Any) -> Document:
    """From now on, as the database tells the time."""
    return {"$set": {**sets, "lease_ms": lease_ms}, "$currentDate": {"leased_at": True}}


def _task(document: Document | None) -> Task | None:
    return None if document is None else from_document(Task, document)
