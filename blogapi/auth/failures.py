"""Failed sign-ins in the audit log, in a bounded number of entries.

What a process counted in its last minute is told when it stops, and ends with one that is killed.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace

from blogapi.access.identity import Viewer
from blogapi.audit.model import ANONYMOUS, Entry
from blogapi.audit.service import AuditService
from blogapi.db.client import database_time
from blogapi.errors import Unavailable
from blogapi.request_context import request_context

ACTION = "security.login_failed"
# Of each process.
MOST_A_MINUTE = 60
# A server that stops does not wait for a database that is gone.
_LAST_SECONDS = 2


class FailedSignIns:
    """Notes them. The first for an account from a network is an entry at once, and what follows within the minute is
    counted in memory and becomes one further entry.

    So a storm of guesses costs a few writes a minute. Beyond `MOST_A_MINUTE` accounts and networks, all others are one
    entry without either.
    """

    def __init__(self, audit: AuditService) -> None:
        self._audit = audit
        self._first: dict[tuple[str, str], Entry] = {}
        self._more: Counter[tuple[str, str]] = Counter()
        self._others = 0
        self._unwritten: list[Entry] = []

    async def note(self, login: str, target: str | None, actor: Viewer = None) -> None:
        """A sign-in with this login failed; `target` is the id of the account, if there is one.

        Whether there is one makes no difference to the time that this takes.
        """
        key = (login, request_context().network)
        if key in self._first:
            self._more[key] += 1
        elif len(self._first) >= MOST_A_MINUTE:
            self._others += 1
        else:
            self._first[key] = entry = self._audit.entry(ACTION, actor=actor, target=target, count=1)
            await self._audit.write(entry)

    async def close(self) -> None:
        """Tell what was counted so far, since nobody comes to do that later. Without a database it is lost."""
        with suppress(Unavailable), database_time(_LAST_SECONDS):
            await self.tell_repeated()

    async def tell_repeated(self) -> int:
        """Write what was counted in the last minute, and begin another one; returns how many entries that took."""
        for key, count in self._more.items():
            again = self._audit.entry(ACTION, actor=None, count=count)
            first = self._first[key]
            self._unwritten.append(replace(first, id=again.id, at=again.at, facts=again.facts))
        if self._others:
            self._unwritten.append(self._audit.entry(ACTION, actor=ANONYMOUS, count=self._others))
        self._first, self._more, self._others = {}, Counter(), 0
        entries = tuple(self._unwritten)
        await self._audit.write(*entries)
        del self._unwritten[: len(entries)]
        return len(entries)
