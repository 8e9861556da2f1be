"""How often somebody may try, in windows that begin with the first attempt.

Rates are written as the library `limits` reads them. Reads are counted in this process, so a reader costs the database
nothing but the read. The rest is counted in MongoDB where there are several processes or hosts (`limits.storage`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from limits import RateLimitItem, parse

from blogapi.config import Config
from blogapi.db.client import Database, database_errors
from blogapi.errors import RateLimited
from blogapi.limits.store import SharedCounts
from blogapi.measures import Measure, counter, tally
from blogapi.translation.sentence import say_many

_MAX_KEYS = 100_000
# This part of all is made free at once: one by one, each new key would look through all of them.
_DROPPED_PART = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is left of a limit in its present window, and when that window ends, where that is asked for."""

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

    def __init__(self, standing: Standing, *, retry_after_seconds: int, is_first: bool = False) -> None:
        detail = say_many(
            "At most {most:,} in {count:,} second.",
            "At most {most:,} in {count:,} seconds.",
            standing.window_seconds,
            most=standing.most,
        )
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
        self.standing = standing
        self.is_first = is_first
        """Whether nobody was refused before in this window. Of many at once, it is one."""


class Counts(Protocol):
    """Where attempts are counted."""

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        """Count one attempt: how many there are in the present window, and in how many seconds that ends."""

    async def give_back(self, key: str) -> None:
        """Count one attempt less in the present window, if there is any."""


class RateLimiter:
    """Counts hits per bucket (`reads`, `writes`, `sign_in`, ...: the rates of the section `limits`) and key."""

    def __init__(self, config: Config, database: Database) -> None:
        names = (
            *("reads", "writes", "sign_in", "sign_in_account", "sign_in_address"),
            *("register", "mail", "mail_address", "export"),
        )
        self._rates: dict[str, RateLimitItem] = (
            {name: parse(getattr(config.limits, name)) for name in names} if config.limits.enabled else {}
        )
        self._own = BoundedMemory()
        self.refusals = tally(*names)
        """How often a limit was reached, by its name."""

        self._read = self._rates.get("reads")
        self._shared: Counts = SharedCounts(database) if config.shares_limits else self._own

    async def hit(self, bucket: str, key: str) -> Standing | None:
        """Count one attempt; None where nothing is limited.

        Raises LimitReached, and Unavailable when the shared counts cannot be had.
        """
        rate = self._rates.get(bucket)
        if rate is None:
            return None
        counts: Counts = self._own if bucket == "reads" else self._shared
        most, window = rate.amount, rate.get_expiry()
        with database_errors():
            count, seconds_left = await counts.hit(f"{bucket}/{key}", window)
        if count <= most:
            return Standing(bucket=bucket, most=most, window_seconds=window, left=most - count)
        self.refusals[(bucket,)] += 1
        seconds = max(1, round(seconds_left))
        full = Standing(bucket=bucket, most=most, window_seconds=window, left=0, reset_seconds=seconds)
        raise LimitReached(full, retry_after_seconds=seconds, is_first=count == most + 1)

    async def give_back(self, bucket: str, key: str) -> None:
        """Do not count an attempt that `hit` has counted. Raises Unavailable."""
        if bucket in self._rates:
            with database_errors():
                await (self._own if bucket == "reads" else self._shared).give_back(f"{bucket}/{key}")

    def measures(self) -> list[Measure]:
        """Its metrics."""
        says = "Requests that were refused because somebody had asked too often, by limit."
        return [counter("blogapi_rate_limited_total", says, lambda: self.refusals, ("limit",))]

    def admits_read(self, key: str) -> bool:
        """Count a read that is answered without waiting for anything; False, and not counted, where `hit` raises."""
        return self._read is None or self._own.admits(f"reads/{key}", self._read)


class BoundedMemory:
    """Counts in this process. Looks for those whose time is over once per as many new keys as there are."""

    def __init__(self, max_keys: int = _MAX_KEYS) -> None:
        self._counters: dict[str, list[float]] = {}  # key: count, end of the window
        self._max_keys, self._next_sweep = max_keys, min(max_keys, 1000)

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        """See Counts."""
        counter = self._counter(key, window_seconds)
        counter[0] += 1
        return int(counter[0]), counter[1] - time.monotonic()

    async def give_back(self, key: str) -> None:
        """See Counts."""
        counter = self._counters.get(key)
        if counter is not None and counter[1] > time.monotonic():
            counter[0] = max(0, counter[0] - 1)

    def admits(self, key: str, rate: RateLimitItem) -> bool:
        """Count if there is something left of a rate."""
        counter = self._counter(key, rate.get_expiry())
        if counter[0] >= rate.amount:
            return False
        counter[0] += 1
        return True

    def _counter(self, key: str, expiry: float) -> list[float]:
        now, counter = time.monotonic(), self._counters.get(key)
        if counter is None or counter[1] <= now:
            self._counters.pop(key, None)
            if len(self._counters) >= self._next_sweep:
                self._sweep(now)
            counter = self._counters[key] = [0, now + expiry]
        return counter

    def _sweep(self, now: float) -> None:
        self._counters = {key: counter for key, counter in self._counters.items() if counter[1] > now}
        surplus = len(self._counters) - self._max_keys + self._max_keys // _DROPPED_PART
        for key in list(self._counters)[: max(0, surplus)]:  # the oldest windows
            del self._counters[key]
        self._next_sweep = min(self._max_keys, max(1000, 2 * len(self._counters)))
