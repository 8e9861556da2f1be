"""The whole domain, wired by hand, with no server running."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from blogapi.auth.passwords import Passwords
from blogapi.auth.service import AuthService
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.cache import Shown
from blogapi.config import Config
from blogapi.db.client import Database
from blogapi.db.idempotency import IdempotencyStore
from blogapi.db.indexes import Store
from blogapi.db.limits import SharedCounts
from blogapi.events import Bus
from blogapi.moments import utc_now
from blogapi.posts.addresses import Addresses
from blogapi.posts.counts import Counts
from blogapi.posts.service import PostService
from blogapi.posts.slugs import Slugs
from blogapi.posts.store import AddressStore, PostStore, RevisionStore, SlugStore
from blogapi.ratelimits import RateLimiter
from blogapi.tags.service import TagService
from blogapi.tags.store import TagStore
from blogapi.text.renderer import Renderer
from blogapi.users.model import ProfileChanged, StatusChanged
from blogapi.users.service import UserService
from blogapi.users.store import AdminRoster, UserStore

# Every collection with indexes, for the start, /readyz and `doctor`.
STORES: tuple[type[Store], ...] = (
    UserStore,
    SessionStore,
    PostStore,
    RevisionStore,
    SlugStore,
    AddressStore,
    TagStore,
    IdempotencyStore,
    SharedCounts,
)

# What of them public answers show, for the read cache.
SHOWN: Mapping[str, Shown] = {store.collection: store.shown for store in STORES if store.shown is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """For the command line's bulk work and repairs. Handlers and features go through the services."""

    users: UserStore
    roster: AdminRoster
    sessions: SessionStore
    posts: PostStore
    revisions: RevisionStore
    slugs: SlugStore
    addresses: AddressStore
    tags: TagStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What REST, the command line and the importers call."""

    users: UserService
    auth: AuthService
    posts: PostService
    counts: Counts
    tags: TagService
    limits: RateLimiter
    idempotency: IdempotencyStore
    stores: Stores
    renderer: Renderer
    passwords: Passwords
    bus: Bus = field(default_factory=Bus)

    def start(self) -> None:
        """Start the processes that render and hash, before somebody waits for the first of them."""
        self.renderer.start()
        self.passwords.start()


def build_services(config: Config, database: Database, now: Callable[[], datetime] = utc_now) -> Services:
    """Nothing connects and nothing runs before it is called upon."""
    stores = Stores(
        users=UserStore(database),
        roster=AdminRoster(database),
        sessions=SessionStore(database),
        posts=PostStore(database),
        revisions=RevisionStore(database),
        slugs=SlugStore(database),
        addresses=AddressStore(database),
        tags=TagStore(database),
    )
    bus, renderer, passwords = Bus(), Renderer(cpu_seconds=config.server.render_seconds), Passwords.configured(config)
    users = UserService(stores.users, stores.roster, passwords, renderer.small, bus, config.registration, now)
    tokens = Tokens.configured(config, now)
    auth = AuthService(stores.sessions, users, passwords, tokens, config.auth, now)
    tags = TagService(stores.tags, now)
    counts = Counts(stores.posts, users, tags, now)
    slugs, addresses = Slugs(stores.slugs, now), Addresses(stores.addresses, now)
    posts = PostService(stores.posts, stores.revisions, slugs, addresses, users, tags, counts, renderer.post, now)

    # What would need an import backwards is an event.
    bus.subscribe(ProfileChanged, posts.profile_changed)
    bus.subscribe(StatusChanged, auth.status_changed)
    return Services(
        users=users,
        auth=auth,
        posts=posts,
        counts=counts,
        tags=tags,
        limits=RateLimiter(config, database),
        idempotency=IdempotencyStore(database, now),
        stores=stores,
        renderer=renderer,
        passwords=passwords,
        bus=bus,
    )


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)


def services(request: web.Request) -> Services:
    """The services, also from within a mounted app."""
    found: Services = request.config_dict[SERVICES]
    return found
