"""Background work on posts."""

from __future__ import annotations

import asyncio
import logging

from blogapi.db.client import database_time
from blogapi.errors import Unavailable
from blogapi.posts.service import PostService

_EVERY_SECONDS = 3600
_LONGEST_SECONDS = 60
log = logging.getLogger("blogapi.posts.jobs")


async def empty_trash(posts: PostService) -> None:
    """Remove for good, once an hour, what has been in the trash for 30 days. Runs until it is cancelled."""
    while True:
        try:
            with database_time(_LONGEST_SECONDS):
                count = await posts.purge_trash()
        except Unavailable:
            log.warning("the trash could not be emptied, the database does not answer; trying again in an hour")
        except Exception:
            log.exception("the trash could not be emptied; trying again in an hour")
        else:
            if count:
                log.info("%d posts removed from the trash", count)
        await asyncio.sleep(_EVERY_SECONDS)
