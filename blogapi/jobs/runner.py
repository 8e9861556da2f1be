"""Background jobs: a feature declares what is done periodically, and each process does it.

There is no leader and no table of jobs: work that must not be done twice says so in its own update in the database.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from blogapi.db.client import database_time
from blogapi.errors import Unavailable
from blogapi.measures import Durations, Measure, counter
from blogapi.pauses import spread

LONGEST_SECONDS = 60
# So that processes that started together do not ask the database together: up to this part of the time more.
JITTER = 0.1
_LONGEST_BACK_OFF = 8
log = logging.getLogger("blogapi.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A method of a service that is called periodically. It returns how much there was to do."""

    seconds: float
    work: Callable[[Any], Awaitable[int]]
    done: str
    """What the log says of the number that it returns: "posts removed from the trash"."""

    sooner: Callable[[Any], asyncio.Event] | None = None
    """Of the service: set when there is something to do that should not wait for the time to come."""

    longest_seconds: float = LONGEST_SECONDS
    """When a run is cut off."""

    @property
    def name(self) -> str:
        """Its name in metrics: `purge_trash`."""
        return self.work.__name__.lstrip("_")


def every(
    seconds: float,
    work: Callable[[Any], Awaitable[int]],
    *,
    done: str,
    sooner: Callable[[Any], asyncio.Event] | None = None,
    longest_seconds: float = LONGEST_SECONDS,
) -> Job:
    """A periodic job, for the door of a feature: `every(60, TagService.finish_renames, done="tags renamed")`."""
    return Job(seconds=seconds, work=work, done=done, sooner=sooner, longest_seconds=longest_seconds)


class Runs:
    """How often jobs ran, how long that took, and how much there was to do."""

    def __init__(self) -> None:
        self.times, self.failures, self.done = Durations(), Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()

    def measures(self) -> list[Measure]:
        """Their metrics."""
        label, failures, done = ("task",), self.failures, self.done
        return [
            self.times.measure("blogapi_job_duration_seconds", "How long a run of a background job took.", label),
            counter("blogapi_job_failures_total", "Runs that failed; they are repeated.", lambda: failures, label),
            counter("blogapi_job_items_total", "What jobs found to do, and did.", lambda: done, label),
        ]


async def run_again_and_again(job: Job, service: Any, runs: Runs) -> None:
    """Run a job periodically until cancelled: each time within its longest time, with longer pauses while it fails."""
    failures, label = 0, (job.name,)
    wake = asyncio.Event() if job.sooner is None else job.sooner(service)
    while True:
        wake.clear()
        begun = time.monotonic()
        try:
            with database_time(job.longest_seconds):
                count = await job.work(service)
        except Unavailable:
            failures += 1
            log.warning("%s: not now, the database does not answer", job.done)
        except Exception:
            failures += 1
            log.exception("%s: failed", job.done)
        else:
            failures = 0
            runs.done[label] += count
            if count:
                log.info("%s: %d", job.done, count)
        runs.times.add(label, time.monotonic() - begun)
        runs.failures[label] += failures > 0
        pause = job.seconds * min(2**failures, _LONGEST_BACK_OFF)
        pause *= spread(JITTER)
        if failures:
            await asyncio.sleep(pause)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await wake.wait()
