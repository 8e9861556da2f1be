"""The rules of a guestbook. Knows neither HTTP nor MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from blogapi.access.identity import Byline, Identity
from blogapi.db.client import new_id
from blogapi.errors import Forbidden, Invalid
from blogapi.paging.page import Page, PageRequest
from blogapi.personal import Person
from blogapi.translation.bounds import at_most_characters
from blogapi.translation.sentence import say
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService
from guestbook.model import Entry
from guestbook.settings import GuestbookSettings
from guestbook.store import EntryStore


class GuestbookService:
    """What can be done with a guestbook."""

    def __init__(
        self, store: EntryStore, users: UserService, settings: GuestbookSettings, now: Callable[[], datetime]
    ) -> None:
        self._store, self._users, self._settings, self._now = store, users, settings, now

    async def list(self, page: PageRequest) -> Page[Entry]:
        """The entries, newest first."""
        return await self._store.list(page)

    async def read(self, entry_id: str) -> Entry:
        """Raises NotFound."""
        return await self._store.get(entry_id)

    async def write(self, who: Identity, text: str) -> Entry:
        """Leave a few words. Raises Invalid."""
        most = self._settings.max_length
        if len(text) > most:
            raise Invalid.field("/text", "too_long", at_most_characters(most), max=most)
        byline = (await self._users.present_bylines([who.user_id]))[who.user_id]
        entry = Entry(id=new_id(), author=byline, text=text, written_at=self._now())
        await self._store.insert(entry)
        return entry

    async def remove(self, who: Identity, entry_id: str) -> None:
        """Take an entry out of the book. Raises Forbidden, NotFound."""
        if not who.is_editor:
            raise Forbidden(say("Editors look after the guestbook."))
        await self._store.delete(entry_id)

    async def purge(self) -> int:
        """Remove what is older than entries are kept; returns how many."""
        days = self._settings.keep_days
        return await self._store.delete_before(self._now() - timedelta(days=days)) if days else 0

    async def profile_changed(self, event: ProfileChanged) -> None:
        """Show the present name of somebody in all entries."""
        await self.show_present_byline(event.byline.id)

    async def forget(self, person: Person) -> None:
        """Show the neutral name of somebody who is erased."""
        await self.show_present_byline(person.id)

    async def show_present_byline(self, user_id: str) -> None:
        """Of two changes at once, the later one."""
        shown: Byline | None = None
        while (byline := (await self._users.present_bylines([user_id])).get(user_id)) not in (None, shown):
            await self._store.show_byline(byline)
            shown = byline

    async def stale_bylines(self) -> AsyncIterator[Byline]:
        """Those that entries show and that are not so any more. For `doctor`."""
        async for byline in self._store.bylines():
            if (await self._users.present_bylines([byline.id])).get(byline.id, byline) != byline:
                yield byline
