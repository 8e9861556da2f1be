"""The fields of one's own that posts have (`custom`): declared by administrators as a JSON Schema (2020-12).

A schema may be hostile, and so may what is checked against it. Therefore nothing is fetched, nothing refers to itself,
patterns are matched in linear time (no look-around, no backreferences), and how much work a check is follows from the
sizes of both, which are bounded before it begins. For patterns, `matching` says how much it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from blogapi.errors import FieldError, Invalid
from blogapi.settings.matching import (
    ITEMS,
    KIB,
    LARGEST_KIB,
    MEMBERS,
    REFERENCES,
    SAME,
    SAME_MANY,
    SAME_NAMED,
    Matching,
    text_bytes,
)
from blogapi.translation.bounds import at_least_characters, at_most_characters
from blogapi.translation.sentence import Sentence, say, say_many, verbatim

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 16 * KIB
MAX_SCHEMA_DEPTH = 16
# How many schemas one value may have to be checked against, with all that is referred to.
MAX_SCHEMAS = 500
MAX_FILTERABLE = 8
# So many values times so many schemas are checked, which takes some 30 ms at most; and so many, if all that is wrong is
# to be told.
_MOST_WORK, _MOST_TOLD = 200_000, 5_000
# So many bytes of text times KiB of pattern are matched, which takes 0.2 s at the worst. What may be more is looked at
# in detail, where that is little work itself.
_MOST_MATCHED, _MOST_LOOKED_AT = 400_000, 20_000
_MOST_ERRORS = 100
_LONGEST_MESSAGE = 300
# A reference means these as they are written. Another name, such as `a/b`, `a~1b` or `%61`, would be measured, and the
# definition that is meant by it (RFC 6901, section 6) would be gone by.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# The last one is none of 2020-12, but the library goes by it.
_REFUSED = (
    *("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"),
    "dependencies",
)
# Keywords with schemas in them: one, a list of them, or one for each name.
_ONE = (*ITEMS, *MEMBERS, "propertyNames", *SAME)
_MANY = (*SAME_MANY, "prefixItems")
_NAMED = ("properties", "patternProperties", *SAME_NAMED)
# Those whose schemas are for the value itself, and those that ask what all of them have looked at.
_OF_THE_SAME = frozenset({*SAME, *SAME_MANY, *SAME_NAMED})
_UNEVALUATED, _MOST_UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"}), 2
_PATTERN_BYTES = LARGEST_KIB * KIB


class CustomSchema:
    """A compiled schema. Raises Invalid for one that is not accepted, with pointers into it."""

    def __init__(self, text: str) -> None:
        # Takes 4 MB of each worker, so only where somebody declares fields.
        from jsonschema_rs import Draft202012Validator, ReferencingError, RegexOptions, ValidationError

        self.schema: Mapping[str, Any] = json.loads(text)
        self._size = _Measured(self.schema).size
        self._matching = Matching(self.schema) if '"pattern' in text else None
        try:
            self._validator = Draft202012Validator(
                dict(self.schema),
                validate_formats=True,
                ignore_unknown_formats=False,
                pattern_options=RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES),
                retriever=_fetch_nothing,
            )
        except ValidationError as error:
            path = list(error.instance_path)
            raise _refused(_pointer(path), _said_of_schema(path, error)) from None
        except (ReferencingError, ValueError) as error:
            raise _refused("", verbatim(str(error)[:_LONGEST_MESSAGE])) from None

    def faults(self, custom: Mapping[str, Any]) -> list[FieldError]:
        """What is wrong with the fields of a post, at most 100 faults; of a large value only the first."""
        value = dict(custom)
        work = _count(value) * self._size
        if work > _MOST_WORK or self._takes_long_to_match(value, work):
            says = say("Too much to check: this value is too large for this schema.")
            return [FieldError(pointer="", code="too_complex", detail=says)]
        if self._validator.is_valid(value):
            return []
        if work <= _MOST_TOLD:
            errors = list(self._validator.iter_errors(value))
        else:
            errors = [_first_error(self._validator, value)]
        return [fault for error in errors for fault in _faults(error)][:_MOST_ERRORS]

    def _takes_long_to_match(self, value: Any, work: int) -> bool:
        if self._matching is None or text_bytes(value) * self._size * LARGEST_KIB <= _MOST_MATCHED:
            return False
        return work > _MOST_LOOKED_AT or self._matching.work(value) > _MOST_MATCHED


@lru_cache(maxsize=8)  # the present one, and those that are tried out
def compiled(text: str) -> CustomSchema:
    """Each schema is compiled once. Raises Invalid."""
    return CustomSchema(text)


_SCALARS = ("string", "integer", "number", "boolean")
_TYPES = (*_SCALARS, "object", "array", "null")


def filter_kind(schema: str | None, name: str) -> str | None:
    """Of which type the values are by which posts can be found; None for what is no scalar, nor many of them."""
    declared = None if schema is None else compiled(schema).schema.get("properties", {}).get(name)
    if isinstance(declared, dict) and declared.get("type") == "array":
        declared = declared.get("items")
    kind = declared.get("type") if isinstance(declared, dict) else None
    return kind if isinstance(kind, str) and kind in _SCALARS else None


def custom_faults(schema: str | None, custom: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the `custom` of a post by this schema, with pointers into the post."""
    if schema is None:
        return []
    found = compiled(schema).faults(custom)
    return [
        FieldError(pointer=f"/custom{each.pointer}", code=each.code, detail=each.detail, params=each.params)
        for each in found
    ]


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is elsewhere")


