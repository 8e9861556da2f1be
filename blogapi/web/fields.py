"""marshmallow fields and validators as strict as the contract asks, whose errors carry stable codes.

marshmallow reports a wrong field as a string. Ours are `Message`s: strings that also know the code and the numbers
behind them, so that the problem document gives a client something better than a sentence to parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar, TypeVar

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from blogapi.ids import ID_PATTERN
from blogapi.text.language import LANGUAGE_TAG, language_tag
from blogapi.text.visible import is_blank

# RFC 3339 section 5.6. `fromisoformat` alone also takes week dates, missing zones and the basic format.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
# At most so many wrong fields are named in one answer.
MAX_ERRORS = 100
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_CODES = {"null": "required", "invalid": "invalid_type", "type": "invalid_type", "invalid_utf8": "invalid_type"}

Value = TypeVar("Value")


class Message(str):
    """What is wrong with a field: a sentence, a stable code, and the numbers that the sentence mentions."""

    __slots__ = ("code", "params")
    code: str
    params: Mapping[str, Any]

    def __new__(cls, text: str, code: str, params: Mapping[str, Any] | None = None) -> Message:
        message = super().__new__(cls, text)
        message.code, message.params = code, params or {}
        return message


def wrong(code: str, text: str, **params: Any) -> ValidationError:
    """The error that a validator raises."""
    return ValidationError(Message(text, code, params))


class Coded(fields.Field[Value]):
    """A field whose own errors have codes, made from marshmallow's keys."""

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        text = str(super().make_error(key, **kwargs).messages[0])
        return ValidationError(Message(text, _CODES.get(key, key)))


