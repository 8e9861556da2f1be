"""Where the settings are kept: in one document, which is there since somebody first set something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.cache.sources import FoundBy, PublicPart, uses
from blogapi.changes import KEPT, PublicChange
from blogapi.config import RegistrationConfig
from blogapi.db.client import Database, Document
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.settings.model import FIELDS, ID, PRIVATE_FIELDS, Settings, Wish

SETTINGS = "settings"
# Every answer that shows or goes by any of them names the document.
PUBLIC_PART = PublicPart(fields=frozenset(FIELDS), projection={"_id": 1}, place_of=lambda _: FoundBy(()))


class SettingsStore(Store):
    """The settings. `registration` is what holds for what they leave to the configuration."""

    collection = SETTINGS

    def __init__(self, database: Database, registration: RegistrationConfig) -> None:
        self._settings = database[self.collection]
        self._inherited = {"registration_mode": registration.mode, "registration_role": registration.role}

    async def get(self) -> Settings:
        """As they are now."""
        return self._read(await self._settings.find_one({"_id": ID}) or {"_id": ID})

    async def change(self, before: Settings, wish: Wish, now: datetime) -> Settings | None:
        """Write what differs; None when somebody else was first."""
        changed, values = wish.differing_from(before.wish), to_document(wish)
        version, different = before.version + 1, {name: values[name] for name in changed}
        public = PublicChange(version=version, at=now) if {*changed} - PRIVATE_FIELDS else before.public_change
        update = {
            "$set": {**different, "public_change": public and to_document(public), "updated_at": now},
            "$setOnInsert": {"created_at": now, "schema": 1},
            "$inc": {"version": 1},
            "$push": {"changes": {"$each": [{"version": version, "fields": sorted(changed)}], "$slice": -KEPT}},
        }
        where = {"_id": ID, "version": before.version}
        try:
            # The first version is there without a document.
            document = await self._settings.find_one_and_update(
                where, update, upsert=before.version == 1, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            return None
        return None if document is None else self._read(document)

    def _read(self, document: Mapping[str, Any]) -> Settings:
        inherited = {name: value for name, value in self._inherited.items() if document.get(name) is None}
        whole: Document = {**document, **inherited}
        return replace(from_document(Settings, whole), inherited=tuple(inherited))


def uses_settings() -> None:
    """An answer is made from the settings, whether they were read for it or are known."""
    uses(SETTINGS, ids=[ID])
