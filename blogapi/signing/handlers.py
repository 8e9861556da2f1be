"""The public keys, for services that verify access tokens themselves."""

from __future__ import annotations

from aiohttp import hdrs, web

from blogapi.access.needs import PUBLIC
from blogapi.signing.model import PUBLISHED_AHEAD
from blogapi.signing.schemas import KEY_SET
from blogapi.signing.service import KeyRing
from blogapi.web.endpoint import Reply, endpoint

routes = web.RouteTableDef()
SERVICE: web.AppKey[KeyRing] = web.AppKey("signing", KeyRing)
# Shorter than a new key is published before it signs, so that no copy of the set lacks a key that signs.
_CACHING = f"public, max-age={int(PUBLISHED_AHEAD.total_seconds()) // 2}"


@routes.get("/.well-known/jwks.json")
@endpoint(needs=PUBLIC, returns=KEY_SET)
async def read_key_set(request: web.Request) -> Reply:
    """Read the public keys by which access tokens are signed (a JSON Web Key Set, RFC 7517).

    Keep it for as long as `Cache-Control` says. A new key appears here ten minutes before it signs.
    """
    published = await request.config_dict[SERVICE].published()
    return Reply(result=published, headers={hdrs.CACHE_CONTROL: _CACHING})
