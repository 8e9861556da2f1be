"""The door of the audit log."""

from __future__ import annotations

from datetime import timedelta

from blogapi.audit import handlers
from blogapi.audit.service import AuditService
from blogapi.audit.store import AuditStore
from blogapi.feature import Feature, Wiring
from blogapi.jobs.runner import every
from blogapi.personal import PersonalData


def build(wiring: Wiring) -> AuditService:
    """The service of the audit log."""
    return AuditService(AuditStore(wiring.database), timedelta(days=wiring.config.audit.keep_days), wiring.now)


AUDIT = Feature(
    name="audit",
    service=AuditService,
    build=build,
    key=handlers.SERVICE,
    stores=(AuditStore,),
    personal=(
        # Ids only: who is erased stays in it by the id, which then leads to nobody.
        PersonalData(
            collection=AuditStore.collection,
            found_by=("actor.user_id",),
            erase=frozenset({"network"}),
            keep=frozenset({"_id", "action", "at", "actor", "target", "request_id", "facts", "schema"}),
            exported=("action", "at", "actor.kind", "target.kind", "target.id", "network"),
            forget=AuditService.forget,
        ),
    ),
    routes=handlers.routes,
    jobs=(every(3600, AuditService.remove_old_entries, done="audit entries removed that were too old"),),
)
