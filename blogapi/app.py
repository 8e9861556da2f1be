"""The app on one page: middlewares, routes, start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp_session import session_middleware

import blogapi.auth.handlers
import blogapi.posts.handlers
import blogapi.tags.handlers
import blogapi.users.handlers
import blogapi.web.handlers
from blogapi import __version__
from blogapi.auth.identity import CREDENTIAL_RULES, CredentialRules
from blogapi.auth.sessions import cookie_name, session_storage
from blogapi.cache import Cache
from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.db.follow import follow
from blogapi.db.indexes import create_indexes, missing_indexes
from blogapi.keys import derive_key
from blogapi.logs import RequestLog
from blogapi.moments import utc_now
from blogapi.posts.jobs import empty_trash, settle_bylines, settle_counts
from blogapi.services import SERVICES, SHOWN, STORES, build_services
from blogapi.tasks import end_tasks
from blogapi.web.body import MAX_BYTES
from blogapi.web.cached import CACHED_READS, CachedReads
from blogapi.web.docs import set_up_docs
from blogapi.web.endpoint import PUBLIC_CACHE_CONTROL, SETTINGS, EndpointSettings, declared
from blogapi.web.errors import render_errors
from blogapi.web.health import READINESS, Readiness, unreachable
from blogapi.web.idempotency import IDEMPOTENCY, Idempotency
from blogapi.web.middlewares.head import refuse_bad_heads
from blogapi.web.middlewares.log import REQUEST_LOG, log_requests
from blogapi.web.middlewares.protect import (
    PROTECTION,
    PUBLIC_POLICY,
    RESOURCE_POLICY,
    SERVER,
    Protection,
    finish_headers,
    protect,
    security_headers,
)
from blogapi.web.middlewares.routing import find_way
from blogapi.web.origins import Origins
from blogapi.web.pagination import CURSOR_KEY
from blogapi.web.requests import TRUSTED_PROXIES

ROUTES = (
    *blogapi.auth.handlers.routes,
    *blogapi.users.handlers.routes,
    *blogapi.posts.handlers.routes,
    *blogapi.tags.handlers.routes,
    *blogapi.web.handlers.routes,
)


def create_app(config: Config, database: Database, now: Callable[[], datetime] = utc_now) -> web.Application:
    """The whole server, not yet started. Nothing connects before it is."""
    services = build_services(config, database, now)
    app = web.Application(
        middlewares=[
            log_requests,
            render_errors,
            refuse_bad_heads,
            protect,
            find_way,
            session_middleware(session_storage(config, services.auth)),
        ],
        client_max_size=MAX_BYTES,
    )
    app[SERVICES] = services
    _configure(app, config)
    app.on_response_prepare.append(finish_headers)
    app.cleanup_ctx.extend([_request_log(config), _database(database), _read_cache(database), _background])
    add_routes(app, ROUTES)
    set_up_docs(app, public_url=config.public_url, version=__version__)
    return app


def add_routes(app: web.Application, routes: tuple[web.AbstractRouteDef, ...]) -> None:
    """Deny by default: raises ValueError for a route that does not declare who may call it."""
    for route in routes:
        if not isinstance(route, web.RouteDef) or declared(route.handler) is None:
            raise ValueError(f"{route} does not say who may call it: declare it with @endpoint.")
    app.add_routes(routes)
    _refuse_shadowed_methods(app)


def _refuse_shadowed_methods(app: web.Application) -> None:
    """Else `PATCH /v1/posts/by-url`, which only GET knows, would be taken for a post of the id `by-url`."""
    resources = list(app.router.resources())
    patterns = [(info["pattern"], resource) for resource in resources if "pattern" in (info := resource.get_info())]
    for fixed in resources:
        path = fixed.get_info().get("path")
        if path is None or not isinstance(fixed, web.Resource):
            continue
        known = {route.method for route in fixed}
        shadowed = {route.method for pattern, other in patterns if pattern.fullmatch(path) for route in other}
        for method in sorted(shadowed - known):
            fixed.add_route(method, partial(_refuse_method, allowed=sorted(known)))


async def _refuse_method(request: web.Request, *, allowed: list[str]) -> web.StreamResponse:
    raise web.HTTPMethodNotAllowed(request.method, allowed)


def _configure(app: web.Application, config: Config) -> None:
    """What the tools in `web` and the handlers need to know of the configuration."""
    shared = config.cache.shared_max_age
    cacheable = f"public, max-age=0, s-maxage={shared}, must-revalidate" if shared else PUBLIC_CACHE_CONTROL
    app[SETTINGS] = EndpointSettings(
        body_timeout_seconds=config.server.body_timeout_seconds,
        public_cache_control=cacheable,
    )
    origins = Origins(config)
    app[PROTECTION] = Protection(
        limiter=app[SERVICES].limits,
        origins=origins,
        headers=security_headers(
            https_only=config.is_production and config.public_url.startswith("https:"),
            compresses=config.cache.enabled and config.cache.compression,
        ),
    )
    app[CREDENTIAL_RULES] = CredentialRules(cookie_name=cookie_name(config), origins=origins)
    app[TRUSTED_PROXIES] = config.server.trusted_proxies
    app[CURSOR_KEY] = derive_key(config.auth.secret, "cursor")
    app[IDEMPOTENCY] = Idempotency(app[SERVICES].idempotency, derive_key(config.auth.secret, "idempotency"))
    app[READINESS] = Readiness()
    app[CACHED_READS] = _cached_reads(config, app[PROTECTION].headers) if config.cache.enabled else None


def _cached_reads(config: Config, headers: dict[str, str]) -> CachedReads:
    cache: Cache[Any] = Cache(SHOWN, config.cache.max_bytes)
    public = {**headers, RESOURCE_POLICY: PUBLIC_POLICY, "Server": SERVER}
    return CachedReads(cache=cache, headers=public, compresses=config.cache.compression)


def _read_cache(database: Database) -> Callable[[web.Application], AsyncIterator[None]]:
    async def read_cache(app: web.Application) -> AsyncIterator[None]:
        reads = app[CACHED_READS]
        if reads is None:
            yield
            return
        app[READINESS].helpers["cache"] = lambda: reads.cache.is_fresh
        database.on_write.append(reads.cache.written)
        async with running(follow(database, SHOWN, reads.cache)):
            yield
        database.on_write.remove(reads.cache.written)

    return read_cache


def _request_log(config: Config) -> Callable[[web.Application], AsyncIterator[None]]:
    async def request_log(app: web.Application) -> AsyncIterator[None]:
        app[REQUEST_LOG] = RequestLog(config.log.level, config.log_format)
        yield
        app[REQUEST_LOG].close()

    return request_log


def _database(database: Database) -> Callable[[web.Application], AsyncIterator[None]]:
    async def ready_database(app: web.Application) -> AsyncIterator[None]:
        await create_indexes(database, STORES)
        app[READINESS].checks["database"] = lambda: unreachable(database)
        app[READINESS].checks["indexes"] = lambda: missing_indexes(database, STORES)
        yield

    return ready_database


async def _background(app: web.Application) -> AsyncIterator[None]:
    app[SERVICES].start()
    posts, counts = app[SERVICES].posts, app[SERVICES].counts
    async with running(empty_trash(posts)), running(settle_bylines(posts)), running(settle_counts(counts)):
        yield


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on beside the requests, and is cancelled at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end_tasks(task)
