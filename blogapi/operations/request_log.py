"""A log line per request, and how many there are."""

from __future__ import annotations

import time
from asyncio import CancelledError

from aiohttp import web

from blogapi.operations.health import READINESS
from blogapi.operations.logs import RequestLog
from blogapi.web.errors import Handler
from blogapi.web.networks import network_of
from blogapi.web.requests import client_address, request_id, route_of

REQUEST_LOG: web.AppKey[RequestLog] = web.AppKey("request_log", RequestLog)


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost, so that it sees every answer as it leaves."""
    log, readiness = request.config_dict[REQUEST_LOG], request.config_dict[READINESS]
    started, status, size = time.perf_counter(), 499, None
    readiness.running += 1
    try:
        response = await handler(request)
        status = response.status
        size = response.content_length
        return response
    except (CancelledError, ConnectionError):
        raise  # the client went away
    finally:
        readiness.running -= 1
        if log.enabled:
            log.add(
                time.time(),
                request_id(request),
                request.method,
                route_of(request),
                status,
                round((time.perf_counter() - started) * 1000, 1),
                size,
                network_of(client_address(request)),
            )
