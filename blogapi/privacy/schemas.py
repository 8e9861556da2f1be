"""What clients receive about exports of personal data."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.clock import rfc3339
from blogapi.privacy.model import READY, WAITING, Export
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict


class ExportShape(Strict):
    """The export of your personal data."""

    state = fields.Str(
        required=True,
        validate=Choice((WAITING, READY)),
        metadata={"description": "`waiting` while it is made, `ready` when it can be fetched."},
    )
    asked_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True, metadata={"description": "It is removed then."})

    example = {"state": WAITING, "asked_at": "2026-03-01T09:00:00.000Z", "expires_at": "2026-03-02T09:00:00.000Z"}


def export_view(export: Export) -> dict[str, Any]:
    """An export as its owner sees it."""
    times = {"asked_at": rfc3339(export.asked_at), "expires_at": rfc3339(export.expires_at)}
    return {"state": export.state, **times}


EXPORT = Shape(ExportShape, export_view)
