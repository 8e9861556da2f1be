"""What is in the cache is answered before the app is asked: no routing, no middleware, no signal, no session.

What every answer gets from those it gets here, too: a request id, the count of its address, a line in the log, CORS.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from blogapi.cache.reads import CACHED_READS
from blogapi.operations.request_log import REQUEST_LOG
from blogapi.operations.traffic import HIT, TRAFFIC
from blogapi.web.middlewares.head import fault_of
from blogapi.web.middlewares.protect import PROTECTION, cors_headers
from blogapi.web.networks import limit_key, network_of
from blogapi.web.requests import TRUSTED_PROXIES, find_address, id_for

_SAFE = ("GET", "HEAD")
Ask = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer_hits(app: web.Application, ask: Ask) -> Ask:
    """The handler of all requests to this app: `ask` is for what the cache cannot answer."""
    reads = app[CACHED_READS]
    if reads is None:
        return ask
    log, protection, trusted = app[REQUEST_LOG], app[PROTECTION], app[TRUSTED_PROXIES]
    count = app[TRAFFIC].count

    async def answer(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        stored = reads.find(request) if request.method in _SAFE else None
        if stored is None or fault_of(request) is not None:
            return await ask(request)
        address = find_address(request, trusted)
        if not protection.limiter.admits_read(limit_key(address)):
            return await ask(request)
        identifier = id_for(request.headers)
        own_lines = f"X-Request-Id: {identifier}\r\n"
        if hdrs.ORIGIN in request.headers:
            own_lines += "".join(
                [f"{name}: {value}\r\n" for name, value in cors_headers(request, protection.origins).items()]
            )
        response = reads.serialized(request, stored, own_lines)
        status, size, seconds = response.status, response.size, time.perf_counter() - started
        count(request.method, stored.route, status, HIT, seconds, size)
        if log.enabled:
            ms = round(seconds * 1000, 1)
            log.add(time.time(), identifier, request.method, stored.route, status, ms, size, network_of(address))
        return response

    return answer
