"""What is in the cache is answered as it arrives: no task, no request object, no routing, no middleware, no session.

What every answer gets from those it gets here, too: a request id, the count of its address, a line in the log, CORS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from aiohttp import hdrs, web
from aiohttp.http import RawRequestMessage

from blogapi.cache.reads import CACHED_READS
from blogapi.cache.serialized import serialized
from blogapi.operations.request_log import REQUEST_LOG
from blogapi.operations.traffic import HIT, TRAFFIC
from blogapi.web.middlewares.head import fault_of
from blogapi.web.middlewares.protect import PROTECTION, cors_headers
from blogapi.web.networks import limit_key, network_of
from blogapi.web.requests import TRUSTED_PROXIES, find_address, id_for

_SAFE = ("GET", "HEAD")
Shortcut: TypeAlias = Callable[[RawRequestMessage, str], Sequence[bytes] | None]
"""The whole answer to a request without a body, from this peer; None where the app has to be asked."""


def shortcut_of(app: web.Application) -> Shortcut | None:
    """What answers hits of this app; None where nothing is kept."""
    reads = app[CACHED_READS]
    if reads is None:
        return None
    log, protection, trusted = app[REQUEST_LOG], app[PROTECTION], app[TRUSTED_PROXIES]
    count = app[TRAFFIC].count

    def answer(asked: RawRequestMessage, peer: str) -> Sequence[bytes] | None:
        started = time.perf_counter()
        method, target, headers = asked.method, asked.path, asked.headers
        stored = reads.find(target, headers) if method in _SAFE else None
        if stored is None or stored.is_long or fault_of(method, target, headers) is not None:
            return None
        address = find_address(peer, headers, trusted)
        if not protection.limiter.admits_read(limit_key(address)):
            return None
        status, lines, body = reads.answer(target, headers, stored)
        identifier = id_for(headers)
        lines += f"X-Request-Id: {identifier}\r\n"
        if hdrs.ORIGIN in headers:
            allowed = cors_headers(method, headers, protection.origins)
            lines += "".join([f"{name}: {value}\r\n" for name, value in allowed.items()])
        size, seconds = len(body), time.perf_counter() - started
        count(method, stored.route, status, HIT, seconds, size)
        if log.enabled:
            ms = round(seconds * 1000, 1)
            log.add(time.time(), identifier, method, stored.route, status, ms, size, network_of(address))
        return serialized(asked, status, stored.lines, lines, body)

    return answer
