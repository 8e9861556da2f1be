"""What the OpenAPI document says of the fields of one's own: the schema that administrators have declared."""

from __future__ import annotations

import json
from typing import Any

from blogapi.openapi.pages import Amendment
from blogapi.posts.service import PostService

_CUSTOM = "Custom"
# What is merged into the present fields, and former revisions, need not fit it.
_SHOWING = ("NewPost", "PublicPost", "PublicPostItem", "WorkingPost", "WorkingPostItem")


async def custom_in_document(posts: PostService) -> Amendment:
    """How the present settings change the document."""
    schema = (await posts.custom.settings()).custom_schema

    def apply(document: dict[str, Any]) -> None:
        if schema is None:
            return
        known = document["components"]["schemas"]
        known[_CUSTOM] = _moved(json.loads(schema))
        for name in _SHOWING:
            known[name]["properties"]["custom"] = {"$ref": f"#/components/schemas/{_CUSTOM}"}

    return Amendment(key=schema, apply=apply)


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
