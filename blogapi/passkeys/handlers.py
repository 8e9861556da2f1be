"""One's own passkeys over HTTP. API keys are not accepted. Signing in with a passkey is in `auth`."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web

from blogapi.access.credentials import signed_in
from blogapi.access.needs import SIGNED_IN
from blogapi.paging.cursors import page_request
from blogapi.passkeys import examples
from blogapi.passkeys.model import NewPasskey, Options, Passkey
from blogapi.passkeys.schemas import CREATION_OPTIONS, PASSKEY, NewPasskeySchema, PasskeyListQuery, PasskeyNameSchema
from blogapi.passkeys.service import PasskeyService
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Identifier
from blogapi.web.requests import language_of_reader

routes = web.RouteTableDef()
SERVICE: web.AppKey[PasskeyService] = web.AppKey("passkeys", PasskeyService)
_ID = {"id": Identifier(metadata={"description": "The id of the passkey."})}
_EXAMPLES = {"id": examples.REMOVED}


def passkeys(request: web.Request) -> PasskeyService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


async def _own(request: web.Request) -> Passkey:
    return await passkeys(request).get(signed_in(request), request.match_info["id"])


@routes.get("/v1/auth/passkeys")
@endpoint(needs=SIGNED_IN, query=PasskeyListQuery, returns=PASSKEY, listed=True)
async def list_passkeys(request: web.Request, query: dict[str, Any]) -> Reply:
    """List your passkeys, newest first."""
    return Reply(result=await passkeys(request).list(signed_in(request), page_request(request, query)))


@routes.post("/v1/auth/passkeys/options")
@endpoint(needs=SIGNED_IN, before_second_factor=True, returns=CREATION_OPTIONS, also=(409,))
async def passkey_creation_options(request: web.Request) -> Options:
    """Get the options with which a browser creates a passkey for you.

    You have to have shown who you are within the last ten minutes: sign in, or `POST /v1/auth/reauthenticate`. Give
    `options` to `PublicKeyCredential.parseCreationOptionsFromJSON()`, its result to `navigator.credentials.create()`,
    and send what that gives to `POST /v1/auth/passkeys` within five minutes.
    """
    return await passkeys(request).creation_options(signed_in(request))


@routes.post("/v1/auth/passkeys")
@endpoint(needs=SIGNED_IN, before_second_factor=True, body=NewPasskeySchema, returns=PASSKEY, status=201, also=(409,))
async def register_passkey(request: web.Request, new: NewPasskey) -> Reply:
    """Register the passkey that a browser has created.

    `credential` is `toJSON()` of what `navigator.credentials.create()` gave for the options of
    `POST /v1/auth/passkeys/options`. You get a mail about it.
    """
    passkey = await passkeys(request).register(signed_in(request), new, language_of_reader(request))
    return Reply(result=passkey, headers={hdrs.LOCATION: f"/v1/auth/passkeys/{passkey.id}"})


@routes.get("/v1/auth/passkeys/{id}")
@endpoint(needs=SIGNED_IN, path=_ID, returns=PASSKEY, examples=_EXAMPLES)
async def read_passkey(request: web.Request) -> Passkey:
    """Read one of your passkeys."""
    return await _own(request)


@routes.patch("/v1/auth/passkeys/{id}")
@endpoint(
    needs=SIGNED_IN,
    path=_ID,
    on=_own,
    body=PasskeyNameSchema,
    merge=lambda passkey: {"name": passkey.name},
    returns=PASSKEY,
    examples=_EXAMPLES,
)
async def rename_passkey(request: web.Request, passkey: Passkey, wish: dict[str, str]) -> Passkey:
    """Rename one of your passkeys."""
    return await passkeys(request).rename(signed_in(request), passkey.id, wish["name"])


@routes.delete("/v1/auth/passkeys/{id}")
@endpoint(needs=SIGNED_IN, path=_ID, status=204, examples=_EXAMPLES)
async def remove_passkey(request: web.Request) -> None:
    """Remove one of your passkeys. It signs nobody in any more.

    You have to have shown who you are within the last ten minutes. Sessions that it has opened go on. You get a mail
    about it.
    """
    await passkeys(request).remove(signed_in(request), request.match_info["id"], language_of_reader(request))
