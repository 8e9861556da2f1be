"""Apps as most tests want them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any

from aiohttp import web

from blogapi.app import create_app
from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.features import FEATURES
from blogapi.jobs.runner import Job


def stopped_clock() -> float:
    """A clock for the cache that stands still, or a machine that does so for a second would make it stand aside."""
    return 0.0


def app_on_empty(config: Config, database: Database, now: Callable[[], datetime] | None = None) -> web.Application:
    """An app on a database that is empty when it starts.

    Its background jobs run when they are woken or their time comes, but not at the start: nothing is there for them to
    do, and to find that out costs more than what most tests do.
    """
    features = [replace(feature, jobs=tuple(map(_not_at_the_start, feature.jobs))) for feature in FEATURES]
    return create_app(config, database, features, now, stopped_clock)


def _not_at_the_start(job: Job) -> Job:
    has_begun = False

    @wraps(job.work)
    async def work(service: Any) -> int:
        nonlocal has_begun
        if has_begun:
            return await job.work(service)
        has_begun = True
        return 0

    return replace(job, work=work)
