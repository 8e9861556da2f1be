"""Audit entries about accounts, which are written into the document of the user with the change that they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields

from blogapi.access.identity import Viewer
from blogapi.audit.model import Entry
from blogapi.audit.service import AuditService
from blogapi.db.client import database_errors
from blogapi.errors import Unavailable
from blogapi.users.model import Profile, User
from blogapi.users.waiting import Waiting

_AT_A_TIME = 100
_PROFILE = tuple(field.name for field in fields(Profile))


class Trail:
    """From the documents of users into the audit log.

    An entry is in its user's document by the very write that made the change. Who made it puts the entry into the log
    at once, and where that does not work out any process does so later. So it is lost at no moment.
    """

    def __init__(self, waiting: Waiting, audit: AuditService) -> None:
        self._held, self._audit = waiting, audit
        self.entry = audit.entry

    def of_edit(self, who: Viewer, before: User, after: User) -> Sequence[Entry]:
        """What is to be said of a change of an account. Of what people say about themselves, that is nothing."""
        found = []
        is_own = who is not None and who.user_id == before.id
        if not is_own and (changed := [name for name in _PROFILE if getattr(before, name) != getattr(after, name)]):
            found.append(self.entry("user.updated", actor=who, target=before.id, fields=changed))
        if after.role != before.role:
            facts = {"from": before.role, "to": after.role}
            found.append(self.entry("security.role_changed", actor=who, target=before.id, **facts))
        if after.status != before.status:
            action = "user.suspended" if after.status == "suspended" else "user.reactivated"
            found.append(self.entry(action, actor=who, target=before.id))
        if after.pending_email not in (None, before.pending_email):
            found.append(self.entry("email.change_requested", actor=who, target=before.id))
        return found

    async def hand_over_soon(self, user_id: str, entries: Sequence[Entry]) -> None:
        """Put these into the log, now or when the database allows it. The change has been made in either case."""
        if entries:
            with suppress(Unavailable), database_errors():
                await self._hand_over(user_id, entries)

    async def hand_over(self) -> int:
        """Put into the log what waits; returns how many entries."""
        waiting = await self._held.entries(_AT_A_TIME)
        for user_id, entries in waiting:
            await self._hand_over(user_id, entries)
        return sum(len(entries) for _, entries in waiting)

    async def _hand_over(self, user_id: str, entries: Sequence[Entry]) -> None:
        await self._audit.write(*entries)
        await self._held.settle_entries(user_id, entries)
