"""The door of tags."""

from __future__ import annotations

from blogapi.audit.service import AuditService
from blogapi.feature import Feature, Wiring
from blogapi.jobs.service import LongWork
from blogapi.tags import handlers
from blogapi.tags.service import TagService
from blogapi.tags.store import PUBLIC_PART, TagMoves, TagStore
from blogapi.tags.tidying import Tidying


def build(wiring: Wiring) -> TagService:
    """The service of tags."""
    store, moves = TagStore(wiring.database), TagMoves(wiring.database)
    tidying = Tidying(store, moves, wiring[LongWork], wiring[AuditService], wiring.now)
    return TagService(store, tidying, wiring.now)


TAGS = Feature(
    name="tags",
    service=TagService,
    build=build,
    key=handlers.SERVICE,
    stores=(TagStore,),
    routes=handlers.routes,
    shows={TagStore.collection: PUBLIC_PART},
)
