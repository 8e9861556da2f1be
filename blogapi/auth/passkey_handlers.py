"""Signing in with a passkey over HTTP. One's own passkeys are in `passkeys`."""

from __future__ import annotations

from aiohttp import web

from blogapi.access.credentials import find_identity
from blogapi.access.needs import PUBLIC
from blogapi.auth.handlers import auth
from blogapi.auth.model import SignedIn
from blogapi.auth.passkey_schemas import PasskeySignInSchema, PasskeyWish
from blogapi.auth.requests import caller_of, deliver, session_request
from blogapi.auth.schemas import SIGNED_IN_SHAPE
from blogapi.passkeys.model import Options
from blogapi.passkeys.schemas import REQUEST_OPTIONS
from blogapi.web.endpoint import endpoint

routes = web.RouteTableDef()


@routes.post("/v1/auth/passkeys/login/options")
@endpoint(needs=PUBLIC, returns=REQUEST_OPTIONS, also=(401,))
async def passkey_request_options(request: web.Request) -> Options:
    """Get the options with which a browser asks for a passkey.

    Give `options` to `PublicKeyCredential.parseRequestOptionsFromJSON()`, its result to `navigator.credentials.get()`,
    and send what that gives to `POST /v1/auth/passkeys/login` within five minutes. Who is signed in gets the options
    for one of their own passkeys, to show once more who they are.
    """
    viewer = await find_identity(request)
    user_id = None if viewer is None or viewer.session_id is None else viewer.user_id
    return await auth(request).sign_in.passkey_options(user_id, caller_of(request))


@routes.post("/v1/auth/passkeys/login")
@endpoint(needs=PUBLIC, body=PasskeySignInSchema, returns=SIGNED_IN_SHAPE, also=(401,))
async def sign_in_with_passkey(request: web.Request, wish: PasskeyWish) -> SignedIn:
    """Sign in with a passkey, for a pair of tokens or a cookie.

    `credential` is `toJSON()` of what `navigator.credentials.get()` gave for the options of
    `POST /v1/auth/passkeys/login/options`. No username is needed, and no second factor.
    """
    wanted = session_request(request, wish.mode, wish.device_token)
    return await deliver(request, await auth(request).sign_in.with_passkey(wish.assertion, wanted))
