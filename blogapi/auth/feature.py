"""The door of signing in."""

from __future__ import annotations

from blogapi.access.bearer import BearerToken
from blogapi.access.cookie import SessionCookie
from blogapi.auth import handlers, session_handlers
from blogapi.auth.service import AuthService
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.feature import Feature, Subscription, Wiring
from blogapi.signing.service import KeyRing
from blogapi.users.model import StatusChanged
from blogapi.users.service import UserService


def build(wiring: Wiring) -> AuthService:
    """The service of sessions."""
    return AuthService(
        SessionStore(wiring.database),
        wiring[UserService],
        Tokens.configured(wiring.config, wiring[KeyRing], wiring.now),
        wiring.limiter,
        wiring.config.auth,
        wiring.now,
    )


def credentials(wiring: Wiring) -> tuple[SessionCookie, BearerToken]:
    """The kinds of credentials that a sign-in gives out."""
    auth = wiring[AuthService]
    return SessionCookie(wiring.config, auth.identify_cookie), BearerToken(auth.identify_token)


AUTH = Feature(
    name="auth",
    service=AuthService,
    build=build,
    key=handlers.SERVICE,
    stores=(SessionStore,),
    routes=(*handlers.routes, *session_handlers.routes),
    subscriptions=(Subscription(StatusChanged, AuthService.status_changed),),
    credentials=credentials,
)
