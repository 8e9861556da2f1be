"""The door of the settings of the blog."""

from __future__ import annotations

from blogapi.audit.service import AuditService
from blogapi.feature import Feature, Wiring
from blogapi.settings import handlers
from blogapi.settings.service import SettingsService
from blogapi.settings.store import PUBLIC_PART, SettingsStore


def build(wiring: Wiring) -> SettingsService:
    """The service of the settings. A server has it told when somebody changes them."""
    store = SettingsStore(wiring.database, wiring.config.registration)
    service = SettingsService(store, wiring[AuditService], wiring.now)
    wiring.listeners.append(service.kept)
    return service


SETTINGS = Feature(
    name="settings",
    service=SettingsService,
    build=build,
    key=handlers.SERVICE,
    stores=(SettingsStore,),
    routes=handlers.routes,
    shows={SettingsStore.collection: PUBLIC_PART},
)