def _refused(pointer: str, says: Sentence) -> Invalid:
    return Invalid.field(f"/custom_schema{pointer}", "invalid_schema", says)


class _Measure(NamedTuple):
    """How many schemas a value may have to be checked against, and how many `unevaluated...` stand in each other.

    For each of these, all within it is gone through about three times. Those for other values, such as of members, do
    not count.
    """

    size: int
    height: int


class _Measured:
    """Walks through a schema before it is compiled. Raises Invalid for what is not accepted in it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        if len(json.dumps(schema)) > MAX_SCHEMA_BYTES:
            raise _refused("", say("At most {size} KiB of JSON.", size=MAX_SCHEMA_BYTES // KIB))
        if schema.get("$schema", DIALECT) != DIALECT:
            raise _refused("/$schema", say("Only JSON Schema 2020-12 is known here."))
        definitions = schema.get("$defs")
        # What is no object there, the compiler refuses, unless something refers to it.
        self._definitions: Mapping[str, Any] = definitions if isinstance(definitions, dict) else {}
        self._known: dict[str, _Measure] = {}
        self._within: list[str] = []
        for name, definition in self._definitions.items():
            self._of(definition, f"/$defs{_pointer([name])}", 1)
        self.size = self._of(schema, "", 0).size
        """How many schemas a value may have to be checked against."""

    def _of(self, schema: Any, pointer: str, depth: int) -> _Measure:
        if not isinstance(schema, dict):
            return _Measure(1, 0)  # a boolean, or a mistake that the compiler tells
        if depth > MAX_SCHEMA_DEPTH:
            raise _refused(pointer, say("Nested too deep."))
        for keyword in _REFUSED:
            if keyword in schema:
                raise _refused(f"{pointer}/{keyword}", say("{keyword} is not supported here.", keyword=keyword))
        if pointer and "$defs" in schema:
            raise _refused(f"{pointer}/$defs", say("Definitions stand at the top: #/$defs."))
        inner = [
            (keyword, self._of(each, f"{pointer}/{keyword}{where}", depth + 1))
            for keyword, where, each in _inner(schema)
        ]
        measures = [measure for _, measure in inner]
        of_the_same = [measure for keyword, measure in inner if keyword in _OF_THE_SAME]
        if "$ref" in schema:
            referred = self._referred(schema["$ref"], f"{pointer}/$ref", depth)
            measures.append(referred)
            of_the_same.append(referred)
        size = 1 + sum(measure.size for measure in measures)
        if size > MAX_SCHEMAS:
            raise _refused(pointer, say("Too complex: at most {count} schemas for one value.", count=MAX_SCHEMAS))
        height = max((measure.height for measure in of_the_same), default=0)
        height += not schema.keys().isdisjoint(_UNEVALUATED)
        if height > _MOST_UNEVALUATED:
            raise _refused(pointer, say("Nested too deep."))
        return _Measure(size, height)

    def _referred(self, reference: Any, pointer: str, depth: int) -> _Measure:
        name = reference.removeprefix(REFERENCES) if isinstance(reference, str) else ""
        if name in self._definitions and not _PLAIN_NAME.fullmatch(name):
            raise _refused(pointer, say("Name what is referred to with letters, digits, _, . and - alone."))
        if not isinstance(reference, str) or not reference.startswith(REFERENCES) or name not in self._definitions:
            raise _refused(pointer, say("Only what stands in #/$defs can be referred to; nothing is fetched."))
        if name in self._within:
            raise _refused(pointer, say("A definition cannot refer to itself."))
        if name not in self._known:
            self._within.append(name)
            self._known[name] = self._of(self._definitions[name], f"/$defs/{name}", depth + 1)
            self._within.pop()
        return self._known[name]


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The schemas in a schema, each with its keyword and the pointer in what stands there."""
    for keyword in _ONE:
        if keyword in schema:
            yield keyword, "", schema[keyword]
    for keyword in _MANY:
        many = schema.get(keyword)
        yield from ((keyword, f"/{index}", each) for index, each in enumerate(many if isinstance(many, list) else ()))
    for keyword in _NAMED:
        named = schema.get(keyword)
        for name, each in named.items() if isinstance(named, dict) else ():
            yield keyword, _pointer([name]), each


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(_count, value.values()))
    return 1 + sum(map(_count, value)) if isinstance(value, list) else 1


