"""Registering, signing in and out, refreshing."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web

from blogapi.access.cookie import clear_cookie, set_cookie
from blogapi.access.credentials import credential_of, require_same_site, signed_in
from blogapi.access.needs import PUBLIC, SIGNED_IN
from blogapi.auth.model import COOKIE, Caller, SessionRequest, SignedIn, TokenPair
from blogapi.auth.schemas import (
    SIGNED_IN_SHAPE,
    TOKEN_PAIR,
    RefreshSchema,
    SignInSchema,
    SignInWish,
    SignOutQuery,
)
from blogapi.auth.service import AuthService
from blogapi.users.model import NewUser
from blogapi.users.schemas import OWN, RegisterSchema
from blogapi.web.endpoint import Reply, attempt, endpoint
from blogapi.web.requests import client_address, header_text, language_of_reader

routes = web.RouteTableDef()
SERVICE: web.AppKey[AuthService] = web.AppKey("auth", AuthService)


def auth(request: web.Request) -> AuthService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


def caller_of(request: web.Request) -> Caller:
    """From where a request comes."""
    device = header_text(request, hdrs.USER_AGENT) or ""
    return Caller(device=device, address=client_address(request), language=language_of_reader(request))


def session_request(request: web.Request, kind: str) -> SessionRequest:
    """The session that is asked for. Raises Forbidden `cross_site` where another site may have asked for a cookie."""
    old_cookie = None
    if kind == COOKIE:
        require_same_site(request)
        credential = credential_of(request)
        old_cookie = credential.value if credential is not None and credential.is_sent_unasked else None
    return SessionRequest(kind=kind, caller=caller_of(request), old_cookie=old_cookie)


async def deliver(request: web.Request, signed_in: SignedIn) -> SignedIn:
    """Have the answer set the cookie of a new session, if it has one."""
    if signed_in.cookie is not None:
        await set_cookie(request, signed_in.cookie)
    return signed_in


async def _open_registration(request: web.Request) -> None:
    auth(request).check_registration()


@routes.post("/v1/auth/register")
@endpoint(
    needs=PUBLIC,
    on=_open_registration,
    body=RegisterSchema,
    faults=lambda request, fields: auth(request).faults(fields),
    returns=OWN,
    status=201,
    idempotent=True,
)
async def register(request: web.Request, _: None, new: NewUser) -> Reply:
    """Register: create an account for yourself."""
    user = await auth(request).register(new, attempt(request), caller_of(request))
    return Reply(result=user, headers={hdrs.LOCATION: "/v1/me"})


@routes.post("/v1/auth/login")
@endpoint(needs=PUBLIC, body=SignInSchema, returns=SIGNED_IN_SHAPE, also=(401,))
async def sign_in(request: web.Request, wish: SignInWish) -> SignedIn:
    """Sign in with a password, for a pair of tokens or a cookie."""
    wanted = session_request(request, wish.mode)
    return await deliver(request, await auth(request).sign_in.with_password(wish.login, wish.password, wanted))


@routes.post("/v1/auth/logout")
@endpoint(needs=SIGNED_IN, query=SignOutQuery, status=204)
async def sign_out(request: web.Request, query: dict[str, Any]) -> None:
    """Sign out: end this session, or all of your sessions."""
    credential = credential_of(request)
    await auth(request).sign_out(signed_in(request), everywhere=query["everywhere"])
    if credential is not None and credential.is_sent_unasked:
        await clear_cookie(request)


@routes.post("/v1/auth/refresh")
@endpoint(needs=PUBLIC, body=RefreshSchema, returns=TOKEN_PAIR, also=(401,))
async def refresh(request: web.Request, wish: dict[str, str]) -> TokenPair:
    """Exchange a refresh token for a new pair of tokens.

    A refresh token can be used once. The new pair contains the next one.
    """
    return await auth(request).refresh(wish["refresh_token"])
