"""The door of the guestbook: all that it brings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from functools import partial

from blogapi.feature import Feature, Subscription, Wiring
from blogapi.jobs.runner import every
from blogapi.operations.doctor import Check, Problem
from blogapi.personal import PersonalData
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService
from guestbook import handlers
from guestbook.commands import entries
from guestbook.service import GuestbookService
from guestbook.settings import GuestbookSettings
from guestbook.store import PUBLIC_PART, EntryStore

_HOUR = 3600


def build(wiring: Wiring) -> GuestbookService:
    """The service of the guestbook."""
    store, users = EntryStore(wiring.database), wiring[UserService]
    return GuestbookService(store, users, wiring.settings(GuestbookSettings), wiring.now)


def checks(wiring: Wiring) -> Iterable[Check]:
    """What `doctor` looks for in the guestbook."""
    guestbook = wiring[GuestbookService]

    async def repair(user_id: str) -> bool:
        await guestbook.show_present_byline(user_id)
        return True

    async def stale() -> AsyncIterator[Problem]:
        async for byline in guestbook.stale_bylines():
            yield Problem(f"entries of {byline.username}", partial(repair, byline.id))

    yield Check("stale bylines in the guestbook", stale)


PERSONAL = PersonalData(
    collection=EntryStore.collection,
    found_by=("author.id",),
    pseudonym=frozenset({"author"}),
    keep=frozenset({"_id", "author.id", "text", "written_at"}),
    exported=("text", "written_at"),
    forget=GuestbookService.forget,
)

GUESTBOOK = Feature(
    name="guestbook",
    service=GuestbookService,
    build=build,
    key=handlers.SERVICE,
    stores=(EntryStore,),
    personal=(PERSONAL,),
    routes=handlers.routes,
    jobs=(every(_HOUR, GuestbookService.purge, done="old entries removed from the guestbook"),),
    checks=checks,
    subscriptions=(Subscription(ProfileChanged, GuestbookService.profile_changed),),
    shows={EntryStore.collection: PUBLIC_PART},
    settings=GuestbookSettings,
    commands=(entries,),
)
