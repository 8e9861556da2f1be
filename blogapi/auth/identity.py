"""Who is asking? Looked up when a route wants to know, and at most once a request."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp_session import get_session

from blogapi.errors import BlogError, Forbidden, Unauthorized
from blogapi.services import services
from blogapi.users.model import Identity, Viewer
from blogapi.web.origins import Origins

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_VIEWER: web.RequestKey[Identity] = web.RequestKey("viewer", Identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRules:
    """What the cookie is called, and the origins whose pages may send it."""

    cookie_name: str
    origins: Origins


CREDENTIAL_RULES: web.AppKey[CredentialRules] = web.AppKey("credential_rules", CredentialRules)


@dataclass(frozen=True, slots=True)
class Credential:
    """What came with a request, not looked at yet: the Authorization header, or the value of our cookie."""

    value: str
    is_cookie: bool

    def __repr__(self) -> str:
        return f"Credential({'cookie' if self.is_cookie else 'header'})"


def credential_of(request: web.Request) -> Credential | None:
    """What came with the request; nothing is read or checked. Raises BlogError `ambiguous_credentials`."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    cookie = None
    if hdrs.COOKIE in request.headers:
        cookie = request.cookies.get(request.config_dict[CREDENTIAL_RULES].cookie_name)
    if header is not None and cookie is not None:
        detail = "Send the session cookie or an Authorization header, not both."
        raise BlogError(detail, code="ambiguous_credentials")
    if header is not None:
        return Credential(header, is_cookie=False)
    return None if cookie is None else Credential(cookie, is_cookie=True)


async def find_identity(request: web.Request) -> Viewer:
    """Who is asking; None without a credential. Raises Unauthorized for one that is not good."""
    known: Viewer = request.get(_VIEWER)
    if known is None:
        credential = credential_of(request)
        if credential is None:
            return None
        known = request[_VIEWER] = await (
            _by_cookie(request) if credential.is_cookie else _by_token(request, credential)
        )
    return known


def signed_in(request: web.Request) -> Identity:
    """Who is asking, for routes that need somebody."""
    return request[_VIEWER]


async def _by_token(request: web.Request, credential: Credential) -> Identity:
    scheme, _, token = credential.value.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("The Authorization header takes a Bearer token.")
    if not token.isascii():
        raise Unauthorized("The access token is not valid.")
    return await services(request).auth.identify_token(token.strip())


async def _by_cookie(request: web.Request) -> Identity:
    session = await get_session(request)
    if session.empty:
        raise Unauthorized("The session of this cookie has ended. Sign in again.")
    return Identity(user_id=session["user_id"], role=session["role"], session_id=session["session_id"])


def check_cross_site(request: web.Request) -> None:
    """Refuse what another site may have made a browser send with our cookie. Raises Forbidden `cross_site`."""
    if request.method not in _SAFE:
        credential = credential_of(request)
        if credential is not None and credential.is_cookie:
            require_same_site(request)


def require_same_site(request: web.Request) -> None:
    """For requests that carry, or ask for, a cookie. Browsers set both headers, and no page can. Raises Forbidden."""
    if request.headers.get("Sec-Fetch-Site") in ("same-origin", "none"):
        return
    if not request.config_dict[CREDENTIAL_RULES].origins.allow(request):
        detail = "This request comes from another site, or does not say from where. Scripts use a token."
        raise Forbidden(detail, code="cross_site")
