"""The in-process event bus: a feature publishes what happened, and the doors of others say who handles it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Event = TypeVar("Event")


class Bus:
    """Calls the subscribers of an event one after the other, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._subscribers: defaultdict[type, list[Callable[[Any], Awaitable[None]]]] = defaultdict(list)

    def subscribe(self, kind: type[Event], subscriber: Callable[[Event], Awaitable[None]]) -> None:
        """Have `subscriber` called with every event of exactly this kind."""
        self._subscribers[kind].append(subscriber)

    async def publish(self, event: object) -> None:
        """Returns when all subscribers have finished; what they raise reaches the publisher."""
        for subscriber in self._subscribers[type(event)]:
            await subscriber(event)
