"""How entries look from outside, and what makes one."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.clock import rfc3339
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Size, Strict, Text
from guestbook.model import Entry


class NewEntrySchema(Strict):
    """What somebody writes into the book. How long it may be is a setting, so the service looks at that."""

    text = Text(required=True, validate=Size(min=1))

    example = {"text": "Lovely place, I shall come again."}


class EntryAuthorSchema(Strict):
    """Who wrote it."""

    id = fields.Str(required=True)
    username = fields.Str(required=True)
    display_name = fields.Str(required=True)


class EntrySchema(Strict):
    """An entry."""

    id = fields.Str(required=True)
    author = fields.Nested(EntryAuthorSchema, required=True)
    text = fields.Str(required=True)
    written_at = fields.DateTime(required=True)

    example = {
        "id": "0b1060000000000000000031",
        "author": {"id": "0b1060000000000000000001", "username": "mira-holt", "display_name": "Mira Holt"},
        "text": "Lovely place, I shall come again.",
        "written_at": "2026-03-01T09:00:00.000Z",
    }


def entry_view(entry: Entry) -> dict[str, Any]:
    """An entry as everybody sees it."""
    author = entry.author
    return {
        "id": entry.id,
        "author": {"id": author.id, "username": author.username, "display_name": author.display_name},
        "text": entry.text,
        "written_at": rfc3339(entry.written_at),
    }


ENTRY = Shape(EntrySchema, entry_view, for_everybody=True)
