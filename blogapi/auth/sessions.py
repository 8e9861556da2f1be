"""Listing and ending the sessions of a user."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from blogapi.access.administrator import Administrator
from blogapi.access.identity import Identity
from blogapi.audit.service import AuditService
from blogapi.auth.devices import Devices
from blogapi.auth.model import ListedSession
from blogapi.auth.store import SessionStore
from blogapi.errors import NotFound
from blogapi.paging.page import Page, PageRequest
from blogapi.translation.sentence import say
from blogapi.users.service import UserService


class Sessions:
    """One's own sessions, or for administrators those of another user, named by `user_id`.

    Each method raises Forbidden when somebody else names another user, whether or not that user exists, and NotFound
    when an administrator names a user who does not exist.
    """

    def __init__(
        self,
        sessions: SessionStore,
        devices: Devices,
        users: UserService,
        audit: AuditService,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._devices, self._users = sessions, devices, users
        self._audit, self._now = audit, now

    async def list(self, who: Identity, user_id: str | None, page: PageRequest) -> Page[ListedSession]:
        """The sessions that have not expired, newest first."""
        user = await self._users.get(await self._owner(who, user_id))
        found = await self._sessions.list(user, self._now(), page)
        items = [ListedSession(session=each, is_current=each.id == who.session_id) for each in found.items]
        return Page(items=items, position_of=found.position_of, next=found.next, total=found.total)

    async def end(self, who: Identity, user_id: str | None, session_id: str) -> None:
        """End one session, at once and on every process. Raises NotFound when it has ended already."""
        owner, now = await self._owner(who, user_id), self._now()
        session = await self._sessions.find_of(owner, session_id, now)
        if session is not None:
            await self._audit.record("session.ended", actor=who, target=owner, once=session_id, session_id=session_id)
            # Whoever signs out is known by the device still. One that is ended from elsewhere may be a stranger's. It
            # is forgotten first: who is cut off between the two can end the session again.
            if session.device_id is not None and session_id != who.session_id:
                await self._devices.forget(owner, session.device_id)
            if await self._sessions.end(owner, session_id, now):
                return
        raise NotFound(say("There is no session {session_id!r}.", session_id=session_id))

    async def end_others(self, who: Identity, user_id: str | None) -> None:
        """End all sessions but the current one. Of another user, end all."""
        owner = await self._owner(who, user_id)
        await self.end_all(who, owner, but=who.session_id if owner == who.user_id else None)

    async def end_all(self, who: Identity, owner: str, *, but: str | None = None) -> None:
        """End all sessions of a user whose sessions `who` may end, but for one maybe, and forget their devices."""
        await self._audit.record("session.all_ended", actor=who, target=owner, kept=but)
        await self._devices.forget_all(owner, but=await self._sessions.device_of(but))
        await self._sessions.delete_all(owner, but=but)

    async def sign_out(self, who: Identity, *, everywhere: bool = False) -> None:
        """End this session, or all sessions of the user."""
        if everywhere or who.session_id is None:
            await self.end_all(who, who.user_id)
        else:
            with suppress(NotFound):  # somebody else has ended it at this moment
                await self.end(who, None, who.session_id)

    # What follows from other changes, which are in the audit log themselves

    async def remove_all(self, user_id: str) -> None:
        """Remove all sessions of a user."""
        await self._sessions.delete_all(user_id)

    async def add_factor(self, session_id: str, factor: str) -> None:
        """Note that this was shown, too."""
        await self._sessions.add_factor(session_id, factor)

    async def _owner(self, who: Identity, user_id: str | None) -> str:
        if user_id is None or user_id == who.user_id:
            return who.user_id
        Administrator(who)
        return (await self._users.get(user_id)).id
