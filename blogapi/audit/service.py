"""Writes and reads the audit log. Every feature may call it: it stands below them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from blogapi.access.identity import Identity, Viewer
from blogapi.audit.model import ACTIONS, Actor, AuditFilter, Entry, Target, check_facts
from blogapi.audit.store import AuditStore
from blogapi.db.client import new_id
from blogapi.errors import Forbidden
from blogapi.paging.page import Page, PageRequest
from blogapi.personal import Person
from blogapi.request_context import request_context
from blogapi.translation.sentence import say


class AuditService:
    """Who did what to what. Nothing changes an entry but `forget`; `keep` is how old one gets.

    An entry is written before the change of which it tells, or in the same write (`entry`, for the document that is
    changed). So whoever is killed when, there is no change without its entry.
    """

    def __init__(self, store: AuditStore, keep: timedelta, now: Callable[[], datetime]) -> None:
        self._store, self._keep, self._now = store, keep, now

    def entry(
        self, action: str, *, actor: Actor | Viewer, target: str | None = None, once: str = "", **facts: Any
    ) -> Entry:
        """An entry that is not written yet. The request that is being answered is noted in it.

        `action` is one of `ACTIONS`, which says of what kind the target is. Of entries with the same action, target and
        `once` there is one at most. Raises KeyError for an unknown action, ValueError for facts that must not be in it.
        """
        check_facts(facts)
        known, request = ACTIONS[action], request_context()
        return Entry(
            id=sha256(f"{action}\0{target}\0{once}".encode()).hexdigest()[:24] if once else new_id(),
            action=action,
            at=self._now(),
            actor=actor if isinstance(actor, Actor) else Actor.of(actor),
            target=Target(kind=known.target, id=target),
            network=request.network,
            request_id=request.request_id,
            facts=facts,
        )

    async def record(
        self, action: str, *, actor: Actor | Viewer, target: str | None = None, once: str = "", **facts: Any
    ) -> None:
        """Write an entry (see `entry`); it is on a majority when this returns. Raises Unavailable."""
        await self.write(self.entry(action, actor=actor, target=target, once=once, **facts))

    async def write(self, *entries: Entry) -> None:
        """Write entries. One that is written twice is there once. Raises Unavailable."""
        await self._store.insert(entries)

    async def list(self, who: Identity, wanted: AuditFilter, page: PageRequest) -> Page[Entry]:
        """Newest first. Raises Forbidden for all but administrators."""
        if not who.is_admin:
            raise Forbidden(say("Only administrators can read the audit log."))
        return await self._store.list(wanted, page)

    async def forget(self, person: Person) -> None:
        """What somebody did stays, under an id that leads to nobody; from where they did it does not."""
        await self._store.forget_networks(person.id)

    async def remove_old_entries(self) -> int:
        """Remove what is older than `audit.keep_days`; returns how many entries."""
        count, oldest = 0, self._now() - self._keep
        while removed := await self._store.remove_before(oldest):
            count += removed
        return count
