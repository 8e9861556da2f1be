"""Rendering beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from blogapi.errors import Unavailable
from blogapi.text.rendering import BodyFormat, Rendered, render, render_small
from blogapi.translation.sentence import say

# Per thread: long texts take a tenth of a second each, so that the last one waits for some seconds.
WAITING_PER_THREAD = 64

Result = TypeVar("Result")


class Renderer:
    """Renders in threads with a short queue: a long text must not hold up the readers on the event loop."""

    def __init__(self, *, workers: int, queue: int | None = None) -> None:
        self._places = threading.Semaphore(workers + (workers * WAITING_PER_THREAD if queue is None else queue))
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="render")

    async def post(self, body: str, body_format: BodyFormat) -> Rendered:
        """A post's body. Raises Unavailable when too many are waiting."""
        return await self._run(lambda: render(body, body_format))

    async def small(self, text: str) -> str:
        """A profile's text: the small subset of Markdown. Raises Unavailable when too many are waiting."""
        return await self._run(lambda: render_small(text))

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise Unavailable(say("Too many texts are being written. Try again in a moment."), retry_after_seconds=2)
        future = self._threads.submit(work)
        # The place is free when the thread is done, not when the caller has lost patience.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Ends the threads; what runs is finished first."""
        self._threads.shutdown()
