"""What became of posts: each status that they got, when, by the clock of the database, as its oplog has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bson.timestamp import Timestamp
from pymongo import MongoClient

from scripts.labs.schedules.model import Move, Plan, Seen
from scripts.labs.schedules.people import is_leaking

DATABASE = "blogapi"


def now_in(url: str) -> Timestamp:
    """The present place in the oplog."""
    with MongoClient[dict[str, Any]](url) as client:
        place = client.admin.command("hello")["operationTime"]
        assert isinstance(place, Timestamp)
        return place


def seen_in(url: str, since: Timestamp, plans: list[Plan]) -> dict[str, Seen]:
    """By post, what happened to it since then, and what readers saw of it."""
    moves: Mapping[str, list[Move]] = defaultdict(list)
    leaking = set()
    with MongoClient[dict[str, Any]](url, tz_aware=True) as client:
        posts = client[DATABASE]["posts"]
        with posts.watch(start_at_operation_time=since, max_await_time_ms=500) as stream:
            while (change := stream.try_next()) is not None:
                changed = change.get("updateDescription", {}).get("updatedFields", {})
                post_id = str(change["documentKey"]["_id"])
                if "status" in changed:
                    moves[post_id].append(Move(at=change["wallTime"].astimezone(UTC), status=changed["status"]))
                shown = (changed.get("live") or {}).get("body", changed.get("live.body", ""))
                if is_leaking(shown):
                    leaking.add(post_id)
        heads = {str(head["_id"]): head for head in posts.find({}, {"live.published_at": 1})}
    by_hand = {plan.id for plan in plans if plan.has_acted and plan.act in ("publish", "withdraw", "move")}
    return {
        plan.id: Seen(
            moves=moves[plan.id],
            published_at=_published_at(heads[plan.id]),
            is_leaking=plan.id in leaking - by_hand,
        )
        for plan in plans
    }


def _published_at(head: Mapping[str, Any]) -> datetime | None:
    live = head.get("live")
    return live["published_at"] if live else None
