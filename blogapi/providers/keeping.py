"""Keeps what a provider publishes, and asks for it again from time to time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from blogapi.providers.model import ProviderFailed, ProviderUnavailable

_FRESH = timedelta(hours=1)
# While it cannot be had anew, for so long.
_USABLE = timedelta(hours=24)
# Between two attempts, also when somebody makes up keys that we do not know.
_PAUSE = timedelta(seconds=30)

Found = TypeVar("Found")


class Kept(Generic[Found]):
    """Something that is fetched when it is needed: by one at a time, and not again and again while that fails."""

    def __init__(self, fetch: Callable[[], Awaitable[Found]], now: Callable[[], datetime]) -> None:
        self._fetch, self._now, self._turn = fetch, now, asyncio.Lock()
        self._found: tuple[Found, datetime] | None = None
        self._tried_at: datetime | None = None
        self._failure: ProviderFailed | ProviderUnavailable | None = None

    async def get(self) -> Found:
        """It is at most an hour old, or a day while the provider fails. Raises ProviderUnavailable, ProviderFailed."""
        return self._younger_than(_FRESH) or await self._again(_FRESH)

    async def newer(self) -> Found:
        """Fetched anew because something is missing in it, unless that was tried a moment ago. Raises the same."""
        return await self._again(_PAUSE)

    def _younger_than(self, age: timedelta) -> Found | None:
        return None if self._found is None or self._now() - self._found[1] >= age else self._found[0]

    async def _again(self, age: timedelta) -> Found:
        async with self._turn:
            young = self._younger_than(age)
            if young is not None:
                return young
            if self._tried_at is None or self._now() - self._tried_at >= _PAUSE:
                self._tried_at, self._failure = self._now(), None
                try:
                    found = await self._fetch()
                except (ProviderFailed, ProviderUnavailable) as failure:
                    self._failure = failure
                else:
                    self._found = found, self._now()
                    return found
            usable = self._younger_than(_USABLE)
            if usable is None:
                # Of a failure that somebody else has met a moment ago.
                raise ProviderUnavailable if self._failure is None else _again(self._failure)
            return usable


def _again(failure: ProviderFailed | ProviderUnavailable) -> ProviderFailed | ProviderUnavailable:
    """The same once more; an exception that is raised twice would gather tracebacks."""
    return ProviderFailed(failure.reason) if isinstance(failure, ProviderFailed) else ProviderUnavailable()
