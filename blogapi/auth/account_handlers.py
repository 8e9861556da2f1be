"""Confirming an address, a forgotten password, another password, and showing once more who one is."""

from __future__ import annotations

from aiohttp import web

from blogapi.access.credentials import credential_of, find_identity, signed_in
from blogapi.access.needs import PUBLIC, SIGNED_IN
from blogapi.auth.handlers import auth
from blogapi.auth.model import Reauthentication
from blogapi.auth.requests import caller_of
from blogapi.auth.schemas import (
    ACCESS_TOKEN,
    ChangePasswordSchema,
    MailboxSchema,
    ReauthenticateSchema,
    ResetPasswordSchema,
    TokenSchema,
)
from blogapi.users.model import User
from blogapi.users.views import OWN
from blogapi.web.endpoint import Reply, endpoint

routes = web.RouteTableDef()


@routes.post("/v1/auth/email/verify")
@endpoint(needs=PUBLIC, body=TokenSchema, returns=OWN, also=(409,))
async def verify_email(request: web.Request, wish: dict[str, str]) -> User:
    """Confirm an e-mail address with the code of a mail, which is spent."""
    return await auth(request).recovery.verify_email(wish["token"])


@routes.post("/v1/auth/email/resend")
@endpoint(needs=PUBLIC, before_second_factor=True, body=MailboxSchema, status=202, also=(401,))
async def resend_confirmation(request: web.Request, wish: dict[str, str]) -> None:
    """Ask for the mail that confirms an address once more.

    The answer is the same whether there is such an account or not. Who is signed in may also name the address that
    the account is to get.
    """
    viewer = await find_identity(request)
    user_id = None if viewer is None or viewer.session_id is None else viewer.user_id
    await auth(request).recovery.resend(wish["email"], caller_of(request), user_id)


@routes.post("/v1/auth/password/forgot")
@endpoint(needs=PUBLIC, body=MailboxSchema, status=202)
async def forgot_password(request: web.Request, wish: dict[str, str]) -> None:
    """Ask for a mail with which a new password can be set.

    The answer is the same whether there is such an account or not.
    """
    await auth(request).recovery.forgot(wish["email"], caller_of(request))


@routes.post("/v1/auth/password/reset")
@endpoint(needs=PUBLIC, body=ResetPasswordSchema, status=204)
async def reset_password(request: web.Request, wish: dict[str, str]) -> None:
    """Set a new password with the code of a mail, which is spent. All sessions end."""
    await auth(request).recovery.reset_password(wish["token"], wish["password"])


@routes.post("/v1/auth/password/change")
@endpoint(needs=SIGNED_IN, before_second_factor=True, body=ChangePasswordSchema, status=204, also=(409,))
async def change_password(request: web.Request, wish: dict[str, str]) -> None:
    """Change your password. All other sessions end."""
    recovery = auth(request).recovery
    await recovery.change_password(signed_in(request), wish["current_password"], wish["password"], caller_of(request))


@routes.post("/v1/auth/reauthenticate")
@endpoint(needs=SIGNED_IN, before_second_factor=True, body=ReauthenticateSchema, returns=ACCESS_TOKEN, also=(204,))
async def reauthenticate(request: web.Request, shown: Reauthentication) -> Reply | web.Response:
    """Show once more who you are: with your password, a code of your authenticator app, or a passkey.

    For ten minutes you may then change your address and your second factors, and create API keys. With the cookie the
    answer is 204, and the session is the same.
    """
    token = await auth(request).reauthenticating.reauthenticate(signed_in(request), shown, caller_of(request))
    credential = credential_of(request)
    if credential is not None and credential.is_sent_unasked:
        return web.Response(status=204, headers={"Cache-Control": "private, no-store"})
    return Reply(result=token)
