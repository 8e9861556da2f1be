"""Builds the services of all features, one after the other, with no server running."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web

from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.feature import Feature, Wiring
from blogapi.features import FEATURES
from blogapi.idempotency.store import IdempotencyStore
from blogapi.limits.limiter import RateLimiter
from blogapi.pool.renderer import Renderer

SERVICES: web.AppKey[Wiring] = web.AppKey("services", Wiring)


def build_services(
    config: Config,
    database: Database,
    features: Sequence[Feature[Any]] = FEATURES,
    now: Callable[[], datetime] | None = None,
) -> Wiring:
    """Build them. Nothing connects and nothing starts yet. Raises ValueError for two features of one name.

    `now` tells the time, in place of the clock of the database.
    """
    now = now or database.client.clock.now
    names = [feature.name for feature in features]
    if len(names) != len(set(names)):
        raise ValueError(f"Two features have the same name: {', '.join(names)}.")
    renderer = Renderer(cpu_seconds=config.server.render_seconds)
    wiring = Wiring(
        config=config,
        database=database,
        now=now,
        features=tuple(features),
        renderer=renderer,
        limiter=RateLimiter(config, database),
        idempotency=IdempotencyStore(database, now),
        on_start=[renderer.start],
    )
    for feature in wiring.features:
        if feature.service is None or feature.build is None:
            continue
        service = wiring._services[feature.service] = feature.build(wiring)
        for subscription in feature.subscriptions:
            wiring.bus.subscribe(subscription.event, partial(subscription.handler, service))
        wiring.writers.update({kind: partial(write, service) for kind, write in feature.mails.items()})
        wiring.workers.update({work.kind.name: (work.kind, partial(work.part, service)) for work in feature.work})
    return wiring
