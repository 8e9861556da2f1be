"""What every way of signing in needs of its request, and how its answer gives out the session."""

from __future__ import annotations

from aiohttp import hdrs, web

from blogapi.access.cookie import DEVICE_COOKIE, set_cookie
from blogapi.access.credentials import credential_of, require_same_site
from blogapi.auth.model import COOKIE, Caller, SessionRequest, SignedIn
from blogapi.web.requests import client_address, header_text, language_of_reader


def caller_of(request: web.Request) -> Caller:
    """From where a request comes."""
    device = header_text(request, hdrs.USER_AGENT) or ""
    return Caller(device=device, address=client_address(request), language=language_of_reader(request))


def session_request(request: web.Request, kind: str, device_token: str | None = None) -> SessionRequest:
    """The session that is asked for. Raises Forbidden `cross_site` where another site may have asked for a cookie.

    A browser that asks for a cookie has its `device_token` in one.
    """
    old_cookie = None
    if kind == COOKIE:
        require_same_site(request)
        credential = credential_of(request)
        old_cookie = credential.value if credential is not None and credential.is_sent_unasked else None
        device_token = request.cookies.get(request.config_dict[DEVICE_COOKIE])
    return SessionRequest(kind=kind, caller=caller_of(request), old_cookie=old_cookie, device_token=device_token)


async def deliver(request: web.Request, signed_in: SignedIn) -> SignedIn:
    """Have the answer set the cookies of a new session, if it has them."""
    if signed_in.cookie is not None:
        await set_cookie(request, signed_in.cookie, signed_in.device_token)
    return signed_in
