"""Confirming an address, and getting back in: what is asked for by mail, and what the code in a mail is spent for.

The change comes first and the spending after it. Each change moves what the code is bound to, so a code works once
whoever is killed when, and who was cut off between the two finds the change made.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from blogapi.access.identity import Identity
from blogapi.auth.devices import Devices
from blogapi.auth.guesses import Guesses
from blogapi.auth.letters import CHANGE, RESET, VERIFY
from blogapi.auth.model import Caller
from blogapi.auth.store import SessionStore
from blogapi.db.client import new_id
from blogapi.errors import CodeInvalid, Conflict, Invalid, InvalidCredentials
from blogapi.events import Bus
from blogapi.limits.limiter import RateLimiter
from blogapi.mail.model import Mail
from blogapi.mail.service import MailService
from blogapi.proofs.service import Proofs
from blogapi.translation.sentence import say
from blogapi.users.logins import email_fault, email_key
from blogapi.users.mails import RESET_PASSWORD, VERIFY_EMAIL
from blogapi.users.model import PasswordReset, User
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key


class Recovery:
    """What mails are asked for, and what their codes do."""

    def __init__(
        self,
        users: UserService,
        sessions: SessionStore,
        devices: Devices,
        proofs: Proofs,
        mail: MailService,
        limiter: RateLimiter,
        guesses: Guesses,
        bus: Bus,
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._sessions, self._devices = users, sessions, devices
        self._proofs, self._mail = proofs, mail
        self._limiter, self._guesses, self._bus, self._now = limiter, guesses, bus, now

    # Asking for a mail

    async def forgot(self, email: str, caller: Caller) -> None:
        """Queue a mail to whoever has this address. Nobody is looked up here, so no answer can tell who there is.

        Raises Invalid for what is no address, RateLimited, Unavailable.
        """
        await self._ask(RESET_PASSWORD, email, caller, user_id=None)

    async def resend(self, email: str, caller: Caller, user_id: str | None) -> None:
        """The same to an address that is to be confirmed; who is signed in means an own one.

        Raises MailUnavailable, Invalid, RateLimited, Unavailable.
        """
        self._mail.check()
        await self._ask(VERIFY_EMAIL, email, caller, user_id=user_id)

    async def _ask(self, kind: str, email: str, caller: Caller, *, user_id: str | None) -> None:
        if fault := email_fault(email):
            raise Invalid([fault])
        address = limit_key(caller.address)
        await self._limiter.hit("mail_address", address)
        # By mailbox and address: nobody can use up what is left for somebody else.
        await self._limiter.hit("mail", f"{email_key(email)}|{address}")
        mail = Mail(id=new_id(), kind=kind, to=email, user_id=user_id, language=caller.language, created_at=self._now())
        await self._mail.queue(mail)

    # Spending a code

    async def verify_email(self, token: str) -> User:
        """The address is theirs who have the code. Raises CodeInvalid, and Conflict when it is another one's by now."""
        proof = await self._proofs.read(token, VERIFY, CHANGE)
        user = await self._users.credentials.confirm_email(
            proof.subject, lambda key: self._proofs.is_bound(proof, proof.purpose, key)
        )
        await self._proofs.spend(proof)
        return user

    async def reset_password(self, token: str, password: str) -> None:
        """A new password; all sessions and API keys end. Raises CodeInvalid, Invalid, Unavailable."""
        proof = await self._proofs.read(token, RESET)
        await self._users.credentials.reset_password(
            proof.subject, password, lambda user: self._proofs.is_bound(proof, RESET, user.email_key, user.epoch)
        )
        # From here on no session, key or code of before is good any more; what follows tidies up.
        await self._sessions.delete_all(proof.subject)
        await self._bus.publish(PasswordReset(user_id=proof.subject))
        await self._proofs.spend(proof)

    # Knowing the password

    async def change_password(self, who: Identity, current: str, password: str, caller: Caller) -> None:
        """A new password; all other sessions end. Raises Invalid, RateLimited, Conflict, Unavailable."""
        try:
            user = await self.prove(who, current, caller)
        except InvalidCredentials as error:
            raise Invalid.field("/current_password", "wrong_password", error.detail) from None
        try:
            user = await self._users.credentials.change_password(who, user, password)
        except CodeInvalid:
            raise Conflict(say("The password was changed at this moment by somebody else.")) from None
        if (device_id := await self._sessions.device_of(who.session_id)) is not None:
            await self._devices.keep(device_id, user.epoch)
        await self._sessions.delete_all(who.user_id, but=who.session_id)

    async def prove(self, who: Identity, password: str, caller: Caller) -> User:
        """Raises InvalidCredentials, RateLimited, Unavailable."""
        await self._guesses.admit_again(who.user_id, "password", caller)
        try:
            return await self._users.credentials.prove(who.user_id, password)
        except InvalidCredentials:
            await self._guesses.missed(who.user_id, who.user_id, who)
            raise InvalidCredentials(say("This is not the present password.")) from None
