"""marshmallow fields and validators as strict as the contract asks, whose errors carry stable codes.

marshmallow reports a wrong field as a string. Ours are `Message`s: strings that also know the code and the numbers
behind them, so that the problem document gives a client something better than a sentence to parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar, TypeVar, cast

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from blogapi.errors import FieldError
from blogapi.ids import ID_PATTERN
from blogapi.text.language import LANGUAGE_TAG, language_tag
from blogapi.text.timezone import timezone_names
from blogapi.text.visible import is_blank
from blogapi.translation.bounds import at_least_characters, at_most_characters
from blogapi.translation.sentence import Sentence, say, say_many, verbatim

# RFC 3339 section 5.6. `fromisoformat` alone also takes week dates, missing zones and the basic format.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
# At most so many wrong fields are named in one answer.
MAX_ERRORS = 100
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_UNSTORABLE_TEXT = say("NUL and lone surrogates are not allowed.")
_CODES = {"null": "required", "invalid": "invalid_type", "type": "invalid_type", "invalid_utf8": "invalid_type"}

Value = TypeVar("Value")


class Message(str):
    """What is wrong with a field: a sentence, a stable code, and the numbers that the sentence mentions."""

    __slots__ = ("code", "params", "text")
    text: Sentence
    code: str
    params: Mapping[str, Any]

    def __new__(cls, text: Sentence, code: str, params: Mapping[str, Any] | None = None) -> Message:
        message = super().__new__(cls, text)
        message.text, message.code, message.params = text, code, params or {}
        return message


def text_of(message: Message | str) -> Sentence:
    """The sentence of an error of marshmallow's, which is a bare text where a schema raised one itself."""
    return message.text if isinstance(message, Message) else verbatim(message)


def wrong(code: str, text: Sentence, **params: Any) -> ValidationError:
    """The error that a validator raises."""
    return ValidationError(Message(text, code, params))


class Coded(fields.Field[Value]):
    """A field whose own errors have codes, made from marshmallow's keys."""

    # Those of marshmallow, and with them those of the fields below, so that they can be translated.
    default_error_messages = {
        "required": say("Missing data for required field."),
        "null": say("Field may not be null."),
        "validator_failed": say("Invalid value."),
    }

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        text = cast(Sentence, self.error_messages[key])
        return ValidationError(Message(text, _CODES.get(key, key)))


class Text(Coded[str], fields.String):
    """A string without NUL and lone surrogates, which the database or another client would choke on."""

    default_error_messages = {
        "invalid": say("Not a valid string."),
        "invalid_utf8": say("Not a valid utf-8 string."),
        "invalid_characters": _UNSTORABLE_TEXT,
    }

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _UNSTORABLE.search(text):
            raise self.make_error("invalid_characters")
        return text


class Line(Text):
    """A text of one line. White space around it is dropped; one that shows nothing is empty."""

    default_error_messages = {"invalid_line": say("Line breaks and control characters are not allowed.")}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise self.make_error("invalid_line")
        return "" if is_blank(text) else text


class Identifier(Text):
    """An id, as answers give it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=FullMatch(ID_PATTERN, say("Must be an id.")), **kwargs)


class Url(Text):
    """An absolute https address; with `schemes="https?"` also http."""

    def __init__(self, *, schemes: str = "https", **kwargs: Any) -> None:
        # Path, query and fragment in one: told apart, there would be many ways to read what fits none of them.
        rest = r'[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][^\s\\<>"]*)?'
        says = say("Must be an https URL.") if schemes == "https" else say("Must be an http or https URL.")
        super().__init__(validate=[Size(max=2000), FullMatch(f"{schemes}://{rest}", says)], **kwargs)


class Flag(Coded[bool], fields.Boolean):
    """true or false, not "yes" and not 1."""

    default_error_messages = {"invalid": say("Not a valid boolean.")}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Whole(Coded[int], fields.Integer):
    """An integer within bounds. 1.0 is an integer in JSON Schema, so it is one here; true is none."""

    default_error_messages = {"invalid": say("Not a valid integer."), "too_large": say("Number too large.")}

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(validate=Within(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool | str) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid", input=value)
        return int(super()._deserialize(value, attr, data, **kwargs) or 0)


class Timestamp(Coded[datetime], fields.DateTime):
    """An RFC 3339 time; becomes an aware datetime in UTC, cut to the milliseconds that MongoDB keeps."""

    default_error_messages = {"invalid": say("Must be a time with a time zone, such as 2030-03-01T09:00:00Z.")}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _RFC3339.fullmatch(value):
            raise self.make_error("invalid", input=value)
        try:
            moment = datetime.fromisoformat(value.upper().replace("Z", "+00:00")).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid", input=value) from error
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Items(Coded[list[Any]], fields.List[Any]):
    """A JSON array. Its items are looked at only if there are not too many of them."""

    default_error_messages = {"invalid": say("Not a valid list.")}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            for check in self.validators:
                if isinstance(check, Size):
                    check(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Record(Coded[Any], fields.Nested):
    """A JSON object with a schema of its own."""

    default_error_messages = {"type": say("Invalid type.")}


class Mapped(Coded[dict[str, Any]], fields.Dict):
    """A JSON object whose keys are the client's own."""

    default_error_messages = {"invalid": say("Must be a JSON object.")}


