"""The door of the documentation: the OpenAPI document and its pages."""

from __future__ import annotations

from blogapi.feature import Feature
from blogapi.openapi import handlers

DOCUMENTATION: Feature[None] = Feature(name="documentation", routes=handlers.routes)
