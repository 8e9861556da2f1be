"""The app on one page: middlewares, what each feature brings, start and stop."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from aiohttp import web

from blogapi import __version__
from blogapi.access.credentials import KINDS
from blogapi.cache.reads import CACHED_READS, following_writes
from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.db.indexes import create_indexes, missing_indexes
from blogapi.feature import Feature, Wiring, routes_of
from blogapi.features import FEATURES
from blogapi.jobs.runner import run_again_and_again
from blogapi.jobs.tasks import running
from blogapi.openapi.pages import set_up_docs
from blogapi.operations.health import READINESS, unreachable
from blogapi.operations.logs import RequestLog
from blogapi.operations.request_log import REQUEST_LOG, log_requests
from blogapi.operations.timekeeping import keeping_time
from blogapi.tools import set_up_tools
from blogapi.web.body import MAX_BYTES
from blogapi.web.errors import render_errors
from blogapi.web.middlewares.head import refuse_bad_heads
from blogapi.web.middlewares.protect import finish_headers, protect
from blogapi.web.middlewares.routing import answer_unrouted
from blogapi.web.routes import add_routes
from blogapi.wiring import SERVICES, build_services

log = logging.getLogger("blogapi.app")


def create_app(
    config: Config,
    database: Database,
    features: Sequence[Feature[Any]] = FEATURES,
    now: Callable[[], datetime] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> web.Application:
    """The whole server, not yet started. Nothing connects before it is.

    `now` tells the time, in place of the clock of the database; `clock` tells the read cache how many seconds ago it
    has heard of writes.
    """
    wiring = build_services(config, database, features, now)
    credentials = [kind for feature in features for kind in feature.credentials(wiring)]
    around = [middleware for kind in credentials for middleware in kind.middlewares]
    middlewares = [log_requests, render_errors, refuse_bad_heads, protect, answer_unrouted, *around]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BYTES)
    app[SERVICES], app[KINDS] = wiring, credentials
    set_up_tools(app, wiring, clock)
    for feature in features:
        if feature.key is not None and feature.service is not None:
            app[feature.key] = wiring[feature.service]
    add_routes(app, routes_of(features))
    app.on_response_prepare.append(finish_headers)
    app.cleanup_ctx.extend([_request_log, _time, _database, _read_cache, _jobs])
    set_up_docs(app, public_url=config.public_url, version=__version__, amend=wiring.amends)
    return app


async def _request_log(app: web.Application) -> AsyncIterator[None]:
    config = app[SERVICES].config
    app[REQUEST_LOG] = RequestLog(config.log.level, config.log_format)
    yield
    app[REQUEST_LOG].close()


async def _time(app: web.Application) -> AsyncIterator[None]:
    async with keeping_time(app[SERVICES].database.client):
        yield


async def _database(app: web.Application) -> AsyncIterator[None]:
    wiring = app[SERVICES]
    await create_indexes(wiring.database, wiring.stores)
    app[READINESS].checks["database"] = lambda: unreachable(wiring.database)
    app[READINESS].checks["indexes"] = lambda: missing_indexes(wiring.database, wiring.stores)
    wiring.start()
    yield
    for end in wiring.on_stop:
        try:
            await end()
        except Exception:
            log.exception("something did not end as it should; the rest ends nevertheless")


async def _read_cache(app: web.Application) -> AsyncIterator[None]:
    reads = app[CACHED_READS]
    if reads is None:
        yield
        return
    app[READINESS].helpers["cache"] = lambda: reads.cache.is_fresh
    wiring = app[SERVICES]
    async with running(following_writes(wiring.database, reads.cache, wiring.listeners)):
        yield


async def _jobs(app: web.Application) -> AsyncIterator[None]:
    wiring: Wiring = app[SERVICES]
    async with AsyncExitStack() as stack:
        for feature in wiring.features:
            for job in feature.jobs:
                service = None if feature.service is None else wiring[feature.service]
                await stack.enter_async_context(running(run_again_and_again(job, service, wiring.runs)))
        yield
