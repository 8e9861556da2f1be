"""Making accounts, and bylines of people who have none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from blogapi.access.administrator import Administrator
from blogapi.audit.model import Actor, Entry
from blogapi.db.client import new_id
from blogapi.errors import Conflict, FieldError, Invalid, NotFound
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.mail.model import Mail
from blogapi.settings.service import SettingsService
from blogapi.translation.sentence import LANGUAGES
from blogapi.users.administrators import Administrators
from blogapi.users.logins import email_fault, email_key, username_fault, username_key
from blogapi.users.mails import Outbox
from blogapi.users.model import NewUser, StoredPassword, User
from blogapi.users.passwords import Passwords
from blogapi.users.store import UserStore
from blogapi.users.trail import Trail

# Who all share one turn when bios are rendered: those who have no account before this one.
_NOBODY_YET = ""
RenderBio = Callable[[str, str], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How an account begins."""

    status: str = "active"
    tells: str | None = None
    """The kind of a mail to its address."""

    language: str = LANGUAGES[0]
    """That of the mail."""

    is_shadow: bool = False
    """Whether it leaves out the address, which somebody else has."""

    invitation_id: str | None = None
    is_proven: bool = False
    """Whether somebody has shown already that the address is theirs."""


_AS_USUAL = Start()


class Making:
    """Makes accounts. Where nobody chooses a role, it is the usual one."""

    def __init__(
        self,
        users: UserStore,
        administrators: Administrators,
        passwords: Passwords,
        render_bio: RenderBio,
        outbox: Outbox,
        trail: Trail,
        settings: SettingsService,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._administrators, self._passwords = users, administrators, passwords
        self._render_bio, self._outbox, self._trail = render_bio, outbox, trail
        self._settings, self._now = settings, now

    async def usual_role(self) -> str:
        """The role of new accounts for which nobody chooses one: by the settings of the blog."""
        return (await self._settings.current()).registration_role

    async def create(self, by: Administrator, new: NewUser, attempt: Attempt = ONCE) -> User:
        """Make an account for somebody else. Raises Invalid, Conflict, Unavailable."""
        return await self._make(new, attempt, _AS_USUAL, by)

    async def create_admin(self, by: Administrator, username: str, email: str, password: str) -> User:
        """Make an administrator, from the command line. Raises Invalid, Conflict, Unavailable."""
        new = NewUser(username=username, email=email, password=password, role="admin")
        return await self._make(new, ONCE, _AS_USUAL, by, allow_reserved=True)

    async def register(self, new: NewUser, attempt: Attempt, start: Start = _AS_USUAL) -> User:
        """Make an account that somebody wants for themselves. Raises Invalid, Conflict, Unavailable."""
        return await self._make(new, attempt, start, None)

    def faults(self, fields: Mapping[str, Any], *, allow_reserved: bool = False) -> list[FieldError]:
        """What is wrong with the username, the e-mail address and the password of a new account, as far as given."""
        username, email, password = (fields.get(name) for name in ("username", "email", "password"))
        found = [
            None if username is None else username_fault(username, allow_reserved=allow_reserved),
            None if email is None else email_fault(email),
        ]
        if password is not None:
            found += self._passwords.faults(password, username=username or "", email=email or "")
        return [fault for fault in found if fault]

    async def _make(
        self, new: NewUser, attempt: Attempt, start: Start, by: Administrator | None, *, allow_reserved: bool = False
    ) -> User:
        login = {"username": new.username, "email": new.email, "password": new.password}
        if faults := self.faults(login, allow_reserved=allow_reserved):
            raise Invalid(faults)
        new = replace(new, role=new.role or await self.usual_role())
        password = None if new.password is None else await self._passwords.hash(new.password)
        user = self._begun(new, start, attempt, password, await self._render_bio(new.bio, _NOBODY_YET))
        mails: Sequence[Mail] = ()
        if start.tells is not None:
            mails = self._outbox.mails(start.tells, user, to=new.email, language=start.language)
        user = await self._insert(user, attempt, mails, [self._entry(user, by)])
        if user.is_acting_admin:
            await self._administrators.join(user)
        return user

    def _begun(
        self, new: NewUser, start: Start, attempt: Attempt, password: StoredPassword | None, bio_html: str
    ) -> User:
        assert new.role is not None  # it was chosen
        now = self._now()
        # Who has the code of an invitation reads the mailbox.
        is_proven = start.is_proven or start.invitation_id is not None
        return User(
            id=attempt.resource_id or new_id(),
            username=new.username,
            username_key=username_key(new.username),
            email=new.email.strip(),
            email_key=None if start.is_shadow else email_key(new.email),
            password=password,
            display_name=new.display_name or new.username,
            bio=new.bio,
            bio_html=bio_html,
            links=new.links,
            avatar_url=new.avatar_url,
            role=new.role,
            status=start.status,
            email_verified_at=now if is_proven else None,
            invitation_id=start.invitation_id,
            created_at=now,
            updated_at=now,
        )

    def _entry(self, user: User, by: Administrator | None) -> Entry:
        if by is not None:
            return self._trail.entry("user.created", actor=by.who, target=user.id, role=user.role)
        invited = {} if user.invitation_id is None else {"invitation_id": user.invitation_id}
        return self._trail.entry("user.registered", actor=Actor.registering(user.id), target=user.id, **invited)

    async def _insert(self, user: User, attempt: Attempt, mails: Sequence[Mail], entries: Sequence[Entry]) -> User:
        try:
            await self._users.insert(user, mails, entries)
        except Conflict:
            if attempt.resource_id is None:
                raise
            try:
                # An earlier attempt at this very request got that far.
                return await self._users.get(attempt.resource_id)
            except NotFound:
                pass
            raise
        if mails:
            self._outbox.waiting.set()
        await self._trail.hand_over_soon(user.id, entries)
        return user

    async def unclaimed(self, by: Administrator, username: str, display_name: str, attempt: Attempt = ONCE) -> User:
        """The byline that an import needs: whoever has this username, or a new one without an account.

        Raises Invalid for what is no username.
        """
        fault = username_fault(username, allow_reserved=True)
        if fault:
            raise Invalid([fault])
        known = await self._users.find_by_username(username)
        if known is not None:
            return known
        now = self._now()
        user = User(
            id=attempt.resource_id or new_id(),
            username=username,
            username_key=username_key(username),
            display_name=display_name or username,
            role="author",
            status="unclaimed",
            created_at=now,
            updated_at=now,
        )
        try:
            await self._users.insert(user)
        except Conflict:
            # Of two imports at once, the slower one finds what the other one made.
            found = await self._users.find_by_username(username)
            if found is None:
                raise
            return found
        return user
