"""Answers requests for which there is no handler: OPTIONS, and addresses with a slash too many."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import hdrs, web

from blogapi.web.endpoint import SETTINGS
from blogapi.web.errors import Handler, allowed
from blogapi.web.middlewares.protect import METHODS

# As they came, but for bytes that no header can hold.
_KEPT = "/%:@!$&'()*+,;=-._~?[]"


@web.middleware
async def answer_unrouted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer OPTIONS, and redirect from `/v1/posts/` to `/v1/posts`. For the rest, the router answers 404 or 405."""
    missing = request.match_info.http_exception
    if missing is None:
        return await handler(request)
    if request.method == hdrs.METH_OPTIONS and (methods := _methods(request, missing)):
        return web.Response(status=204, headers={hdrs.ALLOW: allowed(methods)})
    asked = request.rel_url
    path = asked.raw_path.rstrip("/")
    if path and path != asked.raw_path and await _has_route(request, path):
        query = f"?{asked.raw_query_string}" if asked.raw_query_string else ""
        location = quote((path + query).encode("utf-8", "surrogateescape"), safe=_KEPT)
        caching = request.config_dict[SETTINGS].public_cache_control
        return web.Response(status=308, headers={hdrs.LOCATION: location, hdrs.CACHE_CONTROL: caching})
    return await handler(request)


def _methods(request: web.Request, missing: web.HTTPException) -> set[str]:
    """The methods of the resource; `*` is the server as a whole (RFC 9110 section 9.3.7)."""
    if isinstance(missing, web.HTTPMethodNotAllowed):
        return missing.allowed_methods
    return set(METHODS) if request.raw_path == "*" else set()


async def _has_route(request: web.Request, path: str) -> bool:
    """Whether a route has this path, with whatever method. All of ours begin with a word, and so name no other host."""
    without = request.clone(rel_url=request.rel_url.with_path(path, encoded=True))
    return not isinstance((await request.app.router.resolve(without)).http_exception, web.HTTPNotFound)
