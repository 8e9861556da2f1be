"""What a feature is: all that it brings, declared in its `feature.py`, its door; and what a door builds from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aiohttp import web

from blogapi.access.credentials import CredentialKind
from blogapi.cache.sources import PublicPart
from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.db.indexes import Store
from blogapi.events import Bus
from blogapi.idempotency.store import IdempotencyStore
from blogapi.jobs.runner import Job, Runs
from blogapi.limits.limiter import RateLimiter
from blogapi.limits.store import SharedCounts
from blogapi.measures import Measure, measures_of
from blogapi.operations.doctor import Check, server_checks
from blogapi.pool.renderer import Renderer

if TYPE_CHECKING:
    import click

Service = TypeVar("Service")
Settings = TypeVar("Settings")
_NAME = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")
# The collections of the house itself.
_OWN_STORES: tuple[type[Store], ...] = (IdempotencyStore, SharedCounts)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which event is told to which method of the service."""

    event: type
    hears: Callable[[Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature(Generic[Service]):
    """A feature: what it is called, how its service is built, and what belongs to it.

    Everything that is not given is nothing. `features.py` lists the features in the order in which they may know each
    other: a feature is built from those before it.
    """

    name: str

    service: type[Service] | None = None
    build: Callable[[Wiring], Service] | None = None
    """Makes the service. It connects to nothing and starts nothing."""

    key: web.AppKey[Service] | None = None
    """Under which its handlers find the service."""

    stores: tuple[type[Store], ...] = ()
    """Its collections with their indexes, which are made at the start and looked for by `/readyz` and `doctor`."""

    routes: Iterable[web.AbstractRouteDef] = ()
    jobs: tuple[Job, ...] = ()
    checks: Callable[[Wiring], Iterable[Check]] = lambda _: ()
    """What `doctor` looks for, and how it repairs that."""

    measures: Callable[[Wiring], Iterable[Measure]] = lambda _: ()
    """What it tells to who watches the server."""

    subscriptions: tuple[Subscription, ...] = ()
    """What it wants to hear of those before it."""

    shows: Mapping[str, PublicPart] = field(default_factory=dict)
    """What of its collections is in public answers: a write that touches it evicts them from the read cache."""

    credentials: Callable[[Wiring], Sequence[CredentialKind]] = lambda _: ()
    """How people can show who they are."""

    settings: type | None = None
    """A section of the configuration, under the feature's name: a dataclass like those in `config/sections.py`, where
    those of blogapi itself stand. `wiring.settings(GuestbookSettings)` is what was set."""

    commands: tuple[click.Command, ...] = ()
    """Its part of the command line of a program of somebody's own; the commands of blogapi itself are in `cli/`."""

    def __post_init__(self) -> None:
        # It is a section of the configuration, and part of the names of environment variables.
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a feature: take small letters, digits and _.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What doors build from: the tools of the house, and the services of the features before them.

    `wiring[TagService]` is the service of a feature that was built before. Raises KeyError for one that was not.
    """

    config: Config
    database: Database
    now: Callable[[], datetime]
    features: tuple[Feature[Any], ...]
    bus: Bus = field(default_factory=Bus)
    renderer: Renderer
    limiter: RateLimiter
    idempotency: IdempotencyStore
    at_the_start: list[Callable[[], None]] = field(default_factory=list)
    """What a server begins with, so that nobody has to wait for the first of it, such as processes that compute."""
    runs: Runs = field(default_factory=Runs)
    _services: dict[type, Any] = field(default_factory=dict)

    def __getitem__(self, kind: type[Service]) -> Service:
        found: Service = self._services[kind]
        return found

    def settings(self, kind: type[Settings]) -> Settings:
        """What was set in the section of a feature; its defaults in a configuration that was made by hand.

        Raises KeyError for a section that no feature brings.
        """
        if not any(feature.settings is kind for feature in self.features):
            raise KeyError(kind)
        found: Settings = self.config.own[kind] if kind in self.config.own else kind()
        return found

    @property
    def stores(self) -> tuple[type[Store], ...]:
        """Every collection with indexes."""
        return stores_of(self.features)

    @property
    def shows(self) -> Mapping[str, PublicPart]:
        """What of which collection is in public answers."""
        return {name: shown for feature in self.features for name, shown in feature.shows.items()}

    @property
    def checks(self) -> list[Check]:
        """All that `doctor` looks for."""
        own = server_checks(self.database, self.stores)
        return [*own, *(check for feature in self.features for check in feature.checks(self))]

    @property
    def measures(self) -> list[Measure]:
        """What the tools of the house and the features tell."""
        own = measures_of([self.database.client.activity, self.renderer, self.limiter, self.runs])
        return [*own, *(measure for feature in self.features for measure in feature.measures(self))]

    def start(self) -> None:
        """Begin what a server begins with. Without it, all of that begins when it is first needed."""
        for begin in self.at_the_start:
            begin()


def stores_of(features: Iterable[Feature[Any]]) -> tuple[type[Store], ...]:
    """Every collection with indexes, those of the house itself first."""
    return (*_OWN_STORES, *(store for feature in features for store in feature.stores))


def routes_of(features: Iterable[Feature[Any]]) -> tuple[web.AbstractRouteDef, ...]:
    """Every route."""
    return tuple(route for feature in features for route in feature.routes)
