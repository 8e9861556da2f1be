"""Signing in and out, and telling who is asking."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from blogapi.access.identity import Identity
from blogapi.audit.service import AuditService
from blogapi.auth.devices import Devices
from blogapi.auth.failures import FailedSignIns
from blogapi.auth.letters import AccountLetters
from blogapi.auth.model import (
    COOKIE,
    PASSWORD,
    TOKEN,
    AccessToken,
    Caller,
    Lifetime,
    Reauthentication,
    Registering,
    Session,
    SessionWithUser,
    TokenPair,
)
from blogapi.auth.recovery import Recovery
from blogapi.auth.sessions import Sessions
from blogapi.auth.sign_in import SignIn, cookie_parts
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import RefreshClaims, Tokens
from blogapi.errors import FieldError, NotFound, Unauthorized
from blogapi.idempotency.attempt import Attempt
from blogapi.invitations.service import InvitationService
from blogapi.limits.limiter import RateLimiter
from blogapi.passkeys.service import PasskeyService
from blogapi.second_factors.model import TOTP, Answer, SecondFactorShown
from blogapi.second_factors.service import SecondFactors
from blogapi.translation.sentence import say
from blogapi.users.mfa import PASSKEY
from blogapi.users.model import ErasureAsked, StatusChanged, User
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key

# How long a spent refresh token still gets its successor: two tabs that refresh at once both stay signed in.
GRACE = timedelta(seconds=30)
# Sessions are not written on each request.
_SEEN_EVERY = timedelta(minutes=5)

log = logging.getLogger("blogapi.auth")


class AuthService:
    """Sessions and the credentials that belong to them."""

    def __init__(
        self,
        sessions: SessionStore,
        users: UserService,
        tokens: Tokens,
        devices: Devices,
        limiter: RateLimiter,
        invitations: InvitationService,
        audit: AuditService,
        failures: FailedSignIns,
        recovery: Recovery,
        second_factors: SecondFactors,
        passkeys: PasskeyService,
        letters: AccountLetters,
        sign_in: SignIn,
        lifetime: Lifetime,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._users, self._tokens, self._now = sessions, users, tokens, now
        self._invitations = invitations
        self._limiter, self.recovery, self.letters = limiter, recovery, letters
        self.sign_in, self._lifetime = sign_in, lifetime
        self._second_factors, self._passkeys = second_factors, passkeys
        self._audit, self.failures = audit, failures
        self.sessions = Sessions(sessions, devices, users, audit, now)

    # Making an account

    async def check_registration(self) -> None:
        """Raises Forbidden where nobody can make an account for themselves, not even with an invitation."""
        await self._users.registration.check(is_invited=True)

    def faults(self, fields: Mapping[str, Any]) -> list[FieldError]:
        """What is wrong with these fields of a new account, beyond their form."""
        return self._users.making.faults(fields)

    async def register(self, wish: Registering, attempt: Attempt, caller: Caller) -> User:
        """Make an account for oneself. Raises RateLimited, Forbidden, CodeInvalid, Invalid, Conflict, Unavailable."""
        await self._limiter.hit("register", limit_key(caller.address))
        registration, new = self._users.registration, wish.new
        if wish.invitation is None:
            return await registration.register(new, attempt, language=caller.language)
        invitation = await self._invitations.read(wish.invitation, new.email)
        return await registration.accept(new, attempt, invitation_id=invitation.id, role=invitation.role)

    # Signing out, and showing once more who one is

    async def sign_out(self, who: Identity, *, everywhere: bool = False) -> None:
        """End this session, or all sessions of the user."""
        if everywhere or who.session_id is None:
            await self.sessions.end_all(who, who.user_id)
        else:
            with suppress(NotFound):  # somebody else has ended it at this moment
                await self.sessions.end(who, None, who.session_id)

    async def status_changed(self, event: StatusChanged) -> None:
        """No session outlives a suspension, even when that is lifted later."""
        await self._sessions.delete_all(event.user_id)

    async def erasure_asked(self, event: ErasureAsked) -> None:
        """Remove what has ended when somebody asked to be erased."""
        await self._sessions.delete_all(event.user_id)

    async def factor_shown(self, event: SecondFactorShown) -> None:
        """Note in a session what its user has shown."""
        await self._sessions.add_factor(event.session_id, event.factor)

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
            await self.recovery.prove(who, shown.password or "", caller)
            return PASSWORD
        await self.sign_in.limit_codes(who.user_id, caller)
        if shown.passkey is not None:
            await self._passkeys.confirm(who.user_id, shown.passkey)
            return PASSKEY
        await self._second_factors.accept(who.user_id, Answer(TOTP, shown.totp or ""))
        return TOTP

    # Refreshing

    async def refresh(self, refresh_token: str) -> TokenPair:
        """The next pair of tokens. Raises Unauthorized.

        A token that was spent a moment ago gets the same successor again. One that was spent longer ago may have
        been stolen: the session ends.
        """
        claims = self._tokens.read_refresh_token(refresh_token)
        live = None if claims is None else await self._live(claims.session_id, TOKEN)
        if claims is None or live is None or not self._tokens.is_proven(claims, live.session.nonce):
            raise _bad_refresh_token()
        now, session = self._now(), live.session
        if claims.generation == session.generation:
            rotated = await self._sessions.rotate(session, now, self._lifetime.expiry(session.created_at, now))
            if rotated is not None:
                return await self._tokens.pair(rotated, rotated.generation)
            live = await self._live(claims.session_id, TOKEN)
            if live is None:
                raise _bad_refresh_token()
            session = live.session
        return await self._successor(session, claims, now)

    async def _successor(self, session: Session, claims: RefreshClaims, now: datetime) -> TokenPair:
        spent_at = next((spent.at for spent in session.rotations if spent.n == claims.generation), None)
        if spent_at is None or now - spent_at >= GRACE:
            await self._audit.record(
                "security.refresh_reuse", actor=None, target=session.user_id, once=session.id, session_id=session.id
            )
            await self._sessions.delete(session.id)
            log.warning("a spent refresh token came back: session %s was ended", session.id)
            raise _bad_refresh_token()
        return await self._tokens.pair(session, claims.generation + 1)

    # Who is asking

    async def identify_token(self, access_token: str) -> Identity:
        """Raises Unauthorized."""
        claims = await self._tokens.read_access_token(access_token)
        live = await self._live(claims.session_id, TOKEN)
        if live is None or live.session.user_id != claims.user_id:
            raise Unauthorized(say("The session of this access token has ended. Sign in again."))
        return await self._seen(live)

    async def identify_cookie(self, cookie: str) -> Identity:
        """Raises Unauthorized."""
        parts = cookie_parts(cookie)
        live = None if parts is None else await self._live(parts.session_id, COOKIE)
        if parts is None or live is None or not hmac.compare_digest(live.session.secret_hash or "", parts.secret_hash):
            raise Unauthorized(say("The session of this cookie has ended. Sign in again."))
        return await self._seen(live)

    async def _live(self, session_id: str, kind: str) -> SessionWithUser | None:
        live = await self._sessions.find(session_id, self._now())
        if live is None or live.session.kind != kind or not live.user.may_act:
            return None
        return live if live.is_of_this_epoch else None

    async def _seen(self, live: SessionWithUser) -> Identity:
        now, session = self._now(), live.session
        if now - session.last_seen_at >= _SEEN_EVERY:
            await self._sessions.touch(session, now, self._lifetime.expiry(session.created_at, now))
        user = live.user
        return Identity(
            user_id=session.user_id,
            role=user.role,
            session_id=session.id,
            factors=frozenset(session.factors),
            lacks_second_factor=self._second_factors.is_lacking(user.role, user.mfa_methods, session.factors),
            epoch=user.epoch,
            authenticated_at=session.authenticated_at or session.created_at,
            byline=user.byline,
        )


def _bad_refresh_token() -> Unauthorized:
    return Unauthorized(say("The refresh token is not valid. Sign in again."))
