"""What mails about accounts say. A letter is written when it is sent, of what is so then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from blogapi.access.identity import ROLES
from blogapi.mail.letters import link_of
from blogapi.mail.model import Letter, Mail, language_of
from blogapi.proofs.service import Proofs
from blogapi.users.letters import letter_to
from blogapi.users.logins import email_key
from blogapi.users.mails import (
    ALREADY_REGISTERED,
    CONFIRM_EMAIL,
    EMAIL_CHANGED,
    NEW_DEVICE,
    PASSWORD_CHANGED,
    RESET_PASSWORD,
    VERIFY_EMAIL,
)
from blogapi.users.model import User
from blogapi.users.service import UserService

# What proofs are for, which are also the pages that links lead to.
VERIFY, CHANGE, RESET = "verify-email", "change-email", "reset-password"
VERIFY_TIME, RESET_TIME = timedelta(hours=24), timedelta(minutes=60)
_HAS_ACCOUNT = ("active", "unverified")
# Stands in for an account that does not exist: its letter takes as long as a real one, proof included, and is not sent.
_NOBODY = User(
    id="0" * 24,
    username="nobody",
    username_key="nobody",
    display_name="",
    role=ROLES[0],
    status="erased",
    created_at=datetime(2000, 1, 1, tzinfo=UTC),
    updated_at=datetime(2000, 1, 1, tzinfo=UTC),
)


def _in_words(moment: datetime, timezone: str | None, language: str) -> str:
    """A time as its reader says it, in their time zone."""
    from babel.dates import format_datetime  # it takes a tenth of a second to load: call this in a thread

    return format_datetime(moment, "long", tzinfo=ZoneInfo(timezone or "UTC"), locale=language)


class AccountLetters:
    """Writes them, each with the code that its reader can spend. None where there is nobody to write to any more."""

    def __init__(self, users: UserService, proofs: Proofs, link_base: str) -> None:
        self._users, self._proofs, self._link_base = users, proofs, link_base

    async def write(self, mail: Mail) -> Letter | None:
        """The letter of a mail of one of these kinds (`MAILS`)."""
        return await _WRITERS[mail.kind](self, mail)

    async def verify_email(self, mail: Mail) -> Letter | None:
        """To an address that nobody has confirmed; for who is signed in, also to the one that they want to have."""
        user, key = await self._who(mail), email_key(mail.to)
        if user is not None and user.pending_email is not None and user.pending_email.key == key:
            return await self.confirm_email(mail)
        if user is None or user.email_key != key or user.email_verified_at is not None:
            user = _NOBODY
        return await self._asking(mail, user, VERIFY_EMAIL, VERIFY, key)

    async def confirm_email(self, mail: Mail) -> Letter | None:
        """To the address that somebody wants to have; if it is another one's, to that one, without a link."""
        user, key = await self._who(mail), email_key(mail.to)
        if user is None or user.pending_email is None or user.pending_email.key != key:
            return None
        owner = await self._users.find_by_login(mail.to)
        if owner is not None and owner.id != user.id:
            return letter_to(owner, mail, "address_in_use")
        return await self._asking(mail, user, CONFIRM_EMAIL, CHANGE, key, to=user.pending_email.email)

    async def email_changed(self, mail: Mail) -> Letter | None:
        """To the address that was left."""
        user = await self._who(mail)
        return None if user is None else letter_to(user, mail, EMAIL_CHANGED, to=mail.to)

    async def reset_password(self, mail: Mail) -> Letter | None:
        """To whoever has this address."""
        return await self._resetting(mail, RESET_PASSWORD)

    async def already_registered(self, mail: Mail) -> Letter | None:
        """To whoever had this address when somebody else wanted to register with it."""
        return await self._resetting(mail, ALREADY_REGISTERED)

    async def password_changed(self, mail: Mail) -> Letter | None:
        """To whose password it is."""
        user = await self._who(mail)
        return None if user is None else letter_to(user, mail, PASSWORD_CHANGED)

    async def new_device(self, mail: Mail) -> Letter | None:
        """To who has signed in on a device from which they had not before."""
        user = await self._who(mail)
        if user is None:
            return None
        language = language_of(user.locale, mail.language)
        at = await asyncio.to_thread(_in_words, mail.created_at, user.timezone, language)
        return letter_to(user, mail, NEW_DEVICE, at=at, **mail.facts)

    async def _resetting(self, mail: Mail, template: str) -> Letter | None:
        user = await self._users.find_by_login(mail.to)
        if user is None or user.email_key is None or user.status not in _HAS_ACCOUNT:
            user = _NOBODY
        bound_to = self._proofs.binding(RESET, user.email_key, user.epoch)
        code = await self._proofs.open(mail.id, RESET, user.id, bound_to, RESET_TIME)
        if code is None:
            return None
        minutes = int(RESET_TIME.total_seconds() // 60)
        return letter_to(user, mail, template, link=link_of(self._link_base, RESET, code), minutes=minutes)

    async def _asking(
        self, mail: Mail, user: User, template: str, purpose: str, key: str, *, to: str | None = None
    ) -> Letter | None:
        bound_to = self._proofs.binding(purpose, key)
        code = await self._proofs.open(mail.id, purpose, user.id, bound_to, VERIFY_TIME)
        if code is None:
            return None
        hours, link = int(VERIFY_TIME.total_seconds() // 3600), link_of(self._link_base, VERIFY, code)
        return letter_to(user, mail, template, to=to, link=link, hours=hours)

    async def _who(self, mail: Mail) -> User | None:
        found = await (self._users.find_by_login(mail.to) if mail.user_id is None else self._users.find(mail.user_id))
        return found if found is not None and found.status in _HAS_ACCOUNT else None


_WRITERS: Mapping[str, Callable[[AccountLetters, Mail], Awaitable[Letter | None]]] = {
    VERIFY_EMAIL: AccountLetters.verify_email,
    CONFIRM_EMAIL: AccountLetters.confirm_email,
    EMAIL_CHANGED: AccountLetters.email_changed,
    RESET_PASSWORD: AccountLetters.reset_password,
    ALREADY_REGISTERED: AccountLetters.already_registered,
    NEW_DEVICE: AccountLetters.new_device,
    PASSWORD_CHANGED: AccountLetters.password_changed,
}
MAILS = tuple(_WRITERS)
