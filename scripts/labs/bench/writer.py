"""Somebody else who writes: edits of working copies and publications of changed posts, in turn, at a steady rate."""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

from blogapi.config import load_config
from scripts.labs.chance import chance_of

_AT_ONCE = 8


def write(posts: Collection[dict[str, Any]], post_id: Any, number: int) -> None:
    """The even ones are edits that readers must not see, the odd ones are published."""
    text, now = f"A title, {number}", datetime.now(UTC)
    change: dict[str, Any] = {"working.title": text, "updated_at": now}
    if number % 2:
        change |= {"live.title": text, "live.moved_at": now, "live.updated_at": now}
    moved = {"version": 1, "live.version": 1} if number % 2 else {"version": 1}
    posts.update_one({"_id": post_id}, {"$set": change, "$inc": moved})


def main(per_second: int, seconds: float, chance: random.Random, known: Path) -> int:
    """Returns how many writes there were. What stands in `known` stays as it is."""
    mongo, done = load_config().mongo, 0
    unchanged = {line.split()[0].rpartition("/")[2] for line in known.read_text().splitlines()}
    with MongoClient[dict[str, Any]](mongo.url, w="majority") as client, ThreadPoolExecutor(_AT_ONCE) as threads:
        posts = client[mongo.database]["posts"]
        ids = [found["_id"] for found in posts.find({"live.audience": "public"}, {"_id": 1})]
        ids = [post_id for post_id in ids if str(post_id) not in unchanged]
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            due = int(elapsed * per_second) - done
            list(threads.map(lambda number: write(posts, chance.choice(ids), number), range(done, done + due)))
            done += due
            time.sleep(0.01)
    return done


if __name__ == "__main__":
    print(main(int(sys.argv[1]), float(sys.argv[2]), chance_of(int(sys.argv[3])), Path(sys.argv[4])))
