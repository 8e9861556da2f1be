"""A log line per request, and a count."""

from __future__ import annotations

import time
from asyncio import CancelledError

from aiohttp import web

from blogapi.cache.reads import CACHE_STATUS
from blogapi.operations.health import READINESS
from blogapi.operations.logs import RequestLog
from blogapi.operations.traffic import TRAFFIC, cache_part
from blogapi.request_context import enter_request
from blogapi.web.errors import Handler
from blogapi.web.networks import network_of
from blogapi.web.requests import client_address, request_id, route_of

REQUEST_LOG: web.AppKey[RequestLog] = web.AppKey("request_log", RequestLog)


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost, so that it sees every answer as it leaves."""
    log, readiness = request.config_dict[REQUEST_LOG], request.config_dict[READINESS]
    started, status, size, cache = time.perf_counter(), 499, None, ""
    network = network_of(client_address(request))
    enter_request(request_id(request), network)
    readiness.running += 1
    try:
        response = await handler(request)
        status = response.status
        size, cache = response.content_length, response.headers.get(CACHE_STATUS, "")
        return response
    except (CancelledError, ConnectionError):
        raise  # the client went away
    finally:
        readiness.running -= 1
        seconds, route = time.perf_counter() - started, route_of(request)
        request.config_dict[TRAFFIC].count(request.method, route, status, cache_part(cache), seconds, size)
        if log.enabled:
            log.add(
                time.time(),
                request_id(request),
                request.method,
                route,
                status,
                round(seconds * 1000, 1),
                size,
                network,
            )
