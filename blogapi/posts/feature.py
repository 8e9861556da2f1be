"""The door of posts."""

from __future__ import annotations

from blogapi.feature import Feature, Subscription, Wiring
from blogapi.jobs.runner import every
from blogapi.posts import handlers
from blogapi.posts.addresses import Addresses
from blogapi.posts.answers import PUBLIC_ADDRESSES, PUBLIC_PART
from blogapi.posts.checks import post_checks
from blogapi.posts.counts import Counts
from blogapi.posts.service import PostService
from blogapi.posts.slugs import Slugs
from blogapi.posts.store import AddressStore, PostStore, RevisionStore, SlugStore
from blogapi.tags.service import TagService
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService

_MOMENT, _MINUTE, _HOUR = 10, 60, 3600


def build(wiring: Wiring) -> PostService:
    """The service of posts."""
    posts, users, tags = PostStore(wiring.database), wiring[UserService], wiring[TagService]
    return PostService(
        posts,
        RevisionStore(wiring.database),
        Slugs(SlugStore(wiring.database), wiring.now),
        Addresses(AddressStore(wiring.database), wiring.now),
        users,
        tags,
        Counts(posts, users, tags, wiring.now),
        wiring.renderer.post,
        wiring.now,
    )


POSTS = Feature(
    name="posts",
    service=PostService,
    build=build,
    key=handlers.SERVICE,
    stores=(PostStore, RevisionStore, SlugStore, AddressStore),
    routes=handlers.routes,
    jobs=(
        every(_HOUR, PostService.purge_trash, done="posts removed from the trash"),
        every(_MINUTE, PostService.settle_bylines, done="changed bylines looked after"),
        every(_MOMENT, PostService.settle_counts, done="posts counted that somebody had left uncounted"),
    ),
    checks=lambda wiring: post_checks(wiring).all(),
    subscriptions=(Subscription(ProfileChanged, PostService.profile_changed),),
    shows={PostStore.collection: PUBLIC_PART, AddressStore.collection: PUBLIC_ADDRESSES},
)
