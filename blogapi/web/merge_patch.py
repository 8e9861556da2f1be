"""JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema

from blogapi.web.fields import Record


def merge_patch(target: Any, patch: Any) -> Any:
    """The target after the patch (RFC 7396 section 2): objects merge, null removes, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def with_unknown(schema: Schema, patch: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """The merged object with the unknown fields that null removed from it, so that they are refused like all others."""
    whole = {**merged, **{name: sent for name, sent in patch.items() if name not in schema.fields}}
    for name, known in schema.fields.items():
        sent, made = patch.get(name), merged.get(name)
        if isinstance(known, Record) and isinstance(sent, dict) and isinstance(made, dict):
            whole[name] = with_unknown(known.schema, sent, made)
    return whole
