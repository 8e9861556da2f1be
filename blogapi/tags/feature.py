"""The door of tags."""

from __future__ import annotations

from blogapi.feature import Feature, Wiring
from blogapi.tags import handlers
from blogapi.tags.service import TagService
from blogapi.tags.store import PUBLIC_PART, TagStore


def build(wiring: Wiring) -> TagService:
    """The service of tags."""
    return TagService(TagStore(wiring.database), wiring.now)


TAGS = Feature(
    name="tags",
    service=TagService,
    build=build,
    key=handlers.SERVICE,
    stores=(TagStore,),
    routes=handlers.routes,
    shows={TagStore.collection: PUBLIC_PART},
)
