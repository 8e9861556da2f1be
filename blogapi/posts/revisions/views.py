"""How revisions look to those who may read them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.clock import rfc3339
from blogapi.posts import examples
from blogapi.posts.copies import HEAVY_FIELDS, Working
from blogapi.posts.views import ContentShape, content_view
from blogapi.users.examples import SINCE, WRITER
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice


class RevisionSchema(ContentShape):
    """A state of the working copy, kept under a number. It never changes."""

    id = fields.Str(required=True)
    revision = fields.Int(required=True, metadata={"description": "Its number."})
    kind = fields.Str(required=True, validate=Choice(["create", "edit", "restore", "discard", "import"]))
    note = fields.Str(required=True, metadata={"description": "A remark of whoever made it."})
    edited_by = fields.Str(required=True, allow_none=True, metadata={"description": "The id of a user."})
    edited_at = fields.DateTime(required=True)

    example = {
        **ContentShape.example,
        "id": f"{examples.READ}:1",
        "revision": 1,
        "kind": "create",
        "note": "",
        "edited_by": WRITER,
        "edited_at": SINCE,
    }


def revision_view(post_id: str, copy: Working) -> dict[str, Any]:
    """One revision."""
    return {
        "id": f"{post_id}:{copy.revision}",
        "revision": copy.revision,
        "kind": copy.kind,
        "note": copy.note,
        "edited_by": copy.edited_by,
        "edited_at": rfc3339(copy.edited_at),
        **content_view(copy),
    }


REVISION = Shape(RevisionSchema, lambda pair: revision_view(*pair), HEAVY_FIELDS)
REVISION_FIELDS = tuple(RevisionSchema().fields)
