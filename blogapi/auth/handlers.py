"""Registering, signing in and out, refreshing."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web

from blogapi.access.cookie import clear_cookie
from blogapi.access.credentials import credential_of, signed_in
from blogapi.access.needs import PUBLIC, SIGNED_IN
from blogapi.auth.model import Registering, SignedIn, TokenPair
from blogapi.auth.requests import caller_of, deliver, session_request
from blogapi.auth.schemas import (
    SIGNED_IN_SHAPE,
    TOKEN_PAIR,
    RefreshSchema,
    RegisterSchema,
    SecondFactorSchema,
    SecondFactorWish,
    SignInSchema,
    SignInWish,
    SignOutQuery,
)
from blogapi.auth.service import AuthService
from blogapi.users.views import OWN
from blogapi.web.endpoint import Reply, attempt, endpoint

routes = web.RouteTableDef()
SERVICE: web.AppKey[AuthService] = web.AppKey("auth", AuthService)


def auth(request: web.Request) -> AuthService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


async def _open_registration(request: web.Request) -> None:
    await auth(request).sign_up.check()


@routes.post("/v1/auth/register")
@endpoint(
    needs=PUBLIC,
    on=_open_registration,
    body=RegisterSchema,
    faults=lambda request, fields: auth(request).sign_up.faults(fields),
    returns=OWN,
    status=201,
    idempotent=True,
)
async def register(request: web.Request, _: None, wish: Registering) -> Reply:
    """Register: create an account for yourself."""
    user = await auth(request).sign_up.register(wish, attempt(request), caller_of(request))
    return Reply(result=user, headers={hdrs.LOCATION: "/v1/me"})


@routes.post("/v1/auth/login")
@endpoint(needs=PUBLIC, body=SignInSchema, returns=SIGNED_IN_SHAPE, also=(401,))
async def sign_in(request: web.Request, wish: SignInWish) -> SignedIn:
    """Sign in with a password, for a pair of tokens or a cookie.

    Who has a second factor is answered 401 `mfa_required`, with a `flow` that `/v1/auth/mfa` finishes.
    """
    wanted = session_request(request, wish.mode, wish.device_token)
    return await deliver(request, await auth(request).sign_in.with_password(wish.login, wish.password, wanted))


@routes.post("/v1/auth/mfa")
@endpoint(needs=PUBLIC, body=SecondFactorSchema, returns=SIGNED_IN_SHAPE, also=(401,))
async def finish_sign_in(request: web.Request, wish: SecondFactorWish) -> SignedIn:
    """Finish a sign-in that was answered with 401 `mfa_required`: show a second factor.

    The answer is that of the sign-in that was asked for, with tokens or with a cookie. A flow is good for one session,
    ten minutes and five tries. For a passkey, get options from `/v1/auth/passkeys/login/options`.
    """
    signing_in = auth(request).sign_in
    flow = await signing_in.flow(wish.flow)
    wanted = session_request(request, flow.kind, wish.device_token)
    return await deliver(request, await signing_in.with_second_factor(flow, wish.answer, wanted))


@routes.post("/v1/auth/logout")
@endpoint(needs=SIGNED_IN, before_second_factor=True, query=SignOutQuery, status=204)
async def sign_out(request: web.Request, query: dict[str, Any]) -> None:
    """Sign out: end this session, or all of your sessions."""
    credential = credential_of(request)
    await auth(request).sessions.sign_out(signed_in(request), everywhere=query["everywhere"])
    if credential is not None and credential.is_sent_unasked:
        await clear_cookie(request)


@routes.post("/v1/auth/refresh")
@endpoint(needs=PUBLIC, body=RefreshSchema, returns=TOKEN_PAIR, also=(401,))
async def refresh(request: web.Request, wish: dict[str, str]) -> TokenPair:
    """Exchange a refresh token for a new pair of tokens.

    A refresh token can be used once. The new pair contains the next one.
    """
    return await auth(request).refreshing.refresh(wish["refresh_token"])
