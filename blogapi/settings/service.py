"""The settings of the blog: what they are now, and changing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from blogapi.access.administrator import Administrator
from blogapi.audit.service import AuditService
from blogapi.db.batching import Together
from blogapi.db.kept import Kept
from blogapi.errors import Conflict, FieldError, Invalid, Stale
from blogapi.settings.custom import compiled, filter_kind
from blogapi.settings.model import ID, Settings, Wish
from blogapi.settings.store import SETTINGS, SettingsStore, uses_settings
from blogapi.translation.sentence import say

# Who asks while a query runs shares the next one.
_MOST_TOGETHER = 1000
Preparation = Callable[[Wish, Wish], Awaitable[None]]


class SettingsService:
    """What other features go by: `(await settings.current()).lang`."""

    def __init__(self, store: SettingsStore, audit: AuditService, now: Callable[[], datetime]) -> None:
        self._store, self._audit, self._now = store, audit, now
        self.kept = Kept(SETTINGS, store.get)
        """To be told of writes, or the settings are read every second."""
        self._fresh = Together(self._read, most=_MOST_TOGETHER)
        self.preparations: list[Preparation] = []
        """Called before something else is set, and once more when it is. One that objects raises Conflict."""
        self.clearings: list[Callable[[Settings], Awaitable[None]]] = []
        """Called in the end, to remove what nobody needs any more. After a death before that, a job has to do it."""

    async def current(self) -> Settings:
        """The settings of this moment. An answer that is made with them changes when they do."""
        uses_settings()
        return await self.kept.get()

    async def edit(self, by: Administrator, before: Settings, wish: Wish, expected: frozenset[int]) -> Settings:
        """Set all of this. Raises Stale, Invalid, and Conflict when somebody objects."""
        before.require_version(expected)
        if wish.custom_schema is not None:
            compiled(wish.custom_schema)
        _require_filterable(wish)
        if wish == before.wish:
            return before
        await self._prepare(before.wish, wish)
        after = await self._set(by, before, wish)
        try:
            # What was written meanwhile has been checked by what was set before.
            await self._prepare(before.wish, wish)
        except Conflict:
            with suppress(Stale):  # then somebody has set something else
                await self._set(by, after, before.wish)
            raise
        for clear in self.clearings:
            await clear(after)
        return after

    async def _prepare(self, before: Wish, after: Wish) -> None:
        for prepare in self.preparations:
            await prepare(before, after)

    async def _set(self, by: Administrator, before: Settings, wish: Wish) -> Settings:
        changed = wish.differing_from(before.wish)
        version = before.version + 1
        await self._audit.record("settings.updated", actor=by.who, target=ID, fields=changed, version=version)
        try:
            after = await self._store.change(before, wish, self._now())
        finally:
            self.kept.forget()
        if after is None:
            present = await self._store.get()
            raise Stale(present, present.changed_since(frozenset({before.version})))
        return after

    async def read(self, by: Administrator) -> Settings:
        """All of them, as the database has them: some are for administrators alone."""
        return await self.fresh()

    async def fresh(self) -> Settings:
        """The settings as the database has them, asked after this was called: for who changes what depends on them."""
        found = await self._fresh.find(ID)
        assert found is not None
        return found

    async def _read(self, _: Sequence[str]) -> Mapping[str, Settings]:
        return {ID: await self._store.get()}


def _require_filterable(wish: Wish) -> None:
    """Raises Invalid."""
    says = say("Only a field that `custom_schema` declares as a text, a number or a boolean, or as an array of these.")
    faults = [
        FieldError(pointer=f"/filterable/{index}", code="invalid_choice", detail=says)
        for index, name in enumerate(wish.filterable)
        if filter_kind(wish.custom_schema, name) is None
    ]
    if faults:
        raise Invalid(faults)
