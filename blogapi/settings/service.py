"""The settings of the blog: what they are now, and changing them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from blogapi.access.administrator import Administrator
from blogapi.audit.service import AuditService
from blogapi.db.kept import Kept
from blogapi.errors import Stale
from blogapi.settings.model import FIELDS, ID, Settings, Wish
from blogapi.settings.store import SETTINGS, SettingsStore, uses_settings


class SettingsService:
    """What other features go by: `(await settings.current()).lang`."""

    def __init__(self, store: SettingsStore, audit: AuditService, now: Callable[[], datetime]) -> None:
        self._store, self._audit, self._now = store, audit, now
        self.kept = Kept(SETTINGS, store.get)
        """To be told of writes, or the settings are read each time."""

    async def current(self) -> Settings:
        """The settings of this moment. An answer that is made with them changes when they do."""
        uses_settings()
        return await self.kept.get()

    async def edit(self, by: Administrator, before: Settings, wish: Wish, expected: frozenset[int]) -> Settings:
        """Set all of this. Raises Stale."""
        before.require_version(expected)
        changed = [name for name in FIELDS if getattr(wish, name) != getattr(before.wish, name)]
        if not changed:
            return before
        version = before.version + 1
        await self._audit.record("settings.updated", actor=by.who, target=ID, fields=changed, version=version)
        after = await self._store.change(before, wish, self._now())
        if after is None:
            present = await self._store.get()
            raise Stale(present, present.changed_since(frozenset({before.version})))
        return after

    async def fresh(self) -> Settings:
        """The settings as the database has them, for who wants to change them."""
        return await self._store.get()
