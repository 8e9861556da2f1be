"""How much work it is to match the texts of a value with the patterns of a schema, before it is done.

A pattern is matched in time that grows with the text and with the pattern as it is compiled, whatever either holds. Of
a pattern such as `[ab]{1000}`, that is much more than its length: by it, a single text may take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

KIB = 1024
LARGEST_KIB = 256
_SIZES_KIB = (2, 8, 32, 128, LARGEST_KIB)
REFERENCES = "#/$defs/"
# Keywords whose schemas are for the value itself: with one, a list of them, or one for each name.
SAME, SAME_MANY, SAME_NAMED = ("not", "if", "then", "else"), ("allOf", "anyOf", "oneOf"), ("dependentSchemas",)
# Those with one for what is in it.
ITEMS = ("items", "contains", "unevaluatedItems")
MEMBERS = ("additionalProperties", "unevaluatedProperties")


def text_bytes(value: Any) -> int:
    """All of its texts together, and the names in it, in UTF-8."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return sum(len(name.encode()) + text_bytes(each) for name, each in value.items())
    return sum(map(text_bytes, value)) if isinstance(value, list) else 0


class Matching:
    """The patterns of an accepted schema, which refers to nothing but its definitions and never to itself."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema, self._definitions = schema, schema.get("$defs", {})

    def work(self, value: Any) -> int:
        """Bytes of text times KiB of compiled pattern, of all that may have to be matched."""
        return self._of(self._schema, value)

    def _of(self, schema: Any, value: Any) -> int:
        if not isinstance(schema, Mapping):
            return 0
        total = sum(self._of(each, value) for each in self._for_the_same(schema))
        if isinstance(value, str):
            return total + (_size(schema["pattern"]) * text_bytes(value) if "pattern" in schema else 0)
        if isinstance(value, Mapping):
            return total + self._of_members(schema, value)
        return total + (self._of_items(schema, value) if isinstance(value, list) else 0)

    def _for_the_same(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        if "$ref" in schema:
            yield self._definitions[schema["$ref"].removeprefix(REFERENCES)]
        yield from (schema[keyword] for keyword in SAME if keyword in schema)
        for keyword in SAME_MANY:
            yield from schema.get(keyword, ())
        for keyword in SAME_NAMED:
            yield from schema.get(keyword, {}).values()

    def _of_members(self, schema: Mapping[str, Any], value: Mapping[str, Any]) -> int:
        named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        of_names = sum(map(_size, patterns))
        others = [*patterns.values(), *(schema[keyword] for keyword in MEMBERS if keyword in schema)]
        total = 0
        for name, each in value.items():
            total += of_names * len(name.encode())
            total += self._of(schema.get("propertyNames"), name) + self._of(named.get(name), each)
            total += sum(self._of(other, each) for other in others)
        return total

    def _of_items(self, schema: Mapping[str, Any], value: list[Any]) -> int:
        of_all = [schema[keyword] for keyword in ITEMS if keyword in schema]
        total = sum(self._of(each, item) for each in of_all for item in value)
        return total + sum(map(self._of, schema.get("prefixItems", ()), value))


@lru_cache(maxsize=1024)
def _size(pattern: str) -> int:
    """Of a pattern as it is compiled: at most so many KiB."""
    from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

    for kib in _SIZES_KIB:
        try:
            Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions(size_limit=kib * KIB))
        except ValidationError:
            continue
        return kib
    return LARGEST_KIB
