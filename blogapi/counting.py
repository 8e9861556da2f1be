"""Counts that are kept by adding and subtracting, and how one is counted anew while others change it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from blogapi.pauses import pause_up_to

_ATTEMPTS, _PAUSE_SECONDS = 12, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count as it was read. `moves` grows with each change of it, also with one by 0."""

    value: int
    moves: int | None


async def recount(
    see: Callable[[], Awaitable[Count | None]],
    count: Callable[[], Awaitable[int]],
    is_moving: Callable[[], Awaitable[bool]],
    correct: Callable[[Count, int], Awaitable[bool]],
) -> bool:
    """Count anew and correct the count; False when others change it too often just now.

    The order makes it exact. Whoever changes what is counted sets a mark, changes the count, then removes the mark. So
    each change that `count` may include is either still marked when `is_moving` looks, or is in the count already. If
    it came there after `see`, `correct` finds that the count has moved.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            await pause_up_to(_PAUSE_SECONDS * attempt)
        seen = await see()
        if seen is None:
            return True  # what had this count is not there any more
        right = await count()
        if not await is_moving() and await correct(seen, right):
            return True
    return False
