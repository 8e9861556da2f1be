"""Accounts that people make for themselves, and what their e-mail address has to prove before they can be used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from blogapi.config import RegistrationConfig
from blogapi.errors import CodeInvalid, Conflict, Forbidden, Unavailable
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.translation.sentence import LANGUAGES, say
from blogapi.users.mails import ALREADY_REGISTERED, VERIFY_EMAIL, Outbox
from blogapi.users.model import NewUser, User, email_fault
from blogapi.users.store import INVITATION_ACCEPTED, UserStore
from blogapi.users.usernames import display_name_of, usernames

# Where nobody signs in before they have confirmed their address.
_UNPROVEN_KEPT = timedelta(days=7)


class Make(Protocol):
    """How the service makes an account."""

    def __call__(
        self,
        new: NewUser,
        attempt: Attempt,
        *,
        status: str = "active",
        tells: str | None = None,
        is_shadow: bool = False,
        invitation_id: str | None = None,
        is_proven: bool = False,
        language: str = LANGUAGES[0],
    ) -> Awaitable[User]:
        """`tells` is a kind of mail; `is_shadow` leaves out the address, and one that `is_proven` is confirmed.

        Raises Invalid, Conflict, Unavailable.
        """


class Registration:
    """Who may register, and what becomes of it (`registration` in the configuration)."""

    def __init__(
        self, users: UserStore, outbox: Outbox, make: Make, config: RegistrationConfig, now: Callable[[], datetime]
    ) -> None:
        self._users, self._outbox, self._make, self._now = users, outbox, make, now
        self.config = config

    def check(self, *, is_invited: bool) -> None:
        """Raises Forbidden `registration_closed` for who may not register, with an invitation or without."""
        if self.config.mode == "invite" and not is_invited:
            raise Forbidden(say("This blog accepts registrations by invitation only."), code="registration_closed")
        if self.config.mode == "closed":
            raise Forbidden(say("This blog does not accept registrations."), code="registration_closed")

    def may_sign_in(self, status: str) -> bool:
        """Whether people with this status can sign in."""
        return status == "active" or (status == "unverified" and self.config.verify_email != "first")

    async def register(self, new: NewUser, attempt: Attempt, *, language: str = LANGUAGES[0]) -> User:
        """Make an account for oneself. A mail in this language asks to confirm the address, unless that is `off`.

        Raises Forbidden, Invalid, Conflict, Unavailable.
        """
        self.check(is_invited=False)
        new = replace(new, role=self.config.role)
        if self.config.verify_email == "first":
            return await self._register_unseen(new, attempt, language)
        if self.config.verify_email == "off":
            return await self._make(new, attempt)
        return await self._make(new, attempt, status="unverified", tells=VERIFY_EMAIL, language=language)

    async def accept(self, new: NewUser, attempt: Attempt, *, invitation_id: str, role: str) -> User:
        """Make an account with an invitation, which is spent by that; its address counts as confirmed.

        Raises CodeInvalid when somebody has accepted it, Forbidden, Invalid, Conflict, Unavailable.
        """
        self.check(is_invited=True)
        try:
            return await self._make(replace(new, role=role), attempt, invitation_id=invitation_id)
        except Conflict as error:
            if error.code != INVITATION_ACCEPTED:
                raise
            raise CodeInvalid("/invitation") from None

    async def register_proven(self, email: str, *, wishes: Iterable[str], display_name: str) -> User:
        """Make an account without a password for who has shown elsewhere that the address is theirs.

        The username is made of `wishes`. Raises Forbidden, Invalid, Unavailable, and Conflict `email_taken`.
        """
        self.check(is_invited=False)
        name = display_name_of(display_name)
        for username in usernames(wishes):
            new = NewUser(username=username, email=email, password=None, display_name=name, role=self.config.role)
            try:
                return await self._make(new, ONCE, is_proven=True)
            except Conflict as error:
                if error.code != "username_taken":
                    raise
        raise Unavailable

    async def _register_unseen(self, new: NewUser, attempt: Attempt, language: str) -> User:
        """The same without telling whether there is an account with this address: that is told to its owner.

        For an address that is known, an account is made that looks alike, keeps the username and can never be used.
        """
        self._outbox.check()
        is_known = email_fault(new.email) is None and await self._users.find_by_email(new.email) is not None
        make = partial(self._make, new, attempt, status="unverified", language=language)
        if not is_known:
            try:
                return await make(tells=VERIFY_EMAIL)
            except Conflict as error:
                if error.code != "email_taken":
                    raise
        return await make(tells=ALREADY_REGISTERED, is_shadow=True)

    async def remove_unproven(self) -> int:
        """Where nobody signs in before, remove accounts whose address nobody confirmed in time; returns how many."""
        if self.config.verify_email != "first":
            return 0
        return await self._users.delete_unproven(self._now() - _UNPROVEN_KEPT)
