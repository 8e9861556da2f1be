"""Registering, signing in and out, refreshing."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web
from aiohttp_session import get_session, new_session

from blogapi.auth.identity import credential_of, require_same_site, signed_in
from blogapi.auth.model import COOKIE, Caller, SignedIn, TokenPair
from blogapi.auth.needs import PUBLIC, SIGNED_IN
from blogapi.auth.schemas import (
    SIGNED_IN_SHAPE,
    TOKEN_PAIR,
    RefreshSchema,
    SignInSchema,
    SignInWish,
    SignOutQuery,
)
from blogapi.services import services
from blogapi.users.model import NewUser, login_key
from blogapi.users.schemas import OWN, RegisterSchema
from blogapi.web.endpoint import Reply, attempt, endpoint
from blogapi.web.requests import client_address, header_text, limited_address

routes = web.RouteTableDef()


def _caller(request: web.Request) -> Caller:
    address = client_address(request)
    return Caller(device=header_text(request, hdrs.USER_AGENT) or "", address=address)


async def _open_registration(request: web.Request) -> None:
    services(request).users.check_registration()


@routes.post("/v1/auth/register")
@endpoint(
    needs=PUBLIC,
    on=_open_registration,
    body=RegisterSchema,
    faults=lambda request, fields: services(request).users.faults(fields),
    returns=OWN,
    status=201,
    idempotent=True,
)
async def register(request: web.Request, _: None, new: NewUser) -> Reply:
    """Make an account for yourself."""
    await services(request).limits.hit("register", limited_address(request))
    user = await services(request).users.register(new, attempt(request))
    return Reply(result=user, headers={hdrs.LOCATION: "/v1/me"})


@routes.post("/v1/auth/login")
@endpoint(needs=PUBLIC, body=SignInSchema, returns=SIGNED_IN_SHAPE, also=(401,))
async def sign_in(request: web.Request, wish: SignInWish) -> SignedIn:
    """Sign in, for a pair of tokens or a cookie."""
    if wish.mode == COOKIE:
        require_same_site(request)
    address, limits = limited_address(request), services(request).limits
    await limits.hit("sign_in_address", address)
    # By login and address: nobody can lock somebody else out. By the account itself, which has two logins, it would
    # tell who guesses whether a name and an e-mail address belong together.
    await limits.hit("sign_in", f"{login_key(wish.login)}|{address}")
    credential = credential_of(request)
    old_cookie = credential.value if credential is not None and credential.is_cookie else None
    result = await services(request).auth.sign_in(
        wish.login,
        wish.password,
        kind=wish.mode,
        caller=_caller(request),
        old_cookie=old_cookie if wish.mode == COOKIE else None,
    )
    if result.cookie is not None:
        session = await new_session(request)
        session.set_new_identity(result.cookie)
        session["session_id"] = result.session_id
    return result


@routes.post("/v1/auth/logout")
@endpoint(needs=SIGNED_IN, query=SignOutQuery, status=204)
async def sign_out(request: web.Request, query: dict[str, Any]) -> None:
    """End this session, or all of yours."""
    credential = credential_of(request)
    await services(request).auth.sign_out(signed_in(request), everywhere=query["everywhere"])
    if credential is not None and credential.is_cookie:
        (await get_session(request)).invalidate()


@routes.post("/v1/auth/refresh")
@endpoint(needs=PUBLIC, body=RefreshSchema, returns=TOKEN_PAIR, also=(401,))
async def refresh(request: web.Request, wish: dict[str, str]) -> TokenPair:
    """Spend a refresh token for a new pair of tokens."""
    return await services(request).auth.refresh(wish["refresh_token"])
