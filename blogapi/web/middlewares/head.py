"""Refuses targets and `Host` headers that the parser accepts and HTTP does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address

from aiohttp import hdrs, web
from yarl import URL

from blogapi.errors import BlogError
from blogapi.translation.sentence import say
from blogapi.web.errors import Handler

# Narrower than RFC 3986 section 3.2.2, whose names may hold nearly anything: as hosts are really called.
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)(?::([0-9]{0,5}))?")


def fault_of(method: str, target: str, headers: Mapping[str, str]) -> BlogError | None:
    """What is wrong with the target or with `Host`; None of a good head."""
    host = headers.get(hdrs.HOST)
    if "#" in target:
        return BlogError(say("A fragment (`#...`) stays with the client. Send a `#` that is meant as %23."))
    if not target.startswith("/") and target != "*" and not _is_good_authority(target, method):
        return BlogError(say("The request target is not an address of this server."))
    if host is None:
        return None  # HTTP/1.0; the parser asks for it in 1.1
    return None if is_host(host) else BlogError(say("`Host` is not a host, with or without a port."))


@lru_cache(maxsize=1024)
def is_host(text: str) -> bool:
    """A name or an address of a host, and maybe a port (RFC 9112 section 3.2). An IPv6 address stands in brackets."""
    found = _HOST.fullmatch(text) if len(text) <= 300 else None
    if found is None or int(found[2] or 0) > 65535:
        return False
    try:
        return found[1] is None or bool(IPv6Address(found[1]))
    except ValueError:
        return False


def _is_good_authority(target: str, method: str) -> bool:
    """Of the form that is for proxies, `http://host/path`, which a server takes, too (RFC 9112 section 3.2.2)."""
    if method == hdrs.METH_CONNECT:
        return is_host(target)
    url = URL(target, encoded=True)
    return url.scheme in ("http", "https") and is_host(url.raw_authority)


@web.middleware
async def refuse_bad_heads(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse them before anything else looks at the request."""
    fault = fault_of(request.method, request.raw_path, request.headers)
    if fault is not None:
        raise fault
    return await handler(request)
