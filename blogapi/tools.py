"""Gives the tools below the features their settings: they do not know the configuration themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from blogapi.access.cookie import DEVICE_COOKIE, cookie_name
from blogapi.access.credentials import ORIGINS
from blogapi.cache.cache import Cache
from blogapi.cache.reads import CACHED_READS, CachedReads
from blogapi.config.secret import derive_key
from blogapi.feature import Wiring
from blogapi.idempotency.replay import IDEMPOTENCY, Idempotency
from blogapi.measures import Measured, measures_of
from blogapi.operations.health import READINESS, Readiness
from blogapi.operations.metrics import Metrics
from blogapi.operations.traffic import METRICS, TRAFFIC, Traffic
from blogapi.paging.cursors import CURSOR_KEY
from blogapi.web.endpoint import PUBLIC_CACHE_CONTROL, SETTINGS, EndpointSettings
from blogapi.web.middlewares.protect import (
    PROTECTION,
    PUBLIC_POLICY,
    RESOURCE_POLICY,
    SERVER,
    Protection,
    security_headers,
)
from blogapi.web.origins import Origins
from blogapi.web.requests import TRUSTED_PROXIES


def set_up_tools(app: web.Application, wiring: Wiring, clock: Callable[[], float]) -> None:
    """Give each tool its settings, under its own key. `clock` is that of the read cache."""
    config = wiring.config
    shared = config.cache.shared_max_age
    cacheable = f"public, max-age=0, s-maxage={shared}, must-revalidate" if shared else PUBLIC_CACHE_CONTROL
    app[SETTINGS] = EndpointSettings(
        body_timeout_seconds=config.server.body_timeout_seconds,
        public_cache_control=cacheable,
    )
    headers = security_headers(
        https_only=config.is_production and config.public_url.startswith("https:"),
        compresses=config.cache.enabled and config.cache.compression,
    )
    app[ORIGINS] = Origins(config)
    app[DEVICE_COOKIE] = cookie_name(config, "device")
    app[PROTECTION] = Protection(limiter=wiring.limiter, origins=app[ORIGINS], headers=headers)
    app[TRUSTED_PROXIES] = config.server.trusted_proxies
    app[CURSOR_KEY] = derive_key(config.auth.secret, "cursor")
    app[IDEMPOTENCY] = Idempotency(wiring.idempotency, derive_key(config.auth.secret, "idempotency"))
    app[READINESS] = Readiness()
    app[TRAFFIC] = Traffic(is_told=config.metrics.enabled)
    app[CACHED_READS] = reads = _cached_reads(wiring, headers, clock) if config.cache.enabled else None
    tools: list[Measured] = [app[TRAFFIC], app[READINESS], app[IDEMPOTENCY], *([] if reads is None else [reads.cache])]
    app[METRICS] = Metrics([*wiring.measures, *measures_of(tools)])


def _cached_reads(wiring: Wiring, headers: dict[str, str], clock: Callable[[], float]) -> CachedReads:
    config = wiring.config.cache
    cache: Cache[Any] = Cache(wiring.shows, config.max_bytes, clock)
    public = {**headers, RESOURCE_POLICY: PUBLIC_POLICY, "Server": SERVER}
    return CachedReads(cache=cache, headers=public, compresses=config.compression)
