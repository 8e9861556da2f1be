"""The settings of the blog, as clients send and receive them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from marshmallow import fields, post_load, validates

from blogapi.clock import rfc3339_or_none
from blogapi.config.sections import REGISTRATION_MODES, REGISTRATION_ROLES
from blogapi.settings.custom import MAX_FILTERABLE, MAX_SCHEMA_BYTES
from blogapi.settings.matching import KIB
from blogapi.settings.model import (
    COMMENTS_POLICIES,
    CUSTOM_KEY,
    MAX_DESCRIPTION,
    MAX_FEED_LENGTH,
    MAX_POST_URL,
    MAX_TITLE,
    PLACEHOLDERS,
    POST_URL,
    Settings,
    Wish,
    names_each_post,
)
from blogapi.translation.sentence import say
from blogapi.web.endpoint import Shape
from blogapi.web.fields import (
    Choice,
    FullMatch,
    Items,
    LanguageTag,
    Line,
    Mapped,
    Size,
    Strict,
    Text,
    TimeZone,
    Whole,
    wrong,
)

_LANG = "The language of the blog (BCP 47). Whoever writes a post without saying its language writes in this one."
_TIMEZONE = "The IANA name of the time zone of the blog. The days in `post_url` are those of this time zone."
_POST_URL = (
    "Where the front end shows a post: an http or https address with placeholders, such as"
    f" `https://blog.example.org/{{slug}}`. They are {', '.join(f'`{{{name}}}`' for name in PLACEHOLDERS)}; `{{slug}}`"
    " or `{id}` has to be among them."
)
_COMMENTS = "Who may comment on a new post, unless it says so itself."
_FEED_LENGTH = "How many posts a feed has."
_MODE = "Who may register: everybody, who is invited, or nobody."
_INHERITED = " Null is what the configuration says (`registration`)."
_ROLE = "The role of who registers without an invitation."
_CUSTOM_SCHEMA = (
    f"What `custom` of a post may be: a JSON Schema (2020-12) of at most {MAX_SCHEMA_BYTES // KIB} KiB. Patterns have"
    " no look-around and no backreferences, `format` is checked, and `$ref` refers to `#/$defs` alone. Null: anything."
)
_FILTERABLE = (
    f"Fields of `custom` by which lists of posts can be filtered, `custom.series=Bees`: at most {MAX_FILTERABLE} that"
    " `custom_schema` declares as a text, a number or a boolean, or as an array of these."
)
_MERGED = " It is merged into the present one: null takes a keyword or a property out."
CUSTOM_EXAMPLE = {
    "type": "object",
    "properties": {"series": {"type": "string", "maxLength": 80}, "part": {"type": "integer", "minimum": 1}},
}
_EXAMPLE = {
    "title": "The garden",
    "description": "Bees, bread and a kitchen table.",
    "lang": "en",
    "timezone": "Europe/Berlin",
    "post_url": "https://blog.example.org/{slug}",
    "comments_policy": "open",
    "feed_length": 20,
}


def _described(text: str) -> dict[str, str]:
    return {"description": text}


class SettingsEditSchema(Strict):
    """Changes to the settings of the blog. A field that you leave out stays, and null removes its value."""

    title = Line(required=True, validate=Size(min=1, max=MAX_TITLE))
    description = Line(load_default="", validate=Size(max=MAX_DESCRIPTION))
    lang = LanguageTag(required=True, metadata=_described(_LANG))
    timezone = TimeZone(required=True)
    post_url = Text(
        load_default=None,
        validate=[
            Size(max=MAX_POST_URL),
            FullMatch(
                POST_URL,
                say(
                    "Must be an http or https address with a path. Its placeholders are {placeholders}.",
                    placeholders=", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
                ),
            ),
        ],
        metadata=_described(_POST_URL),
    )
    comments_policy = Text(required=True, validate=Choice(COMMENTS_POLICIES), metadata=_described(_COMMENTS))
    feed_length = Whole(1, MAX_FEED_LENGTH, required=True, metadata=_described(_FEED_LENGTH))
    registration_mode = Text(
        load_default=None, validate=Choice(REGISTRATION_MODES), metadata=_described(_MODE + _INHERITED)
    )
    registration_role = Text(
        load_default=None, validate=Choice(REGISTRATION_ROLES), metadata=_described(_ROLE + _INHERITED)
    )

    filterable = Items(
        Text(validate=FullMatch(CUSTOM_KEY.pattern, say("Must be the name of a field: a-z, 0-9 and _."))),
        load_default=(),
        validate=Size(max=MAX_FILTERABLE),
        metadata=_described(_FILTERABLE),
    )
    custom_schema = Mapped(load_default=None, metadata=_described(_CUSTOM_SCHEMA + _MERGED))

    example = {**_EXAMPLE, "custom_schema": CUSTOM_EXAMPLE, "filterable": ["series"]}

    @validates("post_url")
    def _posts_have_addresses_of_their_own(self, value: str | None, **_: Any) -> None:
        if value is not None and not names_each_post(value):
            says = say("Without {slug} or {id}, all posts would have one address.", slug="{slug}", id="{id}")
            raise wrong("invalid_format", says)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Wish:
        schema, filterable = data.pop("custom_schema"), tuple(dict.fromkeys(data.pop("filterable")))
        return Wish(
            **data,
            filterable=filterable,
            custom_schema=None if schema is None else json.dumps(schema, ensure_ascii=False),
        )


class ReadSettingsQuery(Strict):
    """How to read the settings."""

    view = Text(
        load_default=None,
        validate=Choice(["admin"]),
        metadata={"description": "`admin` answers with all of them. For administrators."},
    )


class SettingsShape(Strict):
    """The settings of the blog that everybody sees."""

    id = fields.Str(required=True)
    version = fields.Int(required=True, metadata=_described("Grows by one with each change."))
    title = fields.Str(required=True)
    description = fields.Str(required=True)
    lang = fields.Str(required=True, metadata=_described(_LANG))
    timezone = fields.Str(required=True, metadata=_described(_TIMEZONE))
    post_url = fields.Str(required=True, allow_none=True, metadata=_described(_POST_URL))
    comments_policy = fields.Str(required=True, validate=Choice(COMMENTS_POLICIES), metadata=_described(_COMMENTS))
    feed_length = fields.Int(required=True, metadata=_described(_FEED_LENGTH))
    registration_mode = fields.Str(required=True, validate=Choice(REGISTRATION_MODES), metadata=_described(_MODE))
    filterable = fields.List(fields.Str(), required=True, metadata=_described(_FILTERABLE))
    custom_schema = fields.Dict(required=True, allow_none=True, metadata=_described(_CUSTOM_SCHEMA))
    created_at = fields.DateTime(
        required=True, allow_none=True, metadata=_described("When something was first set; null before that.")
    )
    updated_at = fields.DateTime(required=True, allow_none=True)

    example = {
        "id": "settings",
        "version": 2,
        **_EXAMPLE,
        "registration_mode": "open",
        "filterable": ["series"],
        "custom_schema": CUSTOM_EXAMPLE,
        "created_at": "2026-03-01T09:00:00.000Z",
        "updated_at": "2026-03-01T09:00:00.000Z",
    }


class AllSettingsShape(SettingsShape):
    """The settings of the blog, with those that only administrators see."""

    registration_role = fields.Str(required=True, validate=Choice(REGISTRATION_ROLES), metadata=_described(_ROLE))
    inherited = fields.List(
        fields.Str(validate=Choice(["registration_mode", "registration_role"])),
        required=True,
        metadata=_described("The fields that are as the configuration of the server says."),
    )

    example = {**SettingsShape.example, "registration_role": "author", "inherited": ["registration_role"]}


def settings_view(settings: Settings) -> dict[str, Any]:
    """The settings as everybody sees them: of the last change that everybody could see."""
    change = settings.public_change
    return {
        "id": settings.id,
        "version": 1 if change is None else change.version,
        "title": settings.title,
        "description": settings.description,
        "lang": settings.lang,
        "timezone": settings.timezone,
        "post_url": settings.post_url,
        "comments_policy": settings.comments_policy,
        "feed_length": settings.feed_length,
        "registration_mode": settings.registration_mode,
        "filterable": list(settings.filterable),
        "custom_schema": _schema_of(settings),
        "created_at": rfc3339_or_none(None if change is None else settings.created_at),
        "updated_at": rfc3339_or_none(None if change is None else change.at),
    }


def all_settings_view(settings: Settings) -> dict[str, Any]:
    """The settings as administrators see them."""
    return {
        **settings_view(settings),
        "version": settings.version,
        "created_at": rfc3339_or_none(settings.created_at),
        "updated_at": rfc3339_or_none(settings.updated_at),
        "registration_role": settings.registration_role,
        "inherited": list(settings.inherited),
    }


def settable(settings: Settings) -> dict[str, Any]:
    """What a merge patch is merged into: what was set, as a client would send it."""
    values = asdict(settings.wish) | {
        "filterable": list(settings.filterable),
        "custom_schema": _schema_of(settings),
    }
    return {name: value for name, value in values.items() if value is not None}


def _schema_of(settings: Settings) -> dict[str, Any] | None:
    return None if settings.custom_schema is None else json.loads(settings.custom_schema)


PUBLIC_SETTINGS = Shape(SettingsShape, settings_view, for_everybody=True)
ALL_SETTINGS = Shape(AllSettingsShape, all_settings_view, says="administrators can also read the private ones")