class Text(Coded[str], fields.String):
    """A string without NUL and lone surrogates, which the database or another client would choke on."""

    default_error_messages = {"invalid_characters": "NUL and lone surrogates are not allowed."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _UNSTORABLE.search(text):
            raise self.make_error("invalid_characters")
        return text


class Line(Text):
    """A text of one line. White space around it is dropped; one that shows nothing is empty."""

    default_error_messages = {"invalid_line": "Line breaks and control characters are not allowed."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise self.make_error("invalid_line")
        return "" if is_blank(text) else text


class Identifier(Text):
    """An id, as answers give it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=FullMatch(ID_PATTERN, "Must be an id."), **kwargs)


class Url(Text):
    """An absolute https address; with `schemes="https?"` also http."""

    def __init__(self, *, schemes: str = "https", **kwargs: Any) -> None:
        # Path, query and fragment in one: told apart, there would be many ways to read what fits none of them.
        rest = r'[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][^\s\\<>"]*)?'
        says = "Must be an https URL." if schemes == "https" else "Must be an http or https URL."
        super().__init__(validate=[Size(max=2000), FullMatch(f"{schemes}://{rest}", says)], **kwargs)


class Flag(Coded[bool], fields.Boolean):
    """true or false, not "yes" and not 1."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Whole(Coded[int], fields.Integer):
    """An integer within bounds. 1.0 is an integer in JSON Schema, so it is one here; true is none."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(validate=Within(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool | str) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid", input=value)
        return int(super()._deserialize(value, attr, data, **kwargs) or 0)


class Timestamp(Coded[datetime], fields.DateTime):
    """An RFC 3339 time; becomes an aware datetime in UTC, cut to the milliseconds that MongoDB keeps."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _RFC3339.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type="datetime")
        try:
            moment = datetime.fromisoformat(value.upper().replace("Z", "+00:00")).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid", input=value, obj_type="datetime") from error
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Items(Coded[list[Any]], fields.List[Any]):
    """A JSON array. Its items are looked at only if there are not too many of them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            for check in self.validators:
                if isinstance(check, Size):
                    check(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Record(Coded[Any], fields.Nested):
    """A JSON object with a schema of its own."""


class Mapped(Coded[dict[str, Any]], fields.Dict):
    """A JSON object whose keys are the client's own."""


class CommaList(Coded[tuple[str, ...]]):
    """A query parameter with several values, `a,b`: any of them."""

    def __init__(
        self,
        check: Callable[[str], bool],
        *,
        of: str,
        most: int = 20,
        normal: Callable[[str], str] = str,
        **kwargs: Any,
    ) -> None:
        """Values that `normal` makes the same are the same."""
        super().__init__(**kwargs)
        self.most = most
        self._check, self._of, self._normal = check, of, normal

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        parts = tuple(dict.fromkeys(part.strip() for part in str(value).split(",")))
        if len(parts) > self.most:
            raise wrong("too_many", f"At most {self.most} values.", max=self.most)
        for part in parts:
            if not self._check(part):
                raise wrong("invalid_format", f"{part!r} is not a {self._of}.")
        return tuple(dict.fromkeys(map(self._normal, parts)))


class NameList(Text):
    """A query parameter that names several of what the route knows, `a,b`; an empty name does not count."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


class QueryFlag(Coded[bool]):
    """`true` or `false` in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise wrong("invalid_choice", "Must be true or false.", choices=["true", "false"])
        return bool(value == "true")


class QueryWhole(Whole):
    """An integer within bounds in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(int(value), attr, data, **kwargs)


class Size(validate.Length):
    """How long a text or an array may be."""

    def _format_error(self, value: Any, message: str) -> Message:
        few = len(value) < (self.min or 0)
        unit = "characters" if isinstance(value, str) else "items"
        if few:
            return Message(f"At least {self.min} {unit}.", "too_short", {"min": self.min})
        return Message(f"At most {self.max} {unit}.", "too_long", {"max": self.max})


class Within(validate.Range):
    """Bounds of a number, both included."""

    def _format_error(self, value: Any, message: str) -> Message:
        bounds = {"min": self.min, "max": self.max}
        return Message(f"Must be from {self.min} to {self.max}.", "out_of_range", bounds)


class Choice(validate.OneOf):
    """One of a few words."""

    def _format_error(self, value: Any) -> Message:
        return Message(f"Must be one of: {self.choices_text}.", "invalid_choice", {"choices": list(self.choices)})


class FullMatch(validate.Regexp):
    """Like Regexp, but the whole value has to match: `$` alone lets a trailing line break through."""

    def __init__(self, pattern: str, error: str) -> None:
        super().__init__(pattern, error=error)

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise wrong("invalid_format", str(self.error))
        return value


class LanguageTag(Text):
    """A language, such as `de` or `pt-BR` (BCP 47), in the case that is usual for it."""

    def __init__(self, **kwargs: Any) -> None:
        checks = [Size(max=35), FullMatch(LANGUAGE_TAG, "Must be a BCP 47 language tag.")]
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return language_tag(super()._deserialize(value, attr, data, **kwargs))


class Strict(Schema):
    """The base of what clients send. Unknown fields are refused."""

    # For the OpenAPI document; where a certain route needs another one, its declaration says so.
    example: ClassVar[Mapping[str, Any]] = {}

    error_messages = {
        "unknown": Message("Unknown field.", "unknown_field"),
        "type": Message("Must be a JSON object.", "invalid_type"),
    }

    class Meta:
        """marshmallow's default, written down."""

        unknown = "raise"

    @pre_load
    def _name_a_few_unknown(self, data: Any, **_: Any) -> Any:
        # marshmallow names them all, at a price; one more than a problem document lists shows that there are more.
        if isinstance(data, Mapping) and len(data) > len(self.fields) + MAX_ERRORS:
            known = {field.data_key or name for name, field in self.fields.items()}
            unknown = islice((name for name in data if name not in known), MAX_ERRORS + 1)
            raise ValidationError({name: [self.error_messages["unknown"]] for name in unknown})
        return data


def unstorable(value: Any, *, depth: int) -> str | None:
    """Why a free JSON value cannot be stored: too deep, or a text with NUL. None when it can."""
    if isinstance(value, str):
        return "NUL and lone surrogates are not allowed." if _UNSTORABLE.search(value) else None
    if isinstance(value, dict | list):
        if depth == 0:
            return "Nested too deep."
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        return next(filter(None, (unstorable(item, depth=depth - 1) for item in inner)), None)
    return None
