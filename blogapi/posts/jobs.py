"""Background work on posts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from blogapi.db.client import database_time
from blogapi.errors import Unavailable
from blogapi.posts.counts import Counts
from blogapi.posts.service import PostService

_HOUR, _MINUTE, _MOMENT = 3600, 60, 10
_LONGEST_SECONDS = 60
log = logging.getLogger("blogapi.posts.jobs")


async def empty_trash(posts: PostService) -> None:
    """Remove for good, once an hour, what has been in the trash for 30 days. Runs until it is cancelled."""
    await _again_and_again(posts.purge_trash, _HOUR, "posts removed from the trash")


async def settle_bylines(posts: PostService) -> None:
    """Once a minute, have all posts show names that were changed a while ago. Runs until it is cancelled."""
    await _again_and_again(posts.settle_bylines, _MINUTE, "changed bylines looked after")


async def settle_counts(counts: Counts) -> None:
    """Every few seconds, count what a process that died has left uncounted. Runs until it is cancelled."""
    await _again_and_again(counts.settle, _MOMENT, "posts counted that somebody had left uncounted")


async def _again_and_again(work: Callable[[], Awaitable[int]], seconds: int, done: str) -> None:
    while True:
        try:
            with database_time(_LONGEST_SECONDS):
                count = await work()
        except Unavailable:
            log.warning("%s: not now, the database does not answer; trying again in %d s", done, seconds)
        except Exception:
            log.exception("%s: failed; trying again in %d s", done, seconds)
        else:
            if count:
                log.info("%d %s", count, done)
        await asyncio.sleep(seconds)
