"""Signing in: whoever has shown who they are gets a session, and all get it here."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from blogapi.auth.model import COOKIE, PASSWORD, Lifetime, Session, SessionRequest, SignedIn
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.db.client import new_id
from blogapi.limits.limiter import RateLimiter
from blogapi.users.model import User, login_key
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key, network_of

_MAX_DEVICE = 200
_COOKIE = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class CookieParts:
    """What the value of a session cookie says; nothing is checked yet."""

    session_id: str
    secret_hash: str


class SignIn:
    """The ways to a new session."""

    def __init__(
        self,
        sessions: SessionStore,
        users: UserService,
        tokens: Tokens,
        limiter: RateLimiter,
        lifetime: Lifetime,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._users, self._tokens = sessions, users, tokens
        self._limiter, self._lifetime, self._now = limiter, lifetime, now

    async def with_password(self, login: str, password: str, wanted: SessionRequest) -> SignedIn:
        """A new session for who knows the password.

        Every failure says the same and takes one hash. Raises InvalidCredentials, RateLimited, Unavailable.
        """
        address = limit_key(wanted.caller.address)
        await self._limiter.hit("sign_in_address", address)
        # By login and address: nobody can lock somebody else out. By the account itself, which has two logins, it would
        # tell who guesses whether a name and an e-mail address belong together.
        await self._limiter.hit("sign_in", f"{login_key(login)}|{address}")
        return await self.open(await self._users.prove(login, password), (PASSWORD,), wanted)

    async def open(self, user: User, factors: tuple[str, ...], wanted: SessionRequest) -> SignedIn:
        """A new session for a user who has shown these factors. The session of an old cookie ends with it.

        There is no other way to a session. Raises InvalidCredentials for an account that may not sign in.
        """
        user = await self._users.record_sign_in(user)
        secret = secrets.token_urlsafe(32) if wanted.kind == COOKIE else None
        session = self._new_session(user, factors, wanted, secret)
        await self._sessions.insert(session)
        if wanted.old_cookie is not None and (parts := cookie_parts(wanted.old_cookie)) is not None:
            await self._sessions.delete_cookie(parts.session_id, parts.secret_hash)
        if secret is not None:
            return SignedIn(user=user, session_id=session.id, cookie=f"{session.id}.{secret}")
        return SignedIn(user=user, session_id=session.id, tokens=await self._tokens.pair(session, session.generation))

    def _new_session(self, user: User, factors: tuple[str, ...], wanted: SessionRequest, secret: str | None) -> Session:
        now = self._now()
        return Session(
            id=new_id(),
            user_id=user.id,
            kind=wanted.kind,
            secret_hash=None if secret is None else _hash(secret),
            nonce=secrets.token_urlsafe(16),
            epoch=user.epoch,
            factors=factors,
            device=wanted.caller.device[:_MAX_DEVICE],
            ip=network_of(wanted.caller.address),
            created_at=now,
            last_seen_at=now,
            expires_at=self._lifetime.expiry(now, now),
        )


def cookie_parts(cookie: str) -> CookieParts | None:
    """None for what cannot be the value of our cookie."""
    parts = _COOKIE.fullmatch(cookie)
    return None if parts is None else CookieParts(parts[1], _hash(parts[2]))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
