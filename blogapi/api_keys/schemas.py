"""What clients send and receive about API keys."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from blogapi.access.scopes import POSTS_READ, POSTS_WRITE, SCOPES
from blogapi.api_keys.examples import REVOKED
from blogapi.api_keys.model import MAX_NAME, ApiKey, NewApiKey, ShownApiKey
from blogapi.clock import rfc3339, rfc3339_or_none
from blogapi.paging.cursors import PageQuery
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Items, Line, Size, Strict, Text, Timestamp

_SCOPES = "What the program may do. Without any scope it can do nothing."


class NewApiKeySchema(Strict):
    """A new API key for a program."""

    name = Line(
        required=True,
        validate=Size(min=1, max=MAX_NAME),
        metadata={"description": "What the key is for, so that you recognise it later."},
    )
    scopes = Items(
        Text(validate=Choice(SCOPES)),
        required=True,
        validate=Size(max=len(SCOPES)),
        metadata={"description": _SCOPES},
    )
    expires_at = Timestamp(
        load_default=None, allow_none=True, metadata={"description": "When the key stops working. Null for never."}
    )

    example = {"name": "Nightly backup", "scopes": [POSTS_READ, POSTS_WRITE], "expires_at": None}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> NewApiKey:
        return NewApiKey(**{**data, "scopes": tuple(dict.fromkeys(data["scopes"]))})


class ApiKeyListQuery(PageQuery):
    """A page of your API keys."""


class ApiKeyShape(Strict):
    """An API key, without the key itself."""

    id = fields.Str(required=True)
    name = fields.Str(required=True)
    scopes = fields.List(fields.Str(validate=Choice(SCOPES)), required=True)
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True, allow_none=True)
    last_used_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it was last used, to the hour. Null when it was never used."},
    )

    example = {
        "id": REVOKED,
        "name": "Nightly backup",
        "scopes": [POSTS_READ, POSTS_WRITE],
        "created_at": "2026-03-01T09:00:00.000Z",
        "expires_at": None,
        "last_used_at": None,
    }


class ShownApiKeyShape(ApiKeyShape):
    """A new API key, with the key itself. No other answer shows it."""

    key = fields.Str(required=True, metadata={"description": "The key itself. Store it now: it is not shown again."})

    example = {**ApiKeyShape.example, "key": f"bk_{REVOKED}_xxxx"}


def api_key_view(key: ApiKey) -> dict[str, Any]:
    """A key as its owner sees it."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339_or_none(key.expires_at),
        "last_used_at": rfc3339_or_none(key.last_used_at),
    }


def shown_api_key_view(shown: ShownApiKey) -> dict[str, Any]:
    """The same with the value, this once."""
    return {**api_key_view(shown.key), "key": shown.value}


API_KEY = Shape(ApiKeyShape, api_key_view)
SHOWN_API_KEY = Shape(ShownApiKeyShape, shown_api_key_view)
