"""Query parameters: an allow-list per route, values checked by a marshmallow schema."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from aiohttp import web
from marshmallow import EXCLUDE, Schema, ValidationError, fields

from blogapi.errors import BlogError
from blogapi.translation.sentence import Sentence, say
from blogapi.web.fields import CommaList, Message, NameList, OpenParameters, Strict, text_of


class NoQuery(Strict):
    """For routes that take no query parameter."""


class FieldsQuery(Strict):
    """`fields=title,slug`: only these, and `id`."""

    # Not named `fields`: that is marshmallow's own attribute.
    chosen = NameList(
        data_key="fields",
        load_default=None,
        metadata={"description": "Names of fields, separated by commas. The answer has only these and `id`."},
    )


def chosen_fields(query: Mapping[str, Any], known: Iterable[str]) -> tuple[str, ...] | None:
    """The fields that were asked for; None for all. Raises BlogError `unknown_parameter` for one that is not known."""
    if query["chosen"] is None:
        return None
    names: tuple[str, ...] = query["chosen"]
    for name in names:
        if name not in known:
            raise unknown_name(name, known, parameter="fields")
    return names or None


def read_query(request: web.Request, schema: Schema) -> Mapping[str, Any]:
    """What the schema makes of the query string. Raises BlogError `unknown_parameter`, `invalid_parameter`.

    What is not known is ignored by a schema that says so, where others decide what is sent.
    A list that is repeated is one list: `tag=a&tag=b` is `tag=a,b`.
    """
    known = {field.data_key or name: field for name, field in schema.fields.items()} if request.query_string else {}
    values = _given(request, known, ignores=schema.unknown == EXCLUDE)
    # A cursor is any text, and different on every page.
    cursor = {"cursor": values.pop("cursor")} if "cursor" in values else {}
    try:
        loaded = _load(schema, tuple(values.items()))
        return {**loaded, **cursor} if cursor else loaded
    except ValidationError as error:
        wrong = [
            {
                "parameter": name,
                "code": getattr(message, "code", "invalid"),
                "detail": _with_lost_plus(message, known[name], values[name]) if name in values else text_of(message),
            }
            for name, messages in error.messages_dict.items()
            for message in _flat(messages)
        ]
        raise _invalid(wrong) from None


def _given(request: web.Request, known: Mapping[str, fields.Field[Any]], *, ignores: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    opened = [start for start, field in known.items() if isinstance(field, OpenParameters)]
    for name, value in request.query.items():
        if start := next((start for start in opened if name.startswith(start) and name != start), None):
            pairs = dict(values.get(start, ()))
            rest = name.removeprefix(start)
            pairs[rest] = f"{pairs[rest]},{value}" if rest in pairs else value
            values[start] = tuple(pairs.items())
            continue
        if name not in known or name in opened:
            if ignores:
                continue
            raise unknown_name(name, known.keys() - {*opened}, parameter=name)
        if name in values and not isinstance(known[name], CommaList | NameList):
            raise invalid_parameter(name, "repeated", say("It was sent twice, but takes one value."))
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


@lru_cache(maxsize=1024)  # loading takes longer than most of what else a list does, and readers ask for the same ones
def _load(schema: Schema, values: tuple[tuple[str, Any], ...]) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = schema.load(dict(values))
    return MappingProxyType(loaded)


def _with_lost_plus(message: Message | str, field: fields.Field[Any], value: str) -> Sentence:
    """A `+`, as that of `+02:00`, is a blank in a query (WHATWG URL, section 5.1). Who did not know that is told."""
    detail = text_of(message)
    if " " not in value:
        return detail
    try:
        field.deserialize(value.replace(" ", "+"))
    except ValidationError:
        return detail
    return say("{detail} A + has become a blank: write it as %2B.", detail=detail)


def _flat(messages: Any) -> Iterable[Message | str]:
    if isinstance(messages, dict):
        messages = [message for inner in messages.values() for message in _flat(inner)]
    return messages if isinstance(messages, list) else [messages]


def unknown_name(name: str, known: Iterable[str], *, parameter: str) -> BlogError:
    """A parameter, operator or field name that this route does not have, with the nearest one that it has."""
    nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
    # The nearest one is named however far it is; a question about something else would only annoy.
    is_near = bool(nearest) and difflib.SequenceMatcher(a=name, b=nearest[0]).ratio() >= 0.5
    if is_near:
        detail = say("{name!r} is not known here. Did you mean {nearest!r}?", name=name, nearest=nearest[0])
    else:
        detail = say("{name!r} is not known here.", name=name)
    entry = {"parameter": parameter, "code": "unknown", "detail": detail}
    if nearest:
        entry["nearest"] = nearest[0]
    return BlogError(detail, code="unknown_parameter", errors=[entry])


def invalid_parameter(name: str, code: str, detail: Sentence) -> BlogError:
    """One parameter whose value is wrong."""
    return _invalid([{"parameter": name, "code": code, "detail": detail}])


def _invalid(errors: list[dict[str, Any]]) -> BlogError:
    return BlogError(say("Some query parameters are not valid."), code="invalid_parameter", errors=errors)
