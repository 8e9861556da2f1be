"""The session cookie, through aiohttp-session. It holds the id of a session; the session is a document of ours."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar

from aiohttp import hdrs, web
from aiohttp_session import AbstractStorage, Session, SessionData, get_session, new_session, session_middleware

from blogapi.access.identity import Identity
from blogapi.config import Config
from blogapi.errors import Unauthorized
from blogapi.translation.sentence import say

# What a session of aiohttp-session holds here: who is signed in by the cookie, whole, and the device of a new session.
_IDENTITY, _DEVICE = "identity", "device"
# Browsers keep no cookie longer.
_DEVICE_SECONDS = 400 * 86400
DEVICE_COOKIE: web.AppKey[str] = web.AppKey("device_cookie", str)
"""The name of the cookie by which a browser is known that has signed in before. It signs nobody in."""


def cookie_name(config: Config, name: str) -> str:
    """How a cookie of ours is called.

    Browsers take the prefix `__Host-` with Secure alone, and then guard the cookie against sibling domains.
    """
    return f"__Host-{name}" if config.has_secure_cookies else name


class SessionCookie:
    """The cookie of somebody who signed in with `mode: cookie`."""

    is_sent_unasked: ClassVar[bool] = True

    def __init__(self, config: Config, identity_of: Callable[[str], Awaitable[Identity]]) -> None:
        """`identity_of` says who signed in with a cookie. It raises Unauthorized."""
        self.name, device = cookie_name(config, "session"), cookie_name(config, "device")
        seconds = int(timedelta(days=config.auth.session_max_days).total_seconds())
        storage = _Storage(identity_of, device, name=self.name, secure=config.has_secure_cookies, max_age=seconds)
        self.middlewares = (session_middleware(storage),)

    def find(self, request: web.Request) -> str | None:
        """The value of our cookie."""
        return request.cookies.get(self.name) if hdrs.COOKIE in request.headers else None

    async def identify(self, request: web.Request, value: str) -> Identity:
        """Who signed in with the cookie. Raises Unauthorized."""
        session = await get_session(request)
        if session.empty:
            raise Unauthorized(say("The session of this cookie has ended. Sign in again."))
        known: Identity = session[_IDENTITY]
        return known


async def set_cookie(request: web.Request, value: str, device_token: str) -> None:
    """Have the answer to this request set the session cookie, and the one by which the device will be known."""
    session = await new_session(request)
    session.set_new_identity(value)
    session[_DEVICE] = device_token


async def clear_cookie(request: web.Request) -> None:
    """Have the answer to this request remove the session cookie."""
    (await get_session(request)).invalidate()


class _Storage(AbstractStorage):
    """Reads who is signed in from the cookie, and sets or clears the cookie.

    It writes nothing to the database: sessions are made and ended by the service of `auth`.
    """

    def __init__(
        self, identity_of: Callable[[str], Awaitable[Identity]], device: str, *, name: str, secure: bool, max_age: int
    ) -> None:
        super().__init__(cookie_name=name, max_age=max_age, path="/", secure=secure, httponly=True, samesite="Lax")
        self._identity_of, self._device = identity_of, device

    async def load_session(self, request: web.Request) -> Session:
        """Empty when nobody is signed in by this cookie."""
        cookie = self.load_cookie(request)
        if cookie is not None:
            try:
                known: dict[str, Any] = {_IDENTITY: await self._identity_of(cookie)}
            except Unauthorized:
                pass
            else:
                # The document knows when the session ends, so it is always young here.
                data: SessionData = {"created": int(time.time()), "session": known}  # noqa: TID251  # aiohttp_session asks
                return Session(cookie, data=data, new=False, max_age=self.max_age)
        return Session(None, data=None, new=True, max_age=self.max_age)

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        """Set the cookie of a new session; clear that of one that has ended."""
        secure = bool(self.cookie_params["secure"])
        if not session.empty:
            self.save_cookie(response, str(session.identity), max_age=session.max_age)
            token, seconds = str(session[_DEVICE]), _DEVICE_SECONDS
            response.set_cookie(
                self._device, token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="Lax"
            )
            return
        # Without Secure, browsers refuse to touch a cookie with the prefix `__Host-`.
        response.del_cookie(self.cookie_name, path="/", secure=secure, httponly=True, samesite="Lax")
