"""How tags look from outside."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.clock import rfc3339
from blogapi.paging.cursors import PageQuery
from blogapi.tags.model import Tag
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict, Text
from blogapi.web.query import FieldsQuery


class TagSchema(Strict):
    """A word that groups posts. It exists as soon as a post uses it."""

    id = fields.Str(required=True)
    version = fields.Int(required=True, metadata={"description": "Grows by one with each change."})
    slug = fields.Str(required=True)
    name = fields.Str(required=True)
    description = fields.Str(required=True)
    post_count = fields.Int(required=True, metadata={"description": "How many public posts have this tag."})
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)

    example = {
        "id": "0b1060000000000000000021",
        "version": 1,
        "slug": "welcome",
        "name": "welcome",
        "description": "",
        "post_count": 1,
        "created_at": "2026-03-01T09:00:00.000Z",
        "updated_at": "2026-03-01T09:00:00.000Z",
    }


class TagListQuery(PageQuery, FieldsQuery):
    """What a list of tags can be asked for."""

    sort = Text(
        load_default="slug",
        validate=Choice(["slug", "-slug", "-post_count"]),
        metadata={"description": "A `-` means descending."},
    )


def tag_view(tag: Tag) -> dict[str, Any]:
    """A tag as readers see it."""
    return {
        "id": tag.id,
        "version": tag.version,
        "slug": tag.slug,
        "name": tag.name,
        "description": tag.description,
        "post_count": tag.post_count,
        "created_at": rfc3339(tag.created_at),
        "updated_at": rfc3339(tag.updated_at),
    }


TAG = Shape(TagSchema, tag_view, for_everybody=True)
TAG_FIELDS = tuple(TagSchema().fields)