def _first_error(validator: Draft202012Validator, value: Any) -> ValidationError:
    from jsonschema_rs import ValidationError

    try:
        validator.validate(value)
    except ValidationError as error:
        return error
    raise AssertionError  # it is not valid


# What is wrong, in our words


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    detail: Sentence
    params: Mapping[str, Any]


def _length(*, least: bool, is_text: bool) -> Callable[[Any], _Fault]:
    def fault(limit: int) -> _Fault:
        if is_text:
            says = at_least_characters(limit) if least else at_most_characters(limit)
        elif least:
            says = say_many("At least {count:,} item.", "At least {count:,} items.", limit)
        else:
            says = say_many("At most {count:,} item.", "At most {count:,} items.", limit)
        return _Fault("too_short" if least else "too_long", says, {"min" if least else "max": limit})

    return fault


def _range(name: str, says: Callable[[Any], Sentence]) -> Callable[[Any], _Fault]:
    return lambda limit: _Fault("out_of_range", says(limit), {name: limit})


def _choice(choices: Any) -> _Fault:
    text = ", ".join(json.dumps(each, ensure_ascii=False) for each in choices)[:_LONGEST_MESSAGE]
    return _Fault("invalid_choice", say("Must be one of: {choices}.", choices=text), {"choices": choices})


def _kinds(kinds: Any) -> _Fault:
    names = kinds if isinstance(kinds, list) else [kinds]
    return _Fault("invalid_type", say("Must be of the type: {types}.", types=", ".join(names)), {"types": names})


# By keyword: what is to be said, given what the keyword says.
_SAID: Mapping[str, Callable[[Any], _Fault]] = {
    "type": _kinds,
    "enum": _choice,
    "const": lambda value: _choice([value]),
    "minLength": _length(least=True, is_text=True),
    "maxLength": _length(least=False, is_text=True),
    "minItems": _length(least=True, is_text=False),
    "maxItems": _length(least=False, is_text=False),
    "minimum": _range("min", lambda limit: say("Must be at least {min:,}.", min=limit)),
    "maximum": _range("max", lambda limit: say("Must be at most {max:,}.", max=limit)),
    "exclusiveMinimum": _range("above", lambda limit: say("Must be more than {min:,}.", min=limit)),
    "exclusiveMaximum": _range("below", lambda limit: say("Must be less than {max:,}.", max=limit)),
    "pattern": lambda pattern: _Fault(
        "invalid_format", say("Must match {pattern}", pattern=pattern), {"pattern": pattern}
    ),
    "format": lambda name: _Fault("invalid_format", say("Must be a {format}.", format=name), {"format": name}),
    "uniqueItems": lambda _: _Fault("repeated", say("This value is there twice."), {}),
}
_MISSING = _Fault("required", say("Missing data for required field."), {})
_UNKNOWN = _Fault("unknown_field", say("Unknown field."), {})
_OTHERWISE = _Fault("invalid", say("Invalid value."), {})


def _faults(error: ValidationError) -> Iterator[FieldError]:
    path, keyword, value = list(error.instance_path), error.kind.name, error.kind.value
    if keyword == "required":
        yield _at([*path, value], _MISSING)
    elif keyword in ("additionalProperties", "unevaluatedProperties"):
        for name in value:
            yield _at([*path, name], _UNKNOWN)
    elif keyword in _SAID:
        yield _at(path, _SAID[keyword](value))
    else:
        yield _at(path, _OTHERWISE)


def _said_of_schema(path: list[Any], error: ValidationError) -> Sentence:
    """What is wrong with a schema at this place, by the schema of schemas."""
    keyword, value = error.kind.name, error.kind.value
    if keyword == "format" and value == "regex":
        return say("Must be a regular expression of moderate size, without look-around and backreferences.")
    if path[-1:] == ["type"]:
        return say("Must be one of: {choices}.", choices=", ".join(_TYPES))
    if path[-1:] == ["format"]:
        return say("This format is not known here.")
    return _SAID[keyword](value).detail if keyword in _SAID else verbatim(error.message[:_LONGEST_MESSAGE])


def _at(path: list[Any], fault: _Fault) -> FieldError:
    return FieldError(pointer=_pointer(path), code=fault.code, detail=fault.detail, params=fault.params)


def _pointer(path: list[Any]) -> str:
    """RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
