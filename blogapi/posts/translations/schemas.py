"""What clients send and receive about translations."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validates

from blogapi.ids import ID_PATTERN, is_id
from blogapi.posts import examples
from blogapi.posts.model import STATUSES
from blogapi.posts.schemas import check_each
from blogapi.posts.translations.model import MAX_TRANSLATIONS, GroupItem, ShownGroup, Translation
from blogapi.translation.sentence import say
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Items, Size, Strict, Text


class TranslationsSchema(Strict):
    """The posts that are one work in several languages."""

    posts = Items(
        Text(metadata={"pattern": f"^{ID_PATTERN}$"}),
        required=True,
        validate=Size(min=1, max=MAX_TRANSLATIONS),
        metadata={"description": "The ids of all of them, this one among them. This one alone has no translations."},
    )

    example = {"posts": [examples.TRANSLATION, examples.READ]}

    @validates("posts")
    def _posts_are_ids(self, value: list[str], **_: Any) -> None:
        check_each(value, is_id, "invalid_format", say("Must be the id of a post."))


class TranslationShape(Strict):
    """The same work in another language."""

    lang = fields.Str(required=True, allow_none=True)
    id = fields.Str(required=True)
    slug = fields.Str(required=True)
    title = fields.Str(required=True)


class TranslationItemShape(TranslationShape):
    """A post of the work."""

    status = fields.Str(required=True, validate=Choice(STATUSES))


class TranslationsShape(Strict):
    """The posts that are one work in several languages, as whoever asks may see them."""

    id = fields.Str(required=True, metadata={"description": "The id of the post that was asked for."})
    version = fields.Int(required=True, metadata={"description": "Of the whole; it grows with each change."})
    items = fields.List(
        fields.Nested(TranslationItemShape),
        required=True,
        metadata={"description": "The working copy where you may edit the post, else what its readers see."},
    )

    example = {
        "id": examples.TRANSLATION,
        "version": 1770000000000,
        "items": [
            {
                "id": examples.READ,
                "lang": "en",
                "slug": examples.READ_SLUG,
                "title": "Hello, reader",
                "status": "published",
            },
            {
                "id": examples.TRANSLATION,
                "lang": "de",
                "slug": "hallo-leser",
                "title": "Hallo, Leser",
                "status": "draft",
            },
        ],
    }


def translation_view(translation: Translation | GroupItem) -> dict[str, Any]:
    """The same work in another language."""
    return {
        "lang": translation.lang,
        "id": translation.id,
        "slug": translation.slug,
        "title": translation.title,
    }


def translations_view(shown: ShownGroup) -> dict[str, Any]:
    """All posts of the work that whoever asks may see."""
    return {
        "id": shown.post_id,
        "version": shown.version,
        "items": [{**translation_view(item), "status": item.status} for item in shown.items],
    }


TRANSLATIONS = Shape(TranslationsShape, translations_view)
