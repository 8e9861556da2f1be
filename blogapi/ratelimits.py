"""How often somebody may try: fixed windows, counted in the storages of the library `limits`.

Counts are kept in this process, or in MongoDB for all processes (`limits.storage`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.aio.storage import MongoDBStorage, Storage

from blogapi.config import Config
from blogapi.db.client import database_errors
from blogapi.errors import RateLimited

_MAX_KEYS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is left of a limit in its present window, and when that ends, if this was asked."""

    bucket: str
    most: int
    window_seconds: int
    left: int
    reset_seconds: int | None = None

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has it."""
        reset = "" if self.reset_seconds is None else f";t={self.reset_seconds}"
        return {
            "RateLimit-Policy": f'"{self.bucket}";q={self.most};w={self.window_seconds}',
            "RateLimit": f'"{self.bucket}";r={self.left}{reset}',
        }


class LimitReached(RateLimited):
    """One of these limits."""

    def __init__(self, standing: Standing, *, retry_after_seconds: int) -> None:
        detail = f"At most {standing.most} in {standing.window_seconds} seconds."
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
        self.standing = standing


class RateLimiter:
    """Counts hits per bucket (`reads`, `writes`, `sign_in`, ...: the rates of the section `limits`) and key."""

    def __init__(self, config: Config) -> None:
        names = ("reads", "writes", "sign_in", "sign_in_address", "register")
        self._rates: dict[str, RateLimitItem] = (
            {name: parse(getattr(config.limits, name)) for name in names} if config.limits.enabled else {}
        )
        self._own: Storage = BoundedMemory()
        is_shared = config.limits.storage == "mongodb"
        self._shared = _in_mongodb(config) if is_shared else self._own

    async def hit(self, bucket: str, key: str) -> Standing | None:
        """Count one attempt; None where nothing is limited.

        Raises LimitReached, and Unavailable when the shared counts cannot be had.
        """
        rate = self._rates.get(bucket)
        if rate is None:
            return None
        # Reads are always counted in this process: a reader costs the database nothing but the read.
        counts, counted = self._own if bucket == "reads" else self._shared, rate.key_for(bucket, key)
        most, window = rate.amount, rate.get_expiry()
        with database_errors():
            count = await counts.incr(counted, window)
            if count <= most:
                return Standing(bucket=bucket, most=most, window_seconds=window, left=most - count)
            ends_at = await counts.get_expiry(counted)
        seconds = max(1, round(ends_at - time.time()))
        full = Standing(bucket=bucket, most=most, window_seconds=window, left=0, reset_seconds=seconds)
        raise LimitReached(full, retry_after_seconds=seconds)


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
