"""Opening sessions: what somebody gets who has shown enough."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from blogapi.audit.model import SERVER, Actor
from blogapi.audit.service import AuditService
from blogapi.auth.devices import Devices
from blogapi.auth.model import COOKIE, Session, SessionLimits, SessionRequest, SignedIn
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.db.client import new_id
from blogapi.limits.limiter import LimitReached, RateLimiter
from blogapi.mail.model import Mail
from blogapi.text.user_agent import device_name
from blogapi.users.mails import NEW_DEVICE
from blogapi.users.model import User
from blogapi.users.service import UserService
from blogapi.web.networks import network_of

_MAX_DEVICE = 200
_COOKIE = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class CookieParts:
    """What the value of a session cookie says; nothing is checked yet."""

    session_id: str
    secret_hash: str


class Opening:
    """Makes sessions. Whether somebody may have one is decided before: see `SignIn`."""

    def __init__(
        self,
        sessions: SessionStore,
        users: UserService,
        devices: Devices,
        tokens: Tokens,
        limiter: RateLimiter,
        audit: AuditService,
        limits: SessionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._users, self._devices, self._tokens = sessions, users, devices, tokens
        self._limiter, self._audit, self._limits, self._now = limiter, audit, limits, now

    async def open(self, user: User, factors: tuple[str, ...], wanted: SessionRequest) -> SignedIn:
        """A new session for a user who has shown these factors.

        The session of an old cookie ends with it, and the oldest one of a user who has too many. Raises
        InvalidCredentials when the user may not sign in any more, or the password was changed meanwhile.
        """
        user = await self._users.record_sign_in(user, await self._news(user, wanted))
        secret = secrets.token_urlsafe(32) if wanted.kind == COOKIE else None
        device = await self._devices.remember(user, wanted.device_token)
        session = self._new_session(user, factors, wanted, secret, device.id)
        actor = Actor(kind="session", user_id=user.id, session_id=session.id)
        await self._audit.record(
            "session.opened", actor=actor, target=user.id, kind=session.kind, factors=list(factors)
        )
        await self._sessions.insert(session)
        await self._end_oldest(user)
        if wanted.old_cookie is not None and (parts := cookie_parts(wanted.old_cookie)) is not None:
            await self._sessions.delete_cookie(parts.session_id, parts.secret_hash)
        opened = SignedIn(user=user, session_id=session.id, device_token=device.token)
        if secret is not None:
            return replace(opened, cookie=f"{session.id}.{secret}")
        return replace(opened, tokens=await self._tokens.pair(session, session.generation))

    async def _end_oldest(self, user: User) -> None:
        for session_id in await self._sessions.beyond(user.id, self._limits.most):
            what = {"target": user.id, "once": session_id, "session_id": session_id}
            await self._audit.record("session.ended", actor=SERVER, **what)
            await self._sessions.delete(session_id)

    async def _news(self, user: User, wanted: SessionRequest) -> Sequence[Mail]:
        """The mail about a sign-in that its user should hear of: on a device from which they have not signed in before.

        It goes only to an address that was confirmed, since anybody can register with that of somebody else.
        """
        is_first = user.last_login_at is None
        if is_first or user.email_verified_at is None or await self._devices.find(user, wanted.device_token):
            return ()
        try:
            await self._limiter.hit("mail", f"new device|{user.id}")
        except LimitReached:
            return ()  # a full mailbox hides what matters
        caller = wanted.caller
        facts = {"device": device_name(caller.device), "network": network_of(caller.address)}
        return self._users.outbox.mails(NEW_DEVICE, user, language=caller.language, facts=facts)

    def _new_session(
        self, user: User, factors: tuple[str, ...], wanted: SessionRequest, secret: str | None, device_id: str
    ) -> Session:
        now = self._now()
        return Session(
            id=new_id(),
            user_id=user.id,
            kind=wanted.kind,
            secret_hash=None if secret is None else _hash(secret),
            nonce=secrets.token_urlsafe(16),
            epoch=user.epoch,
            factors=factors,
            device_id=device_id,
            device=wanted.caller.device[:_MAX_DEVICE],
            ip=network_of(wanted.caller.address),
            created_at=now,
            last_seen_at=now,
            expires_at=self._limits.expiry(now, now),
        )


def cookie_parts(cookie: str) -> CookieParts | None:
    """None for what cannot be the value of our cookie."""
    parts = _COOKIE.fullmatch(cookie)
    return None if parts is None else CookieParts(parts[1], _hash(parts[2]))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
