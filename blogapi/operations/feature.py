"""The door of operations: health."""

from __future__ import annotations

from blogapi.feature import Feature
from blogapi.operations import handlers

OPERATIONS: Feature[None] = Feature(name="operations", routes=handlers.routes)
