"""Showing once more who one is, in a session that goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from blogapi.access.identity import Identity
from blogapi.auth.guesses import Guesses
from blogapi.auth.model import PASSWORD, AccessToken, Caller, Reauthentication
from blogapi.auth.recovery import Recovery
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.passkeys.service import PasskeyService
from blogapi.second_factors.model import TOTP, Answer
from blogapi.second_factors.service import SecondFactors
from blogapi.users.mfa import PASSKEY


class Reauthenticating:
    """By the password, a code of the authenticator app, or a passkey."""

    def __init__(
        self,
        sessions: SessionStore,
        tokens: Tokens,
        recovery: Recovery,
        second_factors: SecondFactors,
        passkeys: PasskeyService,
        guesses: Guesses,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._tokens, self._recovery, self._now = sessions, tokens, recovery, now
        self._second_factors, self._passkeys, self._guesses = second_factors, passkeys, guesses

    async def reauthenticate(self, who: Identity, shown: Reauthentication, caller: Caller) -> AccessToken:
        """Show once more who one is: more is allowed for ten minutes.

        Raises InvalidCredentials, CodeInvalid, RateLimited, Unavailable.
        """
        factor = await self._prove(who, shown, caller)
        if who.session_id is not None:
            await self._sessions.authenticated(who.session_id, factor, self._now())
        token = await self._tokens.access_token(who.user_id, who.session_id or "")
        return AccessToken(access_token=token, expires_in=self._tokens.access_seconds)

    async def _prove(self, who: Identity, shown: Reauthentication, caller: Caller) -> str:
        if shown.totp is None and shown.passkey is None:
            await self._recovery.prove(who, shown.password or "", caller)
            return PASSWORD
        await self._guesses.admit_again(who.user_id, "codes", caller)
        if shown.passkey is not None:
            await self._passkeys.confirm(who.user_id, shown.passkey)
            return PASSKEY
        await self._second_factors.accept(who.user_id, Answer(TOTP, shown.totp or ""))
        return TOTP
