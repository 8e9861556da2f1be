"""Erasing people: asked for, called off, begun when its time has come, and finished.

The document of the user decides, by one update each time. So whoever signs in at the last moment is either not erased
or not signed in. What follows in other collections stands in the same document until it is done (`Erasing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from blogapi.access.administrator import Administrator
from blogapi.access.identity import Identity, Viewer
from blogapi.audit.model import SERVER, Actor
from blogapi.deadline import OVER
from blogapi.errors import Conflict, InvalidCredentials, Stale
from blogapi.events import Bus
from blogapi.personal import Person
from blogapi.translation.sentence import say
from blogapi.users.credentials import Change
from blogapi.users.logins import email_key
from blogapi.users.mails import ERASURE_ASKED, ERASURE_CALLED_OFF, Outbox
from blogapi.users.model import Erasing, ErasureAsked, User
from blogapi.users.store import UserStore
from blogapi.users.trail import Trail

# Longer than a run of a job, so two do the same work only when one of them was cut off.
_LEASE = timedelta(minutes=2)
_AT_A_TIME = 100


class Erasures:
    """Who is to be erased, who is being erased, and how far that is."""

    def __init__(
        self,
        users: UserStore,
        outbox: Outbox,
        trail: Trail,
        bus: Bus,
        change: Change,
        grace: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._outbox, self._trail, self._bus = users, outbox, trail, bus
        self._change, self._grace, self._now = change, grace, now
        self.waiting = asyncio.Event()
        """Set when there may be traces to remove at once."""

    # The time of grace

    def check(self, who: Identity) -> None:
        """Whether somebody may ask for their own erasure now. Raises ReauthenticationRequired."""
        who.require_fresh(self._now())

    async def ask(self, who: Identity, user: User, versions: frozenset[int]) -> User:
        """Erase one's own account when the time of grace is over. All sessions end at once, and API keys rest.

        Raises ReauthenticationRequired, Stale, and Conflict for the last administrator.
        """
        self.check(who)
        user.require_version(versions)
        return await self._schedule(user, who)

    async def schedule(self, by: Administrator, user: User) -> User:
        """The same for somebody else. Raises Stale, and Conflict for the last administrator and the erased."""
        if user.status == "erased":
            raise Conflict(say("This user is erased already."))
        return user if user.erasure_at is not None else await self._schedule(user, by.who)

    async def _schedule(self, user: User, who: Viewer) -> User:
        # The epoch ends all sessions in this very update; their documents are removed after it.
        after = replace(user, erasure_at=self._now() + self._grace, epoch=user.epoch + 1, kept_session=None)
        mails = self._outbox.mails(ERASURE_ASKED, user)
        entry = self._trail.entry("user.erasure_requested", actor=who, target=user.id)
        changed = await self._change(user, after, mails, [entry])
        await self._bus.publish(ErasureAsked(user_id=user.id))
        return changed

    async def call_off(self, user: User) -> User:
        """Who signs in stays. Raises InvalidCredentials when they have been erased in this moment."""
        while user.erasure_at is not None:
            mails = self._outbox.mails(ERASURE_CALLED_OFF, user)
            who = Actor.signing_in(user.id)
            entry = self._trail.entry("user.erasure_called_off", actor=who, target=user.id)
            try:
                user = await self._change(user, replace(user, erasure_at=None), mails, [entry])
            except Stale as error:
                user = error.current
        if user.status == "erased":
            raise InvalidCredentials
        return user

    async def begin_due(self) -> int:
        """Erase those whose time of grace is over; returns how many."""
        count = 0
        while leaving := await self._users.leaving_before(self._now(), _AT_A_TIME):
            for user in leaving:
                count += await self._begin(user)
        return count

    async def _begin(self, user: User) -> bool:
        entry = self._trail.entry("user.erased", actor=SERVER, target=user.id)
        while user.erasure_at is not None and user.erasure_at <= self._now():
            try:
                await self._change(user, user.erased(self._now()), entries=[entry])
            except Stale as error:
                user = error.current
            else:
                return True
        return False

    # What is left to do after it

    async def claim(self) -> User | None:
        """An erased person whose traces are to be removed now, by whoever asks."""
        now = self._now()
        return await self._users.claim_erasing(now, now + _LEASE)

    async def collection_done(self, user: User, collection: str) -> User | None:
        """None when somebody else has gone on with it."""
        before = _erasing(user)
        after = replace(before, done=(*before.done, collection), due_at=self._now() + _LEASE)
        return replace(user, erasing=after) if await self._users.move_erasing(user, after) else None

    async def round_done(self, user: User) -> bool:
        """Whether it is over. The first round is followed by a second one when nothing of before is under way."""
        before = _erasing(user)
        if before.round:
            return await self._users.move_erasing(user, None)
        await self._users.move_erasing(user, replace(before, round=1, done=(), addresses=(), due_at=before.at + OVER))
        return False

    def erased(self) -> AsyncIterator[str]:
        """The ids of those of whom no trace should be left. For `doctor`."""
        return self._users.erased()


def person(user: User) -> Person:
    """Whose data it is, for the declarations of features."""
    addresses = user.addresses if user.erasing is None else user.erasing.addresses
    return Person(id=user.id, addresses=addresses, owns=lambda address: email_key(address) in addresses)


def _erasing(user: User) -> Erasing:
    assert user.erasing is not None  # it was claimed
    return user.erasing
