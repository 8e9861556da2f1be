"""Registering passkeys, and finding out whose an assertion is."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from blogapi.access.administrator import Administrator
from blogapi.access.identity import Identity, Viewer
from blogapi.audit.service import AuditService
from blogapi.db.client import new_id
from blogapi.errors import CodeInvalid, Conflict, NotFound
from blogapi.events import Bus
from blogapi.mail.model import Letter, Mail
from blogapi.mail.service import MailService
from blogapi.paging.page import Page, PageRequest
from blogapi.passkeys.challenges import REGISTER, SIGN, Challenges
from blogapi.passkeys.lazily import verification
from blogapi.passkeys.model import (
    MAX_PASSKEYS,
    Assertion,
    NewPasskey,
    Options,
    Passkey,
    PasskeyRefused,
    RelyingParty,
    Unproven,
)
from blogapi.passkeys.store import PasskeyStore
from blogapi.second_factors.model import SecondFactorShown
from blogapi.second_factors.service import SecondFactors, check_may_add
from blogapi.text import base64url
from blogapi.translation.sentence import LANGUAGES, say, say_many
from blogapi.users.mfa import PASSKEY
from blogapi.users.model import PasswordReset, User
from blogapi.users.service import UserService

MAILS = PASSKEY_ADDED, PASSKEY_REMOVED = "passkey_added", "passkey_removed"


class PasskeyService:
    """The passkeys of users."""

    def __init__(
        self,
        passkeys: PasskeyStore,
        challenges: Challenges,
        users: UserService,
        factors: SecondFactors,
        audit: AuditService,
        mail: MailService,
        bus: Bus,
        party: RelyingParty,
        handle_key: bytes,
        now: Callable[[], datetime],
    ) -> None:
        self._passkeys, self._challenges, self._users = passkeys, challenges, users
        self._factors, self._audit, self._mail, self._bus = factors, audit, mail, bus
        self._party, self._handle_key, self._now = party, handle_key, now

    async def letter(self, mail: Mail) -> Letter | None:
        """What a mail about a passkey says when it is sent."""
        return await self._factors.letter(mail)

    # Registering

    async def creation_options(self, who: Identity) -> Options:
        """What a browser is to be asked for a new passkey.

        Raises ReauthenticationRequired, SecondFactorRequired, and Conflict for too many.
        """
        who.require_fresh(self._now())
        user, known = await self._users.get(who.user_id), await self._passkeys.all_of(who.user_id, MAX_PASSKEYS)
        check_may_add(who, user)
        if len(known) >= MAX_PASSKEYS:
            raise _too_many()
        # All passkeys of a user have one handle, also when the secret has changed from which it was derived.
        handle = known[0].user_handle if known else self._new_handle(who.user_id)
        challenge = await self._challenges.new(REGISTER, who.user_id, bound_to=handle)
        asked = self._party.creation(challenge.value, handle, user.username, user.display_name, known)
        return Options(value=asked, expires_at=challenge.expires_at)

    def _new_handle(self, user_id: str) -> str:
        return base64url.encoded(hmac.digest(self._handle_key, user_id.encode(), "sha256"))

    async def register(self, who: Identity, new: NewPasskey, language: str) -> Passkey:
        """Keep a new passkey.

        Raises SecondFactorRequired, CodeInvalid for an answer that is no good, and Conflict for too many passkeys.
        The challenge is spent first: of many who send one answer, one goes on. The mail is queued before the passkey
        is there: one about nothing is harmless, and a passkey that its user does not know of is not.
        """
        check_may_add(who, await self._users.get(who.user_id))
        try:
            passkey = await self._shown(who, new)
        except Unproven:
            raise _not_accepted("/credential") from None
        if await self._passkeys.count(who.user_id) >= MAX_PASSKEYS:
            raise _too_many()
        await self._audit.record("passkey.registered", actor=who, target=who.user_id, passkey_id=passkey.id)
        await self._mail.queue(self._mail_about(passkey, PASSKEY_ADDED, new_id(), language))
        if not await self._passkeys.insert(passkey):
            raise _not_accepted("/credential")
        if not await self._is_good(passkey):  # the address was shown to be somebody else's at this moment
            with suppress(NotFound):  # the reset may have removed it
                await self._passkeys.delete(who.user_id, passkey.id)
            raise _not_accepted("/credential")
        # Others may have come in beside it. All of them step back rather than one too many stays.
        if await self._passkeys.count(who.user_id) > MAX_PASSKEYS:
            await self._passkeys.delete(who.user_id, passkey.id)
            raise _too_many()
        await self.note(who.user_id)
        if who.session_id is not None:
            await self._bus.publish(SecondFactorShown(who.session_id, PASSKEY))
        return passkey

    async def _shown(self, who: Identity, new: NewPasskey) -> Passkey:
        attestation = new.attestation
        answered = await self._challenges.read(attestation.client_data, REGISTER)
        if not answered.is_for(who.user_id):
            raise Unproven
        library = await verification()
        shown = library.check_attestation(attestation, answered.value, self._party.id, answered.origin)
        if await self._passkeys.find_credential(base64url.encoded(attestation.credential_id)) is not None:
            raise Unproven
        await self._challenges.spend(answered)
        return Passkey(
            id=new_id(),
            user_id=who.user_id,
            user_handle=answered.proof.bound_to,
            credential_id=base64url.encoded(attestation.credential_id),
            public_key=shown.public_key,
            sign_count=shown.sign_count,
            transports=attestation.transports,
            aaguid=shown.aaguid,
            backup_eligible=shown.backup_eligible,
            backed_up=shown.backed_up,
            name=new.name,
            epoch=who.epoch,
            created_at=self._now(),
        )

    # One's own

    async def list(self, who: Identity, page: PageRequest) -> Page[Passkey]:
        """One's own passkeys, newest first."""
        return await self._passkeys.list(who.user_id, page)

    async def get(self, who: Identity, passkey_id: str) -> Passkey:
        """One of one's own. Raises NotFound."""
        return await self._passkeys.get(who.user_id, passkey_id)

    async def rename(self, who: Identity, passkey_id: str, name: str) -> Passkey:
        """Call one of one's own something else. Raises NotFound."""
        return await self._passkeys.rename(who.user_id, passkey_id, name)

    async def remove(self, who: Identity, passkey_id: str, language: str) -> None:
        """Remove one of one's own; it signs nobody in any more. Raises ReauthenticationRequired, NotFound."""
        who.require_fresh(self._now())
        passkey = await self._passkeys.get(who.user_id, passkey_id)
        await self._tell_of_removal(passkey, who, language)
        # The last one is noted before it goes: whoever dies in between leaves one that is noted again when it is used.
        await self.note(who.user_id, but=1)
        await self._passkeys.delete(who.user_id, passkey_id)
        await self.note(who.user_id)

    async def reset(self, by: Administrator, login: str) -> bool:
        """Take all passkeys away from somebody who has lost them; False when there are none. Raises NotFound."""
        user = await self._users.find_by_login(login)
        if user is None:
            raise NotFound(say("There is no user {user!r}.", user=login))
        known = await self._passkeys.all_of(user.id, MAX_PASSKEYS)
        for passkey in known:
            await self._tell_of_removal(passkey, by.who, LANGUAGES[0])
        await self.note(user.id, but=len(known))
        await self._passkeys.delete_all(user.id)
        await self.note(user.id)
        return bool(known)

    async def _tell_of_removal(self, passkey: Passkey, who: Viewer, language: str) -> None:
        """Once, however many remove it at once."""
        await self._audit.record(
            "passkey.removed", actor=who, target=passkey.user_id, once=passkey.id, passkey_id=passkey.id
        )
        await self._mail.queue(self._mail_about(passkey, PASSKEY_REMOVED, passkey.id, language))

    async def note(self, user_id: str, *, but: int = 0) -> None:
        """Have the second factors of a user say whether there are passkeys, or will be when so many are gone."""

        async def has_any(user: User) -> bool:
            return await self._passkeys.count(user.id, since=user.passkeys_since) > but

        await self._factors.note_passkeys(user_id, has_any)

    async def password_reset(self, event: PasswordReset) -> None:
        """Remove what is good for nothing since then."""
        user = await self._users.find(event.user_id)
        if user is not None:
            await self._passkeys.delete_before(user.id, user.passkeys_since)

    def _mail_about(self, passkey: Passkey, kind: str, mail_id: str, language: str) -> Mail:
        return Mail(id=mail_id, kind=kind, user_id=passkey.user_id, language=language, created_at=self._now())

    # Showing who one is

    async def request_options(self, user_id: str | None) -> Options:
        """What a browser is to be asked: for any passkey, or for one of this user."""
        allowed = [] if user_id is None else await self._passkeys.all_of(user_id, MAX_PASSKEYS)
        challenge = await self._challenges.new(SIGN, user_id)
        return Options(value=self._party.request(challenge.value, allowed), expires_at=challenge.expires_at)

    async def prove(self, assertion: Assertion) -> Passkey:
        """The passkey that signed this now, whosever it is; good once. Every failure says the same.

        Raises PasskeyRefused.
        """
        try:
            return await self._proven(assertion, None)
        except Unproven:
            raise PasskeyRefused from None

    async def confirm(self, user_id: str, assertion: Assertion) -> None:
        """Whether a passkey of this user signed this now; good once. Raises CodeInvalid at `/passkey`."""
        try:
            await self._proven(assertion, user_id)
        except Unproven:
            raise _not_accepted(f"/{PASSKEY}") from None

    async def _proven(self, assertion: Assertion, user_id: str | None) -> Passkey:
        answered = await self._challenges.read(assertion.client_data, SIGN)
        passkey = await self._passkeys.find_credential(base64url.encoded(assertion.credential_id))
        if passkey is None or not _is_meant(passkey, assertion, user_id) or not answered.is_for(passkey.user_id):
            raise Unproven
        if not await self._is_good(passkey):
            raise Unproven
        library = await verification()
        shown = library.check_assertion(assertion, passkey, answered.value, self._party.id, answered.origin)
        await self._challenges.spend(answered)
        if not await self._passkeys.used(passkey, shown.sign_count, self._now(), backed_up=shown.backed_up):
            if await self._passkeys.find_credential(passkey.credential_id) is not None:
                what = {"target": passkey.user_id, "passkey_id": passkey.id}
                await self._audit.record("security.passkey_count", actor=None, **what)
            raise Unproven
        return passkey

    async def _is_good(self, passkey: Passkey) -> bool:
        """Whether it is not of before somebody showed that the address of the account is theirs."""
        user = await self._users.find(passkey.user_id)
        return user is not None and passkey.epoch >= user.passkeys_since


def _is_meant(passkey: Passkey, assertion: Assertion, user_id: str | None) -> bool:
    """Whether it is the user's who is to be known. Where nobody is named, the authenticator has to name its user."""
    if user_id is not None and passkey.user_id != user_id:
        return False
    if assertion.user_handle is None:
        return user_id is not None
    return base64url.encoded(assertion.user_handle) == passkey.user_handle


def _not_accepted(pointer: str) -> CodeInvalid:
    return CodeInvalid(
        pointer, say("This is not the answer to options that you were given, or not any more. Ask for new ones.")
    )


def _too_many() -> Conflict:
    return Conflict(
        say_many(
            "You can have {count:,} passkey. Remove it first.",
            "You can have {count:,} passkeys. Remove one first.",
            MAX_PASSKEYS,
        )
    )
