"""Who is asking: the session of a cookie or of an access token, if it still lives."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from blogapi.access.identity import Identity
from blogapi.auth.model import COOKIE, TOKEN, SessionLimits, SessionWithUser
from blogapi.auth.opening import cookie_parts
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.errors import Unauthorized
from blogapi.second_factors.service import SecondFactors
from blogapi.translation.sentence import say

# Sessions are not written on each request.
_SEEN_EVERY = timedelta(minutes=5)


class LiveSessions:
    """Finds sessions by what their users hold, and prolongs them when they are used."""

    def __init__(
        self,
        sessions: SessionStore,
        tokens: Tokens,
        second_factors: SecondFactors,
        limits: SessionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._tokens, self._second_factors = sessions, tokens, second_factors
        self._limits, self._now = limits, now

    async def identify_token(self, access_token: str) -> Identity:
        """Raises Unauthorized."""
        claims = await self._tokens.read_access_token(access_token)
        live = await self.find(claims.session_id, TOKEN)
        if live is None or live.session.user_id != claims.user_id:
            raise Unauthorized(say("The session of this access token has ended. Sign in again."))
        return await self._seen(live)

    async def identify_cookie(self, cookie: str) -> Identity:
        """Raises Unauthorized."""
        parts = cookie_parts(cookie)
        live = None if parts is None else await self.find(parts.session_id, COOKIE)
        if parts is None or live is None or not hmac.compare_digest(live.session.secret_hash or "", parts.secret_hash):
            raise Unauthorized(say("The session of this cookie has ended. Sign in again."))
        return await self._seen(live)

    async def find(self, session_id: str, kind: str) -> SessionWithUser | None:
        """A session of this kind whose user may act; None when it has ended, or the password was changed since."""
        live = await self._sessions.find(session_id, self._now())
        if live is None or live.session.kind != kind or not live.user.may_act:
            return None
        return live if live.is_of_this_epoch else None

    async def _seen(self, live: SessionWithUser) -> Identity:
        now, session = self._now(), live.session
        if now - session.last_seen_at >= _SEEN_EVERY:
            await self._sessions.touch(session, now, self._limits.expiry(session.created_at, now))
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
