"""Background work: a feature declares what is to be done every so often, and each process does it.

There is no leader and no table of jobs: work that must not be done twice says so in its own update in the database.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from blogapi.db.client import database_time
from blogapi.errors import Unavailable

_LONGEST_SECONDS = 60
# So that processes that started together do not ask the database together: up to this part of the time more.
_JITTER = 0.1
_LONGEST_BACK_OFF = 8
log = logging.getLogger("blogapi.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something of a service that is to be done again and again. It returns how much there was to do."""

    seconds: float
    work: Callable[[Any], Awaitable[int]]
    done: str
    """What the log says of the number that it returns: "posts removed from the trash"."""


def every(seconds: float, work: Callable[[Any], Awaitable[int]], *, done: str) -> Job:
    """To be declared in the door of a feature: `every(60, TagService.finish_renames, done="tags renamed")`."""
    return Job(seconds=seconds, work=work, done=done)


async def run_again_and_again(job: Job, service: Any) -> None:
    """Do it, one at a time, each within a minute; longer and longer pauses while it fails. Runs until cancelled."""
    failures = 0
    while True:
        try:
            with database_time(_LONGEST_SECONDS):
                count = await job.work(service)
        except Unavailable:
            failures += 1
            log.warning("%s: not now, the database does not answer", job.done)
        except Exception:
            failures += 1
            log.exception("%s: failed", job.done)
        else:
            failures = 0
            if count:
                log.info("%d %s", count, job.done)
        pause = job.seconds * min(2**failures, _LONGEST_BACK_OFF)
        await asyncio.sleep(pause * random.uniform(1, 1 + _JITTER))  # noqa: S311  # to spread, not to hide
