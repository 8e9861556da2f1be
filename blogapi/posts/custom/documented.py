"""What the OpenAPI document says of the fields of one's own: the schema that administrators have declared."""

from __future__ import annotations

import json
from typing import Any

from blogapi.openapi.pages import Amendment
from blogapi.posts.custom.query import PREFIX
from blogapi.posts.service import PostService
from blogapi.settings.custom import filter_kind

_CUSTOM = "Custom"
_LISTS = ("/v1/posts", "/v1/me/posts")
# What is merged into the present fields, and former revisions, need not fit it.
_SHOWING = ("NewPost", "PublicPost", "PublicPostItem", "WorkingPost", "WorkingPostItem")


async def custom_in_document(posts: PostService) -> Amendment:
    """How the present settings change the document."""
    settings = await posts.custom.settings()
    schema, filterable = settings.custom_schema, settings.filterable

    def apply(document: dict[str, Any]) -> None:
        if schema is None:
            return
        known = document["components"]["schemas"]
        known[_CUSTOM] = _moved(json.loads(schema))
        for name in _SHOWING:
            known[name]["properties"]["custom"] = {"$ref": f"#/components/schemas/{_CUSTOM}"}
        for path in _LISTS:
            document["paths"][path]["get"]["parameters"] += [_parameter(schema, name) for name in filterable]

    return Amendment(key=(schema, filterable), apply=apply)


def _parameter(schema: str, name: str) -> dict[str, Any]:
    values = {"type": filter_kind(schema, name)}
    return {
        "in": "query",
        "name": f"{PREFIX}{name}",
        "required": False,
        "description": f"Values of `{name}` in `custom`.",
        "schema": {"type": "array", "items": values, "minItems": 1, "maxItems": 20},
        "style": "form",
        "explode": False,
    }


def _moved(schema: Any) -> Any:
    """The same at another place in a larger document, whose dialect it has."""
    if isinstance(schema, list):
        return [_moved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {key: _moved(value) for key, value in schema.items() if key != "$schema"}
    reference = moved.get("$ref")
    if isinstance(reference, str):
        moved["$ref"] = reference.replace("#/$defs/", f"#/components/schemas/{_CUSTOM}/$defs/")
    return moved
