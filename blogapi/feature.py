"""What a feature declares in its `feature.py`, its door, and from what its service is built."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aiohttp import web

from blogapi.access.credentials import CredentialKind
from blogapi.cache.sources import PublicPart
from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.db.follow import Listener
from blogapi.db.indexes import Store
from blogapi.events import Bus
from blogapi.idempotency import store as idempotency
from blogapi.idempotency.store import IdempotencyStore
from blogapi.jobs.model import Kind, Part, Task, Work
from blogapi.jobs.runner import Job, Runs
from blogapi.limits.limiter import RateLimiter
from blogapi.limits.store import SharedCounts
from blogapi.mail.model import Letter, Mail, Write
from blogapi.measures import Measure, measures_of
from blogapi.openapi.pages import Amendment
from blogapi.operations.doctor import Check, server_checks
from blogapi.personal import ExportedFile, Person, PersonalData
from blogapi.pool.renderer import Renderer

if TYPE_CHECKING:
    import click

Service = TypeVar("Service")
Settings = TypeVar("Settings")
_NAME = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")
# The collections of the house itself, and what they keep of people.
_OWN_STORES: tuple[type[Store], ...] = (IdempotencyStore, SharedCounts)
_OWN_PERSONAL: tuple[PersonalData, ...] = (idempotency.PERSONAL,)


@dataclass(frozen=True, slots=True)
class Subscription:
    """An event, and the method of the service that handles it."""

    event: type
    handler: Callable[[Any, Any], Awaitable[None]]


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

    personal: tuple[PersonalData, ...] = ()
    """What its collections keep of people, and what becomes of that when a person is erased."""

    exports: Callable[[Service, Person], AsyncIterator[ExportedFile]] | None = None
    """The method of its service that makes files for the export of somebody's data, beside the fields that `personal`
    names: the texts of posts, for example."""

    routes: Iterable[web.AbstractRouteDef] = ()
    jobs: tuple[Job, ...] = ()
    work: tuple[Work, ...] = ()
    """The long work that its service does, in parts, whoever asked for it (`LongWork.start`)."""

    checks: Callable[[Wiring], Iterable[Check]] = lambda _: ()
    """What `doctor` looks for, and how it repairs that."""

    measures: Callable[[Wiring], Iterable[Measure]] = lambda _: ()
    """Its metrics, for `/metrics`."""

    mails: Mapping[str, Callable[[Service, Mail], Awaitable[Letter | None]]] = field(default_factory=dict)
    """Which methods of its service write mails, by their kind, when they are sent."""

    subscriptions: tuple[Subscription, ...] = ()
    """The events of the features before it that its service handles."""

    shows: Mapping[str, PublicPart] = field(default_factory=dict)
    """Which part of its collections public answers show. A write to it evicts those answers from the read cache."""

    amends: Callable[[Service], Awaitable[Amendment]] | None = None
    """The method of its service that says what the state of the blog changes in the OpenAPI document."""

    credentials: Callable[[Wiring], Sequence[CredentialKind]] = lambda _: ()
    """Further kinds of credentials."""

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
    """From what a door builds its service: the tools of the house, and the services of the features before it.

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
    on_start: list[Callable[[], None]] = field(default_factory=list)
    """What a server starts before it takes requests, such as the processes that render texts and hash passwords."""
    on_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What a server ends when it stops, such as connections to others, before that to the database is closed."""
    listeners: list[Listener] = field(default_factory=list)
    """What wants to know of all writes to what features show, beside the read cache (`db/kept.py`). Told by a server
    that has one."""
    runs: Runs = field(default_factory=Runs)
    writers: dict[str, Write] = field(default_factory=dict)
    """What writes mails, by their kind: all that features declare, when all of them are built."""
    workers: dict[str, tuple[Kind, Callable[[Task], Awaitable[Part]]]] = field(default_factory=dict)
    """What does long work, by its kind: likewise."""

    _services: dict[type, Any] = field(default_factory=dict)

    def __getitem__(self, kind: type[Service]) -> Service:
        found: Service = self._services[kind]
        return found

    def settings(self, kind: type[Settings]) -> Settings:
        """The settings of a feature; its defaults when the configuration was made by hand.

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
    def personal(self) -> list[tuple[PersonalData, Any]]:
        """What all collections keep of people, each with the service that knows them."""
        declared = [(data, feature) for feature in self.features for data in feature.personal]
        return [
            *((data, None) for data in _OWN_PERSONAL),
            *((data, feature.service and self._services[feature.service]) for data, feature in declared),
        ]

    def exports(self, person: Person) -> list[AsyncIterator[ExportedFile]]:
        """The files that features make for the export of somebody's data."""
        return [
            feature.exports(self._services[feature.service], person)
            for feature in self.features
            if feature.exports is not None and feature.service is not None
        ]

    @property
    def amends(self) -> list[Callable[[], Awaitable[Amendment]]]:
        """What the state of the blog changes in the OpenAPI document."""
        return [
            partial(feature.amends, self._services[feature.service])
            for feature in self.features
            if feature.amends is not None and feature.service is not None
        ]

    @property
    def shows(self) -> Mapping[str, PublicPart]:
        """By collection, the part of it that public answers show."""
        return {name: part for feature in self.features for name, part in feature.shows.items()}

    @property
    def checks(self) -> list[Check]:
        """All that `doctor` looks for."""
        own = server_checks(self.database, self.stores)
        return [*own, *(check for feature in self.features for check in feature.checks(self))]

    @property
    def measures(self) -> list[Measure]:
        """The metrics of the tools of the house and of the features."""
        client = self.database.client
        own = measures_of([client.activity, client.clock, self.renderer, self.limiter, self.runs])
        return [*own, *(measure for feature in self.features for measure in feature.measures(self))]

    def start(self) -> None:
        """Start what `on_start` holds. Without this call, each of these starts when it is first needed."""
        for begin in self.on_start:
            begin()


def stores_of(features: Iterable[Feature[Any]]) -> tuple[type[Store], ...]:
    """Every collection with indexes, those of the house itself first."""
    return (*_OWN_STORES, *(store for feature in features for store in feature.stores))


def routes_of(features: Iterable[Feature[Any]]) -> tuple[web.AbstractRouteDef, ...]:
    """Every route."""
    return tuple(route for feature in features for route in feature.routes)
