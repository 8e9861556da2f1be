"""Refresh tokens: each is spent once, for the next pair of tokens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from blogapi.audit.service import AuditService
from blogapi.auth.live import LiveSessions
from blogapi.auth.model import TOKEN, Session, SessionLimits, TokenPair
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import RefreshClaims, Tokens
from blogapi.errors import Unauthorized
from blogapi.translation.sentence import say

# How long a spent refresh token still gets its successor: two tabs that refresh at once both stay signed in.
GRACE = timedelta(seconds=30)

log = logging.getLogger("blogapi.auth")


class Refreshing:
    """Goes on with sessions of token clients."""

    def __init__(
        self,
        live: LiveSessions,
        sessions: SessionStore,
        tokens: Tokens,
        audit: AuditService,
        limits: SessionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._live, self._sessions, self._tokens = live, sessions, tokens
        self._audit, self._limits, self._now = audit, limits, now

    async def refresh(self, refresh_token: str) -> TokenPair:
        """The next pair of tokens. Raises Unauthorized.

        A token that was spent a moment ago gets the same successor again. One that was spent longer ago may have
        been stolen: the session ends.
        """
        claims = self._tokens.read_refresh_token(refresh_token)
        live = None if claims is None else await self._live.find(claims.session_id, TOKEN)
        if claims is None or live is None or not self._tokens.is_proven(claims, live.session.nonce):
            raise _bad_refresh_token()
        now, session = self._now(), live.session
        if claims.generation == session.generation:
            rotated = await self._sessions.rotate(session, now, self._limits.expiry(session.created_at, now))
            if rotated is not None:
                return await self._tokens.pair(rotated, rotated.generation)
            live = await self._live.find(claims.session_id, TOKEN)
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


def _bad_refresh_token() -> Unauthorized:
    return Unauthorized(say("The refresh token is not valid. Sign in again."))
