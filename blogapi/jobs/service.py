"""Does long work: a part at a time, in any process, going on where another one died."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from blogapi.db.client import new_id
from blogapi.errors import NotFound, Unavailable
from blogapi.jobs.model import Asker, Kind, Part, Task
from blogapi.jobs.store import TaskStore
from blogapi.measures import Measure, counter
from blogapi.translation.sentence import say

Do = Callable[[Task], Awaitable[Part]]
# A part is cut off while the lease still holds, so two processes are at one task only when one of them stood still.
_LEASE_MS, _LONGEST_PART_SECONDS = 30_000, 20
# How long the background job goes on at a time; what is left, it goes on with at once.
_TURN_SECONDS = 30
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS, _MOST_FAILURES = 1_000, 60_000, 20
log = logging.getLogger("blogapi.jobs")


class LongWork:
    """Takes long work, and does it. `workers` are what features declare, by their kinds."""

    def __init__(self, store: TaskStore, workers: Mapping[str, tuple[Kind, Do]], now: Callable[[], datetime]) -> None:
        self._store, self._workers, self._now = store, workers, now
        self._done, self._ended = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        self.waiting = asyncio.Event()
        """Set when there may be something to do at once."""

    async def start(
        self,
        kind: Kind,
        arguments: Mapping[str, Any],
        who: Asker | None,
        *,
        total: int | None = None,
        within: float = 0,
    ) -> Task:
        """Have something done: what goes within so many seconds before this returns, the rest in the background.

        What was started is done, whoever dies.
        """
        now = self._now()
        asked_by = None if who is None else who.user_id
        task = Task(
            id=new_id(),
            kind=kind.name,
            arguments=arguments,
            asked_by=asked_by,
            total=total,
            created_at=now,
            updated_at=now,
        )
        await self._store.insert(task)
        claimed = await self._claim(task.id) if within > 0 else None
        if claimed is not None:
            task = await self._go_on(claimed, within)
        if task.is_open:
            self.waiting.set()
        return task

    async def is_open(self, kind: Kind, arguments: Mapping[str, Any]) -> bool:
        """Whether somebody has this very work done, which is not done yet."""
        return await self._store.is_open(kind.name, arguments)

    async def read(self, who: Asker, task_id: str) -> Task:
        """How far it is. Raises NotFound, also for who may not see it."""
        task = await self._store.find(task_id)
        if task is None or not task.may_read(who):
            raise NotFound(say("There is no job {job!r}.", job=task_id))
        return task

    async def carry_on(self) -> int:
        """Do what waits, and what others have left; returns how much was done. Any process may."""
        count, end = 0, time.monotonic() + _TURN_SECONDS
        while (left := end - time.monotonic()) > 0 and (task := await self._claim()) is not None:
            after = await self._go_on(task, left)
            count += after.done - task.done
            if after.is_open and not after.failures:
                self.waiting.set()
        return count

    async def _claim(self, task_id: str | None = None) -> Task | None:
        return await self._store.claim(self._workers.keys(), _LEASE_MS, task_id=task_id)

    async def _go_on(self, task: Task, seconds: float) -> Task:
        """Go on with a claimed task for so long, and leave the rest to others."""
        end = time.monotonic() + seconds
        kind, do = self._workers[task.kind]
        while time.monotonic() < end:
            try:
                async with asyncio.timeout(_LONGEST_PART_SECONDS):
                    part = await do(task)
            except Unavailable:
                raise  # the lease runs out by itself
            except Exception:
                log.exception("%s: failed (job %s, %d done)", kind.done, task.id, task.done)
                return await self._failed(task)
            moved = await self._note(task, part)
            if moved is None:  # somebody else is at it since
                return await self._store.find(task.id) or task
            self._done[kind.name,] += part.done
            task = moved
            log.info("%s: %d of %s (job %s, %s)", kind.done, task.done, task.total, task.id, task.state)
            if not task.is_open:
                self._ended[kind.name, task.state] += 1
                return task
        await self._store.put_back(task)
        return task

    async def _note(self, task: Task, part: Part) -> Task | None:
        if part.is_last:
            return await self._store.end(task, part, self._now())
        return await self._store.move(task, part, _LEASE_MS, self._now())

    async def _failed(self, task: Task) -> Task:
        failures = task.failures + 1
        if failures < _MOST_FAILURES:
            pause = min(_FIRST_PAUSE_MS * 2 ** (failures - 1), _LONGEST_PAUSE_MS)
            await self._store.put_back(task, pause, failures=failures)
        elif await self._store.end(task, Part(), self._now(), state="failed") is not None:
            self._ended[task.kind, "failed"] += 1
        return await self._store.find(task.id) or task

    def measures(self) -> list[Measure]:
        """Their metrics."""
        done, ended = self._done, self._ended
        return [
            counter("blogapi_long_work_items_total", "What long work has done here.", lambda: done, ("kind",)),
            counter(
                "blogapi_long_work_ended_total",
                "Long work that came to its end here.",
                lambda: ended,
                ("kind", "state"),
            ),
        ]
