"""API keys over HTTP. These routes accept no API keys: a key cannot create another one."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web

from blogapi.access.credentials import signed_in
from blogapi.access.needs import SIGNED_IN
from blogapi.api_keys import examples
from blogapi.api_keys.model import NewApiKey
from blogapi.api_keys.schemas import API_KEY, SHOWN_API_KEY, ApiKeyListQuery, NewApiKeySchema
from blogapi.api_keys.service import ApiKeyService
from blogapi.paging.cursors import page_request
from blogapi.web.endpoint import Reply, attempt, endpoint
from blogapi.web.fields import Identifier

routes = web.RouteTableDef()
SERVICE: web.AppKey[ApiKeyService] = web.AppKey("api_keys", ApiKeyService)
_ID = {"id": Identifier(metadata={"description": "The id of the key."})}


def api_keys(request: web.Request) -> ApiKeyService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


@routes.get("/v1/me/api-keys")
@endpoint(needs=SIGNED_IN, query=ApiKeyListQuery, returns=API_KEY, listed=True)
async def list_api_keys(request: web.Request, query: dict[str, Any]) -> Reply:
    """List your API keys, newest first."""
    return Reply(result=await api_keys(request).list(signed_in(request), page_request(request, query)))


@routes.post("/v1/me/api-keys")
@endpoint(needs=SIGNED_IN, body=NewApiKeySchema, returns=SHOWN_API_KEY, status=201, idempotent=True, shows_secret=True)
async def create_api_key(request: web.Request, new: NewApiKey) -> Reply:
    """Create an API key for a program.

    You have to have shown who you are within the last ten minutes: sign in, or `POST /v1/auth/reauthenticate`. Only
    this answer shows the key. The program can do what its scopes and your current role both allow. It sends the key as
    a Bearer token, or as the user name of Basic credentials: `curl -u bk_...:`. Whoever has `auth.max_api_keys` keys
    that have not expired is answered 409 `too_many_api_keys`.
    """
    shown = await api_keys(request).create(signed_in(request), new, attempt(request))
    return Reply(result=shown, headers={hdrs.LOCATION: f"/v1/me/api-keys/{shown.key.id}"})


@routes.delete("/v1/me/api-keys/{id}")
@endpoint(needs=SIGNED_IN, path=_ID, status=204, examples={"id": examples.REVOKED})
async def revoke_api_key(request: web.Request) -> None:
    """Delete an API key. It stops working at once."""
    await api_keys(request).revoke(signed_in(request), request.match_info["id"])
