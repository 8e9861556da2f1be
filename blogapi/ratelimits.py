"""How often somebody may try: fixed windows, by the library `limits`.

Counts are kept in this process, or in MongoDB for all processes (`limits.storage`).
"""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.aio.storage import MongoDBStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from blogapi.config import Config
from blogapi.db.client import database_errors
from blogapi.errors import RateLimited

_MAX_KEYS = 100_000


class RateLimiter:
    """Counts hits per bucket (`reads`, `writes`, `sign_in`, ...: the rates of the section `limits`) and key."""

    def __init__(self, config: Config) -> None:
        names = ("reads", "writes", "sign_in", "sign_in_address", "register")
        self._rates: dict[str, RateLimitItem] = (
            {name: parse(getattr(config.limits, name)) for name in names} if config.limits.enabled else {}
        )
        self._own = FixedWindowRateLimiter(BoundedMemory())
        is_shared = config.limits.storage == "mongodb"
        self._shared = FixedWindowRateLimiter(_in_mongodb(config)) if is_shared else self._own

    async def hit(self, bucket: str, key: str) -> None:
        """Count one attempt. Raises RateLimited, and Unavailable when the shared counts cannot be had."""
        rate = self._rates.get(bucket)
        if rate is None:
            return
        # Reads are always counted in this process: a reader costs the database nothing but the read.
        limiter = self._own if bucket == "reads" else self._shared
        with database_errors():
            if await limiter.hit(rate, bucket, key):
                return
            window = await limiter.get_window_stats(rate, bucket, key)
        seconds = max(1, round(window.reset_time - time.time()))
        raise RateLimited(f"At most {rate.amount} in {rate.get_expiry()} seconds.", retry_after_seconds=seconds)


def _in_mongodb(config: Config) -> Storage:
    return MongoDBStorage(
        config.mongo.url,
        database_name=config.mongo.database,
        counter_collection_name="limits_counters",
        window_collection_name="limits_windows",
        timeoutMS=config.mongo.timeout_seconds * 1000,
        serverSelectionTimeoutMS=config.mongo.timeout_seconds * 1000,
    )


class BoundedMemory(Storage):
    """Counters in this process.

    The library's own memory storage walks all its keys on every hit, which a crowd of addresses makes slow. This one
    walks them once per as many new keys as there are, and never keeps more than a bound.
    """

    STORAGE_SCHEME = ["async+bounded-memory"]

    def __init__(self, max_keys: int = _MAX_KEYS) -> None:
        super().__init__()
        self._counters: dict[str, list[float]] = {}  # key: count, end of the window
        self._max_keys, self._next_sweep = max_keys, 1000

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails."""
        return ValueError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and say how many there are in this window."""
        now, counter = time.time(), self._counters.get(key)
        if counter is None or counter[1] <= now:
            self._counters.pop(key, None)
            if len(self._counters) >= self._next_sweep:
                self._sweep(now)
            counter = self._counters[key] = [0, now + expiry]
        counter[0] += amount
        return int(counter[0])

    def _sweep(self, now: float) -> None:
        self._counters = {key: counter for key, counter in self._counters.items() if counter[1] > now}
        surplus = len(self._counters) - self._max_keys + 1
        for key in list(self._counters)[: max(0, surplus)]:  # the oldest windows
            del self._counters[key]
        self._next_sweep = min(self._max_keys, max(1000, 2 * len(self._counters)))

    async def get(self, key: str) -> int:
        """How many there are in this window."""
        counter = self._counters.get(key)
        return 0 if counter is None or counter[1] <= time.time() else int(counter[0])

    async def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        counter = self._counters.get(key)
        return time.time() if counter is None else counter[1]

    async def check(self) -> bool:
        """Always there."""
        return True

    async def reset(self) -> int | None:
        """Forget all; returns how many."""
        count = len(self._counters)
        self._counters.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget one."""
        self._counters.pop(key, None)
