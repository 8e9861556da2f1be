"""The bare driver: posts by their ids, with as many questions in flight as an HTTP server gets. No HTTP.

Prints one JSON object. Arguments: a file of paths that end in ids, seconds, how many at once, a number for the order.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from pathlib import Path

import uvloop
from bson import ObjectId

from blogapi.config import load_config
from blogapi.db.client import connect
from scripts.labs.bench.by_hand import READ_PROJECTION
from scripts.labs.chance import chance_of


async def main(ids: list[ObjectId], seconds: float, at_once: int, chance: random.Random) -> None:
    mongo = load_config().mongo
    client = connect(mongo.url, driver=mongo.driver, timeout_seconds=mongo.timeout_seconds, pool_size=mongo.pool_size)
    posts, took = client.raw[mongo.database]["posts"], list[float]()
    await posts.find_one({"_id": ids[0]}, READ_PROJECTION)
    start, cpu = time.perf_counter(), time.process_time()

    async def ask() -> None:
        while (before := time.perf_counter()) < start + seconds:
            await posts.find_one({"_id": chance.choice(ids)}, READ_PROJECTION)
            took.append(time.perf_counter() - before)

    await asyncio.gather(*[ask() for _ in range(at_once)])
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    await client.close()
    took.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    found = {"requests": len(took), "seconds": elapsed, "cpu_seconds": cpu, "peak_mb": peak}
    percentiles = {f"p{share}_ms": 1000 * took[len(took) * share // 100] for share in (50, 99)}
    print(json.dumps({**found, **percentiles}))


if __name__ == "__main__":
    known = [ObjectId(path.rpartition("/")[2]) for path in Path(sys.argv[1]).read_text().split()]
    order = chance_of(int(sys.argv[4]))
    uvloop.run(main(known, float(sys.argv[2]), int(sys.argv[3]), order))
