"""Look-ups that come together are asked together.

A round trip through the driver and its threads costs many times what one more document in it does. So look-ups of one
turn of the event loop become one query, and those that come while a query runs wait until it ends, but not for long:
one that hangs keeps nobody else. Whoever is alone does not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")
# For how long a look-up waits for the query before it. Most take a millisecond or two.
_PATIENCE_SECONDS = 0.01


class Together(Generic[Key, Found]):
    """Looks things up by key, through a function that takes many keys and says what it found for which."""

    def __init__(self, ask: Callable[[list[Key]], Awaitable[Mapping[Key, Found]]], *, most: int) -> None:
        self._ask, self._most = ask, most
        self._waiting: dict[Key, list[asyncio.Future[Found | None]]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._planned: asyncio.Handle | None = None

    async def find(self, key: Key) -> Found | None:
        """What there is for this key. Raises what the question for it, and maybe for others with it, raised."""
        loop = asyncio.get_running_loop()
        if not self._waiting and not self._running:
            self._planned = loop.call_soon(self._start)
        elif not self._waiting:
            self._planned = loop.call_later(_PATIENCE_SECONDS, self._start)
        # One for each who asks: who is cancelled takes nobody along.
        future: asyncio.Future[Found | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if len(self._waiting) == self._most:
            self._start()
        return await future

    def _start(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
        waiting, self._waiting, self._planned = self._waiting, {}, None
        if waiting:
            task = asyncio.get_running_loop().create_task(self._answer(waiting))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    async def _answer(self, waiting: dict[Key, list[asyncio.Future[Found | None]]]) -> None:
        try:
            found = await self._ask([*waiting])
        except Exception as error:
            for future in _undone(waiting):
                future.set_exception(error)
        else:
            for key, futures in waiting.items():
                for future in _undone({key: futures}):
                    future.set_result(found.get(key))
        finally:
            for future in _undone(waiting):
                future.cancel()


def _undone(waiting: Mapping[Key, list[asyncio.Future[Found | None]]]) -> list[asyncio.Future[Found | None]]:
    return [future for futures in waiting.values() for future in futures if not future.done()]
