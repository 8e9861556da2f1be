"""Counts that are kept by counting up and down, and how one is taken anew beside those who count."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_ATTEMPTS, _PAUSE_SECONDS = 12, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count as somebody saw it. `moves` grows with each time that it is counted up or down, also by nothing."""

    value: int
    moves: int | None


async def recount(
    see: Callable[[], Awaitable[Count | None]],
    count: Callable[[], Awaitable[int]],
    is_moving: Callable[[], Awaitable[bool]],
    correct: Callable[[Count, int], Awaitable[bool]],
) -> bool:
    """Take a count anew; False when others count it too often just now.

    The order makes it exact. Whoever changes what is counted first leaves a mark, then counts, then takes the mark
    away. So of each change that `count` may have met, either the mark is there when `is_moving` looks, or it was
    counted before: before `see`, as it should be, or after it, and then `correct` finds that the count has moved.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311
        seen = await see()
        if seen is None:
            return True  # there is nothing that a number could be shown of
        right = await count()
        if not await is_moving() and await correct(seen, right):
            return True
    return False
