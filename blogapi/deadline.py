"""The deadline of all work. Traces of work that began before it are left over: nobody is doing that work any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import TracebackType

from blogapi.errors import Unavailable
from blogapi.translation.sentence import say

# From the moment a request's body is there: its turn to be rendered and all that it asks the database.
LONGEST_WORK = timedelta(seconds=30)
# The database may still carry out a command that was sent before, and the clocks of processes differ by milliseconds.
OVER = LONGEST_WORK + timedelta(seconds=10)


class Deadline:
    """`async with Deadline():` cuts off work that takes longer.

    Raises Unavailable: what became of its last write is not known.
    """

    # Around every request, so not a generator, which takes longer.
    __slots__ = ("_timeout",)

    def __init__(self, limit: timedelta = LONGEST_WORK) -> None:
        self._timeout = asyncio.timeout(limit.total_seconds())

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise Unavailable(say("The request took too long. Try again in a moment.")) from error
