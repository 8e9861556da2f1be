"""`custom.series=Bees`: lists of posts by fields of one's own that administrators have declared `filterable`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping

from blogapi.posts.model import Scalar
from blogapi.settings.custom import filter_kind
from blogapi.settings.model import Settings
from blogapi.translation.sentence import Sentence, say, say_many
from blogapi.web.fields import is_storable
from blogapi.web.query import invalid_parameter, unknown_name

PREFIX = "custom."
_MOST = 20
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")


def custom_filter(settings: Settings, given: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[Scalar, ...]], ...]:
    """The fields that were asked for, with their values. Raises BlogError `unknown_parameter`, `invalid_parameter`."""
    known = [f"{PREFIX}{name}" for name in settings.filterable]
    found = []
    for name, text in given:
        if name not in settings.filterable:
            raise unknown_name(f"{PREFIX}{name}", known, parameter=f"{PREFIX}{name}")
        parts = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
        if len(parts) > _MOST:
            says = say_many("At most {count:,} value.", "At most {count:,} values.", _MOST)
            raise invalid_parameter(f"{PREFIX}{name}", "too_many", says)
        read, says = _READS[filter_kind(settings.custom_schema, name) or "string"]
        values = tuple(read(part) for part in parts)
        if any(value is None for value in values):
            raise invalid_parameter(f"{PREFIX}{name}", "invalid_type", says)
        found.append((name, tuple(value for value in values if value is not None)))
    return tuple(found)


def _text(text: str) -> str | None:
    return text if is_storable(text) else None


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _number(text: str) -> float | None:
    if _WHOLE.fullmatch(text):
        return int(text)
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def _flag(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text)


_READS: Mapping[str, tuple[Callable[[str], Scalar | None], Sentence]] = {
    "string": (_text, say("NUL and lone surrogates are not allowed.")),
    "integer": (_whole, say("Not a valid integer.")),
    "number": (_number, say("Not a valid number.")),
    "boolean": (_flag, say("Must be true or false.")),
}
