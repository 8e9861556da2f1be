"""Adding and removing second factors, and accepting what somebody shows of them, each once."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from blogapi.access.administrator import Administrator
from blogapi.access.identity import Identity, Viewer
from blogapi.errors import CodeInvalid, Conflict, NotFound
from blogapi.events import Bus
from blogapi.mail.model import Letter, Mail
from blogapi.second_factors.codes import Codes
from blogapi.second_factors.letters import FactorLetters
from blogapi.second_factors.model import (
    OFFER_TIME,
    RECOVERY_CODE,
    RECOVERY_CODE_USED,
    RECOVERY_CODES,
    RECOVERY_CODES_RENEWED,
    SECOND_FACTORS,
    TOTP,
    TOTP_ADDED,
    TOTP_REMOVED,
    TOTP_RESET,
    Answer,
    RecoveryCodes,
    SecondFactorShown,
    ShownTotp,
)
from blogapi.translation.sentence import say
from blogapi.users.mfa import PASSKEY, Mfa, OfferedTotp, Totp
from blogapi.users.model import User
from blogapi.users.service import UserService

Rule: TypeAlias = Callable[[User], tuple[Mfa, Sequence[str]]]
"""What becomes of the factors of a user, and the kinds of the mails that tell them of it."""


class SecondFactors:
    """The second factors of users. Each change is one update, which compares what there was."""

    def __init__(
        self,
        users: UserService,
        codes: Codes,
        letters: FactorLetters,
        bus: Bus,
        required_roles: Iterable[str],
        now: Callable[[], datetime],
    ) -> None:
        self._users, self._codes, self._letters, self._bus, self._now = users, codes, letters, bus, now
        self._required_roles = frozenset(required_roles)

    async def letter(self, mail: Mail) -> Letter | None:
        """What a mail about second factors says when it is sent."""
        return await self._letters.write(mail)

    # For signing in

    def missing(self, user: User, shown: Iterable[str]) -> tuple[str, ...]:
        """What somebody can show who has shown these factors and has to show one more; nothing when it is enough.

        A passkey alone does not make the password insufficient: who loses it would be locked out, and only an app comes
        with recovery codes. Where another factor is asked for, it is one.
        """
        if TOTP not in user.mfa.methods or not SECOND_FACTORS.isdisjoint(shown):
            return ()
        return (*user.mfa.methods, *((RECOVERY_CODE,) if user.mfa.recovery_codes else ()))

    def is_lacking(self, role: str, methods: Iterable[str], shown: Iterable[str] | None) -> bool:
        """Whether a role needs a second factor, and there is none among `methods` or none was shown.

        A passkey that was shown is enough by itself. `shown` is None for what can show nothing: for an API key it is
        enough that its user has a second factor.
        """
        if role not in self._required_roles or PASSKEY in (shown or ()):
            return False
        return not tuple(methods) or (shown is not None and SECOND_FACTORS.isdisjoint(shown))

    def check(self, user: User, answer: Answer) -> None:
        """Whether this could be accepted now. Raises CodeInvalid."""
        self._accepted(user, answer)

    async def accept(self, user_id: str, answer: Answer) -> User:
        """Accept what somebody shows. Of many who show the same at once, or later, one is accepted.

        Raises CodeInvalid.
        """
        tells = (RECOVERY_CODE_USED,) if answer.kind == RECOVERY_CODE else ()
        return await self._change(user_id, lambda user: (self._accepted(user, answer), tells))

    def _accepted(self, user: User, answer: Answer) -> Mfa:
        mfa = user.mfa
        if answer.kind == TOTP and mfa.totp is not None:
            step = self._codes.step_of(mfa.totp.secret, user.id, answer.code, self._now())
            if step is not None and step > mfa.totp.last_step:
                return replace(mfa, totp=replace(mfa.totp, last_step=step))
        if answer.kind == RECOVERY_CODE:
            shown = self._codes.hash_of(answer.code, user.id)
            left = tuple(code for code in mfa.recovery_codes if not hmac.compare_digest(code, shown))
            if len(left) < len(mfa.recovery_codes):
                return replace(mfa, recovery_codes=left)
        raise CodeInvalid(answer.pointer)

    async def note_passkeys(self, user_id: str, has_any: Callable[[User], Awaitable[bool]]) -> None:
        """Have the methods of a user say whether there is a passkey. Passkeys lie in a collection of their own.

        Whoever has added or removed one calls this. It looks after it has read the user, and writes even where nothing
        is new: that moves the version, so nobody notes what they had seen before. The last to note is right.
        """
        while (user := await self._users.get(user_id)).status != "erased":
            others = user.mfa.without(PASSKEY)
            noted = replace(others, methods=(*others.methods, PASSKEY)) if await has_any(user) else others
            if await self._users.credentials.change_mfa(user, noted) is not None:
                return

    # One's own

    async def offer_totp(self, who: Identity) -> ShownTotp:
        """A new secret for an app, which nobody can read later. It counts once a code has confirmed it.

        Raises ReauthenticationRequired, SecondFactorRequired, and Conflict where there is one that counts.
        """
        who.require_fresh(self._now())
        secret = self._codes.new_secret()
        offered = OfferedTotp(secret=self._codes.seal(secret, who.user_id), expires_at=self._now() + OFFER_TIME)

        def offer(user: User) -> tuple[Mfa, Sequence[str]]:
            check_may_add(who, user)
            _check_no_totp(user.mfa)
            return replace(user.mfa, offered_totp=offered), ()

        user = await self._change(who.user_id, offer, who)
        uri = self._codes.uri(secret, user.username)
        return ShownTotp(secret=secret, uri=uri, qr_svg=self._codes.qr_svg(uri))

    async def confirm_totp(self, who: Identity, code: str) -> RecoveryCodes:
        """Have the secret count that was shown last, for who shows that an app has it. Gives new recovery codes.

        Raises ReauthenticationRequired, SecondFactorRequired, Conflict, CodeInvalid.
        """
        who.require_fresh(self._now())
        recovery = self._new_recovery_codes()

        def confirm(user: User) -> tuple[Mfa, Sequence[str]]:
            check_may_add(who, user)
            _check_no_totp(user.mfa)
            offered, now = user.mfa.offered_totp, self._now()
            step = None
            if offered is not None and offered.expires_at > now:
                step = self._codes.step_of(offered.secret, user.id, code, now)
            if offered is None or step is None:
                raise CodeInvalid(f"/{TOTP}")
            confirmed = replace(
                user.mfa,
                methods=(TOTP, *user.mfa.methods),
                totp=Totp(secret=offered.secret, last_step=step, added_at=now),
                offered_totp=None,
                recovery_codes=self._hashes(recovery, user.id),
            )
            return confirmed, (TOTP_ADDED,)

        await self._change(who.user_id, confirm, who)
        if who.session_id is not None:
            await self._bus.publish(SecondFactorShown(who.session_id, TOTP))
        return recovery

    async def remove_totp(self, who: Identity) -> None:
        """Remove the app with the recovery codes, or a secret that waits. Raises ReauthenticationRequired."""
        who.require_fresh(self._now())
        await self._change(who.user_id, lambda user: _without_totp(user, TOTP_REMOVED), who)

    async def renew_recovery_codes(self, who: Identity) -> RecoveryCodes:
        """New recovery codes; those of before are void. Raises ReauthenticationRequired, Conflict."""
        who.require_fresh(self._now())
        recovery = self._new_recovery_codes()

        def renew(user: User) -> tuple[Mfa, Sequence[str]]:
            if TOTP not in user.mfa.methods:
                raise Conflict(say("There is no second factor that recovery codes could stand in for."))
            return replace(user.mfa, recovery_codes=self._hashes(recovery, user.id)), (RECOVERY_CODES_RENEWED,)

        await self._change(who.user_id, renew, who)
        return recovery

    # For administrators

    async def reset(self, by: Administrator, login: str) -> bool:
        """Take the app and the recovery codes away from somebody who has lost them; False when there is no app.

        Sessions stay. Raises NotFound.
        """
        user = await self._users.find_by_login(login)
        if user is None:
            raise NotFound(say("There is no user {user!r}.", user=login))
        await self._change(user.id, lambda user: _without_totp(user, TOTP_RESET), by.who)
        return user.mfa.totp is not None

    def _new_recovery_codes(self) -> RecoveryCodes:
        return RecoveryCodes(tuple(self._codes.new_recovery_code() for _ in range(RECOVERY_CODES)))

    def _hashes(self, recovery: RecoveryCodes, user_id: str) -> tuple[str, ...]:
        return tuple(self._codes.hash_of(code, user_id) for code in recovery.codes)

    async def _change(self, user_id: str, rule: Rule, by: Viewer = None) -> User:
        """Apply a rule, again whenever somebody else was first."""
        while True:
            user = await self._users.get(user_id)
            mfa, tells = rule(user)
            if mfa == user.mfa:
                return user
            changed = await self._users.credentials.change_mfa(user, mfa, *tells, by=by)
            if changed is not None:
                return changed


def check_may_add(who: Identity, user: User) -> None:
    """Whether somebody may set up another second factor. Raises SecondFactorRequired.

    Where the role needs one, a password alone is enough for the first one only: whoever guessed it would have both.
    """
    if user.mfa.methods:
        who.require_second_factor()


def _check_no_totp(mfa: Mfa) -> None:
    if mfa.totp is not None:
        raise Conflict(say("There is an authenticator app already. Remove it first."))


def _without_totp(user: User, told_as: str) -> tuple[Mfa, Sequence[str]]:
    removed = replace(user.mfa.without(TOTP), totp=None, offered_totp=None, recovery_codes=())
    return removed, () if user.mfa.totp is None else (told_as,)
