"""CORS, security headers and rate limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import hdrs, web

from blogapi.limits.limiter import RateLimiter, Standing
from blogapi.web.errors import Handler
from blogapi.web.origins import Origins
from blogapi.web.requests import limited_address, request_id

_EXPOSED = (
    "Cache-Status, ETag, Link, Location, Preference-Applied, Retry-After, RateLimit, RateLimit-Policy,"
    " Idempotency-Replayed, X-Request-Id"
)
_ALLOWED_HEADERS = (
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id"
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# In place of aiohttp's name and version.
SERVER = "blogapi"
# What anybody may read, any page may embed. The rest is not even to enter the process of a page from elsewhere; a page
# that CORS allows to read it is not concerned.
RESOURCE_POLICY, PUBLIC_POLICY, PRIVATE_POLICY = "Cross-Origin-Resource-Policy", "cross-origin", "same-origin"
_NOT_COUNTED = frozenset({"/healthz", "/readyz"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The settings of this middleware."""

    limiter: RateLimiter
    origins: Origins
    headers: dict[str, str]


STANDING: web.RequestKey[Standing] = web.RequestKey("standing", Standing)
PROTECTION: web.AppKey[Protection] = web.AppKey("protection", Protection)


def security_headers(*, https_only: bool, compresses: bool) -> dict[str, str]:
    """What every answer carries unless its handler says otherwise."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Vary": "Origin, Accept-Encoding" if compresses else "Origin",
    }
    return {**headers, "Strict-Transport-Security": "max-age=31536000"} if https_only else headers


@web.middleware
async def protect(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer preflights, count requests by address."""
    protection, headers = request.config_dict[PROTECTION], request.headers
    if request.method == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers:
        return web.Response(status=204)  # its headers are those of every answer, see `finish_headers`
    if request.path not in _NOT_COUNTED:
        address = limited_address(request)
        if request.method in ("GET", "HEAD", "OPTIONS"):
            await protection.limiter.hit("reads", address)
        else:
            await count_write(request, address)
    return await handler(request)


async def count_write(request: web.Request, key: str) -> None:
    """Count it for an address or an account. The answer tells of the one that has less left. Raises RateLimited."""
    standing, known = await request.config_dict[PROTECTION].limiter.hit("writes", key), request.get(STANDING)
    if standing is not None and (known is None or standing.left < known.left):
        request[STANDING] = standing


async def finish_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal, not a middleware: it also reaches answers that a handler streams."""
    protection, headers = request.config_dict[PROTECTION], response.headers
    if hdrs.VARY in headers:
        headers[hdrs.VARY] = f"{protection.headers[hdrs.VARY]}, {headers[hdrs.VARY]}"
    for name, value in protection.headers.items():
        headers.setdefault(name, value)
    is_public = headers.get("Cache-Control", "").startswith("public")
    headers.setdefault(RESOURCE_POLICY, PUBLIC_POLICY if is_public else PRIVATE_POLICY)
    headers["Server"] = SERVER
    headers["X-Request-Id"] = request_id(request)
    if STANDING in request:
        for name, value in request[STANDING].headers().items():
            headers.setdefault(name, value)
    headers.update(cors_headers(request.method, request.headers, protection.origins))


def cors_headers(method: str, headers: Mapping[str, str], origins: Origins) -> dict[str, str]:
    """What a browser wants to see in an answer to a page of another origin; nothing for one that may not call."""
    if hdrs.ORIGIN not in headers or not origins.allow(headers):
        return {}
    allowed = {
        "Access-Control-Allow-Origin": headers[hdrs.ORIGIN],
        "Access-Control-Allow-Credentials": "true",
    }
    if method != hdrs.METH_OPTIONS:
        return {**allowed, "Access-Control-Expose-Headers": _EXPOSED}
    return {
        **allowed,
        "Access-Control-Allow-Methods": ", ".join(METHODS),
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Max-Age": "600",
    }
