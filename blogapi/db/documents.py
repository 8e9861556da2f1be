"""Documents become models, and models documents, by the annotations of the model's fields.

`id` is `_id` (in a subdocument it stays `id`); an `Id` is an ObjectId; a tuple is an array; a dataclass is a
subdocument; times are naive UTC in a document and aware in a model. Fields that a model does not know are ignored, so
an older server can read what a newer one wrote, and fields that a document lacks get the model's default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bson.objectid import ObjectId

from blogapi.db.client import Document
from blogapi.ids import OBJECT_ID

Model = TypeVar("Model")
_Convert = Callable[[Any], Any]
_Field = tuple[str, _Convert | None, _Convert | None, bool]
_known: dict[type, list[_Field]] = {}


def from_document(kind: type[Model], document: Mapping[str, Any]) -> Model:
    """The model that a document holds."""
    return _read(kind, document, "_id")


def from_subdocument(kind: type[Model], document: Mapping[str, Any]) -> Model:
    """The same for a model that lies within another's document."""
    return _read(kind, document, "id")


def to_document(model: Any) -> Document:
    """The document that holds a model."""
    return _write(model, "_id")


def to_subdocument(model: Any) -> Document:
    """The same for a model that lies within another's document."""
    return _write(model, "id")


def _read(kind: type[Model], document: Mapping[str, Any], id_key: str) -> Model:
    given = {}
    for name, read, _, _ in _fields(kind):
        key = id_key if name == "id" else name
        if key in document:
            value = document[key]
            given[name] = value if read is None or value is None else read(value)
    return kind(**given)


def _write(model: Any, id_key: str) -> Document:
    document = {}
    for name, _, write, is_written in _fields(type(model)):
        if not is_written:
            continue
        value = getattr(model, name)
        document[id_key if name == "id" else name] = value if write is None or value is None else write(value)
    return document


def _fields(kind: type) -> list[_Field]:
    """Of each field: its name, how it is read and how it is written, and whether it is; None is as it is."""
    if kind not in _known:
        hints = get_type_hints(kind, include_extras=True)
        _known[kind] = [
            (field.name, *_converters(hints[field.name]), field.metadata.get("is_written", True))
            for field in dataclasses.fields(kind)
        ]
    return _known[kind]


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _converters(hint: Any) -> tuple[_Convert | None, _Convert | None]:
    """How a value of this type is read from a document, and written to one. None is always None."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return (str, ObjectId) if OBJECT_ID in arguments[1:] else _converters(arguments[0])
    if origin in (Union, UnionType):
        return next(_converters(argument) for argument in arguments if argument is not NoneType)
    if origin is tuple:
        read, write = _converters(arguments[0])
        return (
            tuple if read is None else lambda items: tuple(map(read, items)),
            list if write is None else lambda items: [*map(write, items)],
        )
    if hint is datetime:
        return _aware, None
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return lambda inner: _read(hint, inner, "id"), to_subdocument
    return None, None
