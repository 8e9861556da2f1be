"""How two compared revisions look from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from marshmallow import fields

from blogapi.posts.revisions.comparison import Comparison
from blogapi.posts.views import content_view
from blogapi.text.difference import Difference
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, QueryWhole, Strict

MAX_REVISION = 10**15 - 1
# Told by what came and what went, and by which of their members differ.
_LISTS, _OBJECTS = ("tags", "authors"), ("cover", "seo", "custom")
_VALUE = {"type": ["string", "array", "object", "null"], "items": {"type": ["string", "object"]}}
_RANGE = {"minItems": 2, "maxItems": 2}


class DiffQuery(Strict):
    """With what to compare."""

    to = QueryWhole(
        0,
        MAX_REVISION,
        load_default=None,
        metadata={"description": "The number of the other revision. Left out, it is the newest one."},
    )


class SpanShape(Strict):
    """A passage that differs. Ranges are a start and an end (exclusive), counted in Unicode code points from 0."""

    op = fields.Str(required=True, validate=Choice(["insert", "delete", "replace"]))
    before = fields.List(
        fields.Int(),
        required=True,
        data_key="from",
        metadata={**_RANGE, "description": "Where it stands in the text of `from`. Empty for `insert`."},
    )
    after = fields.List(
        fields.Int(),
        required=True,
        data_key="to",
        metadata={**_RANGE, "description": "Where it stands in the text of `to`. Empty for `delete`."},
    )


class FieldDiffShape(Strict):
    """A field that differs. Of a `body`, the texts themselves are left out: read the revisions."""

    name = fields.Str(required=True)
    before = fields.Raw(metadata={**_VALUE, "description": "The value in `from`. Not of a `body`."})
    after = fields.Raw(metadata={**_VALUE, "description": "The value in `to`. Not of a `body`."})
    unified = fields.Str(
        metadata={"description": "Of a `body`: what `diff -u` says of its lines, for `patch` and for people."}
    )
    spans = fields.List(
        fields.Nested(SpanShape),
        metadata={
            "description": "Of `title`, `excerpt` and `body`: the passages that differ, in order. Outside of them the "
            "texts are the same."
        },
    )
    coarse = fields.Bool(
        metadata={
            "description": "With `spans`: whether the texts differ too much to tell all of it. Then a passage counts "
            "as replaced as a whole, though there may be something in it that is the same."
        }
    )
    added = fields.List(fields.Str(), metadata={"description": "Of `tags`, and ids of `authors`: what came."})
    removed = fields.List(fields.Str(), metadata={"description": "Of `tags`, and ids of `authors`: what went."})
    changed = fields.List(
        fields.Str(),
        metadata={"description": "Of `cover`, `seo` and `custom`: what differs in it, as JSON Pointers (RFC 6901)."},
    )


class ComparisonShape(Strict):
    """What leads from one revision of a post to another."""

    before = fields.Int(required=True, data_key="from", metadata={"description": "The number of the revision."})
    after = fields.Int(required=True, data_key="to", metadata={"description": "That of the other one."})
    # A marshmallow schema has an attribute `fields` of its own.
    differing = fields.List(
        fields.Nested(FieldDiffShape),
        required=True,
        data_key="fields",
        metadata={"description": "The fields that differ, without those that are rendered from the body."},
    )

    example = {
        "from": 1,
        "to": 2,
        "fields": [
            {
                "name": "title",
                "before": "Hello reader",
                "after": "Hello, reader",
                "spans": [{"op": "insert", "from": [5, 5], "to": [5, 6]}],
                "coarse": False,
            },
            {
                "name": "body",
                "unified": "--- 1/body\n+++ 2/body\n@@ -1 +1 @@\n-A new blog.\n+A good blog.\n",
                "spans": [{"op": "replace", "from": [2, 5], "to": [2, 6]}],
                "coarse": False,
            },
            {"name": "tags", "before": [], "after": ["welcome"], "added": ["welcome"], "removed": []},
        ],
    }


def comparison_view(found: Comparison) -> dict[str, Any]:
    """Field by field."""
    before, after = content_view(found.before), content_view(found.after)
    return {
        "from": found.before.revision,
        "to": found.after.revision,
        "fields": [_field_view(name, before[name], after[name], found.texts.get(name)) for name in found.fields],
    }


def _field_view(name: str, before: Any, after: Any, text: Difference | None) -> dict[str, Any]:
    values = {"before": before, "after": after}
    if text is not None:
        told = {"unified": text.unified} if name == "body" else values
        return {"name": name, **told, "spans": _spans_view(text), "coarse": text.is_coarse}
    if name in _LISTS:
        one, other = ([_key_of(item) for item in items] for items in (before, after))
        values["added"] = [key for key in other if key not in one]
        values["removed"] = [key for key in one if key not in other]
    if name in _OBJECTS:
        values["changed"] = list(_pointers(before, after))
    return {"name": name, **values}


def _spans_view(text: Difference) -> list[dict[str, Any]]:
    return [{"op": span.op, "from": span.before, "to": span.after} for span in text.spans]


def _key_of(item: Any) -> Any:
    return item["id"] if isinstance(item, dict) else item


def _pointers(before: Any, after: Any, pointer: str = "") -> Iterator[str]:
    """Where two values differ: objects by their members, anything else as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if _json(before) != _json(after):
            yield pointer
        return
    for name in sorted({*before, *after}):
        inner = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name in before and name in after:
            yield from _pointers(before[name], after[name], inner)
        else:
            yield inner


def _json(value: Any) -> bytes:
    """To Python, true, 1 and 1.0 are the same."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


COMPARISON = Shape(ComparisonShape, comparison_view)
