"""Accounts that people make for themselves, and what their e-mail address has to prove before they can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from blogapi.errors import CodeInvalid, Conflict, Forbidden, Unavailable
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.settings.service import SettingsService
from blogapi.translation.sentence import LANGUAGES, say
from blogapi.users.logins import email_fault
from blogapi.users.mails import ALREADY_REGISTERED, VERIFY_EMAIL, Outbox
from blogapi.users.making import Making, Start
from blogapi.users.model import NewUser, User
from blogapi.users.store import INVITATION_ACCEPTED, UserStore
from blogapi.users.usernames import display_name_of, usernames

# Where nobody signs in before they have confirmed their address.
_UNPROVEN_KEPT = timedelta(days=7)


class Registration:
    """Who may register, and what becomes of it: by the settings of the blog, which begin with `registration` in the
    configuration. `verify_email` is in the configuration alone.
    """

    def __init__(
        self,
        users: UserStore,
        making: Making,
        outbox: Outbox,
        settings: SettingsService,
        verify_email: str,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._making, self._outbox, self._now = users, making, outbox, now
        self._settings, self._verify_email = settings, verify_email

    async def check(self, *, is_invited: bool) -> None:
        """Raises Forbidden `registration_closed` for who may not register, with an invitation or without."""
        mode = (await self._settings.current()).registration_mode
        if mode == "invite" and not is_invited:
            raise Forbidden(say("This blog accepts registrations by invitation only."), code="registration_closed")
        if mode == "closed":
            raise Forbidden(say("This blog does not accept registrations."), code="registration_closed")

    def may_sign_in(self, status: str) -> bool:
        """Whether people with this status can sign in."""
        return status == "active" or (status == "unverified" and self._verify_email != "first")

    async def register(self, new: NewUser, attempt: Attempt, *, language: str = LANGUAGES[0]) -> User:
        """Make an account for oneself. A mail in this language asks to confirm the address, unless that is `off`.

        Raises Forbidden, Invalid, Conflict, Unavailable.
        """
        await self.check(is_invited=False)
        new = replace(new, role=None)  # nobody chooses it for themselves
        if self._verify_email == "first":
            return await self._register_unseen(new, attempt, language)
        if self._verify_email == "off":
            return await self._making.register(new, attempt)
        start = Start(status="unverified", tells=VERIFY_EMAIL, language=language)
        return await self._making.register(new, attempt, start)

    async def accept(self, new: NewUser, attempt: Attempt, *, invitation_id: str, role: str) -> User:
        """Make an account with an invitation, which is spent by that; its address counts as confirmed.

        Raises CodeInvalid when somebody has accepted it, Forbidden, Invalid, Conflict, Unavailable.
        """
        await self.check(is_invited=True)
        try:
            return await self._making.register(replace(new, role=role), attempt, Start(invitation_id=invitation_id))
        except Conflict as error:
            if error.code != INVITATION_ACCEPTED:
                raise
            raise CodeInvalid("/invitation") from None

    async def register_proven(self, email: str, *, wishes: Iterable[str], display_name: str) -> User:
        """Make an account without a password for who has shown elsewhere that the address is theirs.

        The username is made of `wishes`. Raises Forbidden, Invalid, Unavailable, and Conflict `email_taken`.
        """
        await self.check(is_invited=False)
        name = display_name_of(display_name)
        for username in usernames(wishes):
            new = NewUser(username=username, email=email, password=None, display_name=name)
            try:
                return await self._making.register(new, ONCE, Start(is_proven=True))
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
        unverified = Start(status="unverified", tells=VERIFY_EMAIL, language=language)
        if not is_known:
            try:
                return await self._making.register(new, attempt, unverified)
            except Conflict as error:
                if error.code != "email_taken":
                    raise
        shadow = replace(unverified, tells=ALREADY_REGISTERED, is_shadow=True)
        return await self._making.register(new, attempt, shadow)

    async def remove_unproven(self) -> int:
        """Where nobody signs in before, remove accounts whose address nobody confirmed in time; returns how many."""
        if self._verify_email != "first":
            return 0
        return await self._users.delete_unproven(self._now() - _UNPROVEN_KEPT)
