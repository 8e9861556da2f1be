"""How tags look from outside."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from blogapi.clock import rfc3339
from blogapi.paging.cursors import PageQuery
from blogapi.tags import examples
from blogapi.tags.model import MAX_DESCRIPTION, MAX_NAME, MAX_SLUG, TAG_SLUG, Tag, TagEdit
from blogapi.translation.sentence import say
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, FullMatch, Line, Size, Strict, Text
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


_A_SLUG = (
    Size(min=1, max=MAX_SLUG),
    FullMatch(TAG_SLUG, say("Only a-z, 0-9 and single hyphens, at most 60 characters.")),
)


class TagEditSchema(Strict):
    """What an editor can change of a tag."""

    name = Line(required=True, validate=Size(min=1, max=MAX_NAME), metadata={"description": "What people call it."})
    description = Text(
        required=True, validate=Size(max=MAX_DESCRIPTION), metadata={"description": "What it is about. Plain text."}
    )
    slug = Text(
        required=True, validate=_A_SLUG, metadata={"description": "By which posts carry it, and readers find it."}
    )

    example = {"name": "Garden", "description": "What grows behind the house.", "slug": examples.EDITED}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> TagEdit:
        return TagEdit(**data)


class MergeSchema(Strict):
    """Into which tag another one is merged."""

    into = Text(required=True, validate=_A_SLUG, metadata={"description": "The slug of the tag that stays."})

    example = {"into": examples.MERGED_INTO}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> str:
        into: str = data["into"]
        return into


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


def editable(tag: Tag) -> dict[str, Any]:
    """What a patch of a tag is applied to."""
    return {"name": tag.name, "description": tag.description, "slug": tag.slug}


TAG = Shape(TagSchema, tag_view, for_everybody=True)
# Of the same form, and for nobody else to keep.
HIDDEN_TAG = Shape(TagSchema, tag_view, says="editors find tags that no public post carries, too")
TAG_FIELDS = tuple(TagSchema().fields)
