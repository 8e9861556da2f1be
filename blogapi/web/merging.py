"""`Prefer: merge` (RFC 7240): a change to an earlier version, made on top of what others have written since.

Whether that can be done says the document itself (`Versioned.merges`). It is done with the present version, by the same
compare-and-set as any other change, so nothing is lost to a race: whoever loses one tries again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar

import orjson
from aiohttp import web

from blogapi.errors import Stale
from blogapi.pauses import pause_up_to
from blogapi.pool.turns import Turns
from blogapi.translation.sentence import say

PREFER, PREFERENCE_APPLIED, MERGE = "Prefer", "Preference-Applied", "merge"
MOST_RETRIES = 5
# What a patch says of itself. It changes nothing.
_REMARKS = frozenset({"note"})
_AT_ONCE, _MOST_WAITING, _PATIENCE_SECONDS = 64, 256, 10
_FIRST_PAUSE_SECONDS = 0.02
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')


Answer = TypeVar("Answer")
Subject = TypeVar("Subject", bound="Mergeable")


class Mergeable(Protocol):
    """What a request is about, as far as a merge has to know it."""

    @property
    def id(self) -> str:
        """Of the document."""

    @property
    def version(self) -> int:
        """The present one."""

    def merges(self, fields: Iterable[str], versions: frozenset[int]) -> bool:
        """Whether a change of these fields, made to one of these versions, can be made to the present one."""


def prefers_merge(request: web.Request) -> bool:
    """Whether the caller sends the preference `merge`, maybe among others (RFC 7240 section 2)."""
    if PREFER not in request.headers:
        return False
    wishes = _QUOTED.sub("", ",".join(request.headers.getall(PREFER))).split(",")
    return any(wish.partition(";")[0].strip().lower() == MERGE for wish in wishes)


def is_mergeable(
    subject: Mergeable, asked: frozenset[int], patch: Any, before: Mapping[str, Any], after: Mapping[str, Any]
) -> bool:
    """Whether this patch to one of the versions `asked` for can be applied to the present one.

    Also when it has been, by an earlier attempt whose answer was lost: then the present one is the same `before` and
    `after` the patch.
    """
    return subject.merges(patch, asked) or _json(before, patch) == _json(after, patch)


def _json(view: Mapping[str, Any], names: Iterable[str]) -> bytes:
    """To Python, true, 1 and 1.0 are the same."""
    return orjson.dumps({name: view.get(name) for name in {*names} - _REMARKS}, option=orjson.OPT_SORT_KEYS)


def line_of_mergers() -> Turns:
    """Where those wait who have lost a race for a document: within a process one tries at a time, so each wins."""
    return Turns(
        at_once=_AT_ONCE,
        most_waiting=_MOST_WAITING,
        patience_seconds=_PATIENCE_SECONDS,
        busy=say("This cannot be done now. Try again in a moment."),
    )


async def retried(
    turns: Turns, subject: Subject, act: Callable[[Subject], Awaitable[Answer]], find: Callable[[], Awaitable[Subject]]
) -> Answer:
    """Act on the subject, and again on what it has become, as often as somebody else was faster. Raises Stale."""
    async with AsyncExitStack() as line:
        for retry in range(MOST_RETRIES + 1):
            try:
                return await act(subject)
            except Stale as error:
                lost_a_race = error.current.version != subject.version
                if not lost_a_race or retry == MOST_RETRIES:
                    raise
            if retry == 0:
                await line.enter_async_context(turns.turn(subject.id))
            else:
                # Let other processes finish: those who begin together lose together.
                await pause_up_to(_FIRST_PAUSE_SECONDS * 2**retry)
            subject = await find()
    raise AssertionError  # the last time has raised
