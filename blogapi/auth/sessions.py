"""The session cookie, carried by aiohttp-session: it says which session; the session itself is a document of ours."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp_session import AbstractStorage, Session, SessionData

from blogapi.auth.service import AuthService
from blogapi.config import Config
from blogapi.errors import Unauthorized


def is_secure(config: Config) -> bool:
    """Whether browsers reach us by https only."""
    return config.is_production or config.public_url.startswith("https:")


def cookie_name(config: Config) -> str:
    """Browsers take the prefix `__Host-` with Secure alone, and then guard the cookie against sibling domains."""
    return "__Host-session" if is_secure(config) else "session"


class SessionCookieStorage(AbstractStorage):
    """Reads who is signed in from the cookie, and sets or clears the cookie.

    A session of aiohttp-session holds `user_id`, `role` and `session_id`, or nothing. It is never written to the
    database from here: `AuthService` makes and ends sessions.
    """

    def __init__(self, auth: AuthService, *, name: str, secure: bool, max_age: int) -> None:
        super().__init__(cookie_name=name, max_age=max_age, path="/", secure=secure, httponly=True, samesite="Lax")
        self._auth = auth

    async def load_session(self, request: web.Request) -> Session:
        """Empty when nobody is signed in by this cookie."""
        cookie = self.load_cookie(request)
        if cookie is not None:
            try:
                who = await self._auth.identify_cookie(cookie)
            except Unauthorized:
                pass
            else:
                known: dict[str, Any] = {"user_id": who.user_id, "role": who.role, "session_id": who.session_id}
                # The document knows when the session ends, so it is always young here.
                data: SessionData = {"created": int(time.time()), "session": known}
                return Session(cookie, data=data, new=False, max_age=self.max_age)
        return Session(None, data=None, new=True, max_age=self.max_age)

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        """Set the cookie of a new session; clear that of one that has ended."""
        if not session.empty:
            self.save_cookie(response, str(session.identity), max_age=session.max_age)
            return
        secure = bool(self.cookie_params["secure"])
        # Without Secure, browsers refuse to touch a cookie with the prefix `__Host-`.
        response.del_cookie(self.cookie_name, path="/", secure=secure, httponly=True, samesite="Lax")


def session_storage(config: Config, auth: AuthService) -> SessionCookieStorage:
    """For `aiohttp_session.session_middleware`."""
    lifetime = timedelta(days=config.auth.session_max_days)
    return SessionCookieStorage(
        auth, name=cookie_name(config), secure=is_secure(config), max_age=int(lifetime.total_seconds())
    )