class CommaList(Coded[tuple[str, ...]]):
    """A query parameter with several values, `a,b`: any of them."""

    def __init__(
        self,
        check: Callable[[str], bool],
        *,
        otherwise: Callable[[str], Sentence],
        most: int = 20,
        normal: Callable[[str], str] = str,
        **kwargs: Any,
    ) -> None:
        """Values that `normal` makes the same are the same. `otherwise` says what is wrong with what fails `check`."""
        super().__init__(**kwargs)
        self.most = most
        self._check, self._otherwise, self._normal = check, otherwise, normal

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        parts = tuple(dict.fromkeys(part.strip() for part in str(value).split(",")))
        if len(parts) > self.most:
            raise wrong(
                "too_many", say_many("At most {count:,} value.", "At most {count:,} values.", self.most), max=self.most
            )
        for part in parts:
            if not self._check(part):
                raise wrong("invalid_format", self._otherwise(part))
        return tuple(dict.fromkeys(map(self._normal, parts)))


class OpenParameters(Coded[tuple[tuple[str, str], ...]]):
    """Query parameters whose names begin alike, as its `data_key` says, and are known only while the server runs.

    Loads to pairs of the rest of the name and what was sent. The handler refuses what it does not know.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return value


class NameList(Text):
    """A query parameter that names several of what the route knows, `a,b`; an empty name does not count."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


class QueryFlag(Coded[bool]):
    """`true` or `false` in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise wrong("invalid_choice", say("Must be true or false."), choices=["true", "false"])
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
        few, is_text = len(value) < (self.min or 0), isinstance(value, str)
        bound = (self.min if few else self.max) or 0
        if few and is_text:
            text = at_least_characters(bound)
        elif few:
            text = say_many("At least {count:,} item.", "At least {count:,} items.", bound)
        elif is_text:
            text = at_most_characters(bound)
        else:
            text = say_many("At most {count:,} item.", "At most {count:,} items.", bound)
        return Message(text, "too_short" if few else "too_long", {"min" if few else "max": bound})


class Within(validate.Range):
    """Bounds of a number, both included."""

    def _format_error(self, value: Any, message: str) -> Message:
        bounds = {"min": self.min, "max": self.max}
        return Message(say("Must be from {min:,} to {max:,}.", **bounds), "out_of_range", bounds)


class Choice(validate.OneOf):
    """One of a few words."""

    def _format_error(self, value: Any) -> Message:
        text = say("Must be one of: {choices}.", choices=self.choices_text)
        return Message(text, "invalid_choice", {"choices": list(self.choices)})


class FullMatch(validate.Regexp):
    """Like Regexp, but the whole value has to match: `$` alone lets a trailing line break through."""

    def __init__(self, pattern: str, otherwise: Sentence) -> None:
        super().__init__(pattern)
        self._otherwise = otherwise

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise wrong("invalid_format", self._otherwise)
        return value


class LanguageTag(Text):
    """A language, such as `de` or `pt-BR` (BCP 47), in the case that is usual for it."""

    def __init__(self, **kwargs: Any) -> None:
        checks = [Size(max=35), FullMatch(LANGUAGE_TAG, say("Must be a BCP 47 language tag."))]
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return language_tag(super()._deserialize(value, attr, data, **kwargs))


class TimeZone(Text):
    """The name of a time zone, such as `Europe/Berlin`, in the spelling of IANA."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"description": "The IANA name of a time zone, such as `Europe/Berlin`."}
        super().__init__(validate=_is_timezone, metadata=metadata, **kwargs)


def _is_timezone(name: str) -> None:
    if name not in timezone_names():
        raise wrong("invalid_choice", say("Must be the name of a time zone, such as Europe/Berlin."))


class Strict(Schema):
    """The base of what clients send. Unknown fields are refused."""

    # For the OpenAPI document; where a certain route needs another one, its declaration says so.
    example: ClassVar[Mapping[str, Any]] = {}

    error_messages = {
        "unknown": Message(say("Unknown field."), "unknown_field"),
        "type": Message(say("Must be a JSON object."), "invalid_type"),
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


def is_storable(text: str) -> bool:
    """Whether a text can be stored: it has no NUL and no lone surrogates."""
    return _UNSTORABLE.search(text) is None


def unstorable(value: Any, *, depth: int) -> Sentence | None:
    """Why a free JSON value cannot be stored: too deep, or a text with NUL. None when it can."""
    if isinstance(value, str):
        return _UNSTORABLE_TEXT if _UNSTORABLE.search(value) else None
    if isinstance(value, dict | list):
        if depth == 0:
            return say("Nested too deep.")
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        return next(filter(None, (unstorable(item, depth=depth - 1) for item in inner)), None)
    return None


def field_errors(messages: Any, pointer: str = "") -> list[FieldError]:
    """marshmallow's tree of messages as a flat list with JSON Pointers (RFC 6901)."""
    if isinstance(messages, dict):
        found: list[FieldError] = []
        for name, inner in messages.items():
            # A dict field's own messages lie under "key" and "value", a schema's under "_schema".
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            found += field_errors(inner, pointer if name == "_schema" else f"{pointer}/{escaped}")
        return found
    if isinstance(messages, list):
        return [error for message in messages for error in field_errors(message, pointer)]
    code, params = ("invalid", {}) if not isinstance(messages, Message) else (messages.code, dict(messages.params))
    return [FieldError(pointer=pointer, code=code, detail=text_of(messages), params=params)]
