"""Which posts something is to happen to: `due_at` in their head documents, the nearest end of their schedules.

Whether a time has come, the clock of the database says. That of this process is only used to keep to a part of the
index, so it may be wrong by hours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import IndexModel

from blogapi.db.bulk import every
from blogapi.db.client import Database, Document, object_id
from blogapi.paging.keyset import stored
from blogapi.posts.cache_sources import POSTS
from blogapi.posts.model import Post
from blogapi.posts.schedules.model import next_of

DUE = IndexModel([("due_at", 1), ("_id", 1)], name="due", partialFilterExpression={"due_at": {"$exists": True}})
# By which the clocks of servers may be wrong.
_WRONG_BY = timedelta(days=1)


class ScheduleStore:
    """Finds what is due."""

    def __init__(self, database: Database) -> None:
        self._posts = database[POSTS]

    async def next_due(self, now: datetime, *, but: Collection[str] = ()) -> tuple[str, datetime] | None:
        """The id of the post to which something should have happened by now, and first of all; and when.

        `but` are the ids of posts to pass over.
        """
        where: Document = {"due_at": {"$lte": stored(now + _WRONG_BY)}, "$expr": {"$lte": ["$due_at", "$$NOW"]}}
        found = self._posts.find(where, {"due_at": 1}).sort([("due_at", 1), ("_id", 1)]).limit(len(but) + 1)
        async for each in found:
            if (post_id := str(each["_id"])) not in but:
                return post_id, each["due_at"].replace(tzinfo=UTC)
        return None

    async def mend(self, post: Post) -> bool:
        """Set `due_at` to what the schedule says; False when the post was changed meanwhile."""
        update = {"$unset": {"due_at": ""}} if post.due_at is None else {"$set": {"due_at": post.due_at}}
        where = {"_id": object_id(post.id), "version": post.version}
        return (await self._posts.update_one(where, update)).matched_count == 1

    async def has_come(self, post_id: str, moment: datetime) -> bool:
        """Whether this time has come. Asks the database while it finds this post."""
        where = {"_id": object_id(post_id), "$expr": {"$lte": [stored(moment), "$$NOW"]}}
        return await self._posts.find_one(where, {"_id": 1}) is not None

    async def out_of_place(self) -> AsyncIterator[tuple[str, str]]:
        """`(post id, what is wrong)` of posts whose schedule does not fit them. For `doctor`."""
        wanted = dict.fromkeys(("status", "scheduled.at", "withdrawal.at", "due_at"), 1)
        async for document in every(self._posts, None, wanted):
            scheduled, withdrawal = document.get("scheduled"), document.get("withdrawal")
            due_at = min([end["at"] for end in (scheduled, withdrawal) if end], default=None)
            if (document["status"] == "scheduled") != bool(scheduled):
                yield str(document["_id"]), f"{document['status']}, and {'' if scheduled else 'not '}to be published"
            elif withdrawal and document["status"] not in ("scheduled", "published"):
                yield str(document["_id"]), f"{document['status']}, and to be unpublished"
            elif document.get("due_at") != due_at:
                yield str(document["_id"]), "looked for at another time"


def move_due_at(update: Document, post: Post, changes: Mapping[str, Any]) -> None:
    """Have an update of a post set `due_at` to what these changes make of it."""
    if "scheduled" in changes or "withdrawal" in changes:
        due_at = next_of(changes.get("scheduled", post.scheduled), changes.get("withdrawal", post.withdrawal))
        if due_at is None:
            update["$unset"] = {"due_at": ""}
        else:
            update["$set"]["due_at"] = due_at
