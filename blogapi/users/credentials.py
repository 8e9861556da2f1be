"""How people get another password, address or second factor: each change is one update, with the mail about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from blogapi.access.identity import Identity, Viewer
from blogapi.audit.model import Actor, Entry
from blogapi.errors import CodeInvalid, Invalid, InvalidCredentials, NotFound, Stale
from blogapi.ids import Id
from blogapi.limits.limiter import RateLimiter
from blogapi.mail.model import Mail
from blogapi.users.logins import email_fault, email_key
from blogapi.users.mails import CONFIRM_EMAIL, EMAIL_CHANGED, PASSWORD_CHANGED, Outbox
from blogapi.users.mfa import PASSKEY, Mfa
from blogapi.users.model import PendingEmail, User
from blogapi.users.passwords import Passwords
from blogapi.users.store import UserStore
from blogapi.users.trail import Trail

_HAS_ACCOUNT = ("active", "unverified")


class Change(Protocol):
    """How the service changes a user."""

    def __call__(
        self, before: User, after: User, mails: Sequence[Mail] = (), entries: Sequence[Entry] = ()
    ) -> Awaitable[User]:
        """Raises Stale, NotFound, Conflict."""


class Credentials:
    """Passwords, addresses and second factors of people who have shown that they may change them."""

    def __init__(
        self,
        users: UserStore,
        passwords: Passwords,
        outbox: Outbox,
        trail: Trail,
        limiter: RateLimiter,
        change: Change,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._passwords, self._outbox, self._limiter = users, passwords, outbox, limiter
        self._change, self._trail, self._now = change, trail, now

    async def prove(self, user_id: str, password: str) -> User:
        """Who has this id, if this is their password; one hash. Raises InvalidCredentials, Unavailable."""
        user = await self._users.find(user_id)
        stored = user.password if user is not None and user.status in _HAS_ACCOUNT else None
        if not await self._passwords.verify(password, stored) or user is None:
            raise InvalidCredentials
        return user

    async def reset_password(self, user_id: str, password: str, is_bound: Callable[[User], bool]) -> User:
        """A new password for who has answered a mail, which shows that the address is theirs.

        `is_bound` says whether that mail is about the user as they are now. Once a password was changed, it does not.
        Raises CodeInvalid, Invalid, Unavailable.
        """

        def proven(user: User) -> User:
            verified_at = user.email_verified_at or self._now()
            status = "active" if user.status == "unverified" else user.status
            unlocked = replace(user, keys_since=user.epoch + 1, unlocks=user.unlocks + 1)
            if user.email_verified_at is None:
                # Anybody can register with an address that is not theirs, and leave a passkey behind for later.
                mfa = replace(user.mfa.without(PASSKEY), version=user.mfa.version + 1)
                unlocked = replace(unlocked, passkeys_since=user.epoch + 1, mfa=mfa)
            return replace(unlocked, email_verified_at=verified_at, status=status)

        entry = self._trail.entry("password.reset", actor=Actor.by_mail(user_id), target=user_id)
        return await self._set_password(user_id, password, is_bound, entry, proven=proven)

    async def change_password(self, who: Identity, user: User, password: str) -> User:
        """A new password for who has just shown the old one. This session goes on.

        Raises CodeInvalid when it was changed meanwhile, Invalid, Unavailable.
        """
        entry = self._trail.entry("password.changed", actor=who, target=user.id)
        return await self._set_password(user.id, password, lambda now: now.epoch == user.epoch, entry, who.session_id)

    async def _set_password(
        self,
        user_id: str,
        password: str,
        may_be_set: Callable[[User], bool],
        entry: Entry,
        session_id: Id | None = None,
        proven: Callable[[User], User] = lambda user: user,
    ) -> User:
        before = await self._bound(user_id, may_be_set)
        if faults := self._passwords.faults(password, username=before.username, email=before.email or ""):
            raise Invalid(faults)
        stored = await self._passwords.hash(password)
        while True:
            after = replace(
                proven(before), password=stored, epoch=before.epoch + 1, kept_session=session_id, pending_email=None
            )
            try:
                return await self._change(before, after, self._outbox.mails(PASSWORD_CHANGED, before), [entry])
            except Stale:
                before = await self._bound(user_id, may_be_set)

    async def check_email(self, who: Identity, email: str) -> None:
        """Whether somebody may ask for another address now, and for this one.

        Raises ReauthenticationRequired, MailUnavailable, Invalid, RateLimited.
        """
        who.require_fresh(self._now())
        self._outbox.check()
        if fault := email_fault(email):
            raise Invalid([fault])
        await self._limiter.hit("mail", who.user_id)

    def with_email(self, user: User, email: str) -> tuple[User, Sequence[Mail]]:
        """The user once they have asked for an address, and the mail that it takes; none for another spelling."""
        key = email_key(email)
        if key == user.email_key:
            return replace(user, email=email), ()
        pending = PendingEmail(email=email, key=key, asked_at=self._now())
        return replace(user, pending_email=pending), self._outbox.mails(CONFIRM_EMAIL, user, to=email)

    async def confirm_email(self, user_id: str, is_bound: Callable[[str], bool]) -> User:
        """The present or the pending address is theirs: the one to which the mail is bound that they have answered.

        Doing it again changes nothing. `is_bound` is asked with the normal form of an address.
        Raises CodeInvalid, and Conflict `email_taken` when somebody else has got the address meanwhile.
        """
        while True:
            before = await self._bound(user_id, lambda _: True)
            after, mails = self._confirmed(before, is_bound)
            if after == before:
                return before
            action = "email.verified" if after.email_key == before.email_key else "email.changed"
            entry = self._trail.entry(action, actor=Actor.by_mail(user_id), target=user_id)
            try:
                return await self._change(before, after, mails, [entry])
            except Stale:
                continue

    def _confirmed(self, user: User, is_bound: Callable[[str], bool]) -> tuple[User, Sequence[Mail]]:
        status = "active" if user.status == "unverified" else user.status
        pending = user.pending_email
        if pending is not None and is_bound(pending.key):
            mails = self._outbox.mails(EMAIL_CHANGED, user, to=user.email or "")
            changed = replace(user, email=pending.email, email_key=pending.key, pending_email=None)
            return replace(changed, email_verified_at=self._now(), status=status), mails
        if user.email_key is None or not is_bound(user.email_key):
            raise CodeInvalid
        return replace(user, email_verified_at=user.email_verified_at or self._now(), status=status), ()

    async def change_mfa(self, user: User, mfa: Mfa, *tells: str, by: Viewer = None) -> User | None:
        """Other second factors for somebody, with mails of these kinds, and an entry in the audit log for each.

        None when they were changed meanwhile.
        """
        mails = [mail for kind in tells for mail in self._outbox.mails(kind, user)]
        entries = [self._trail.entry(f"second_factor.{kind}", actor=by, target=user.id) for kind in tells]
        changed = await self._users.change_mfa(user, mfa, mails, entries)
        if changed is None:
            return None
        if mails:
            self._outbox.waiting.set()
        await self._trail.hand_over_soon(user.id, entries)
        return changed

    async def _bound(self, user_id: str, is_bound: Callable[[User], bool]) -> User:
        try:
            user = await self._users.get(user_id)
        except NotFound:
            raise CodeInvalid from None
        if user.status not in _HAS_ACCOUNT or not is_bound(user):
            raise CodeInvalid
        return user
