"""Pauses of random length: those who were in each other's way come back at different moments."""

from __future__ import annotations

import asyncio
import random


async def pause_up_to(longest_seconds: float) -> None:
    """Let others finish, so that not all who lost a race together lose the next one together."""
    await asyncio.sleep(random.uniform(0, longest_seconds))  # noqa: S311  # to spread, not to hide


def spread(share: float) -> float:
    """A factor from 1 to 1 + `share`, for what many processes do again after the same pause."""
    return random.uniform(1, 1 + share)  # noqa: S311  # to spread, not to hide
