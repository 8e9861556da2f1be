"""Ends tasks. Every task has an owner that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel those that still run, and wait until all have ended."""
    # More than once: until Python 3.12 `asyncio.wait_for`, which drivers use, may lose a cancellation.
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=1)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run work beside the requests, and cancel it at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end_tasks(task)
