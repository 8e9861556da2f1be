"""Look-ups that come together are asked together.

A round trip through the driver and its threads costs many times what one more document in it does. So look-ups of one
turn of the event loop become one query; whoever is alone waits no longer for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")


class Together(Generic[Key, Found]):
    """Looks things up by key, through a function that takes many keys and says what it found for which."""

    def __init__(self, ask: Callable[[list[Key]], Awaitable[Mapping[Key, Found]]], *, most: int) -> None:
        self._ask, self._most = ask, most
        self._waiting: dict[Key, list[asyncio.Future[Found | None]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def find(self, key: Key) -> Found | None:
        """What there is for this key. Raises what the question for it, and maybe for others with it, raised."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._start)
        # One for each who asks: who is cancelled takes nobody along.
        future: asyncio.Future[Found | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if len(self._waiting) == self._most:
            self._start()
        return await future

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if waiting:
            task = asyncio.get_running_loop().create_task(self._answer(waiting))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

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
