"""Makes foreign values fit a post, loses nothing that can be kept, and tells what had to change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

from blogapi.importers.model import Tag, spelt_out, tag_key
from blogapi.importers.names import tidy
from blogapi.importers.yaml_text import Switch
from blogapi.posts.copies import (
    MAX_AUTHORS,
    MAX_CAPTION,
    MAX_CUSTOM_BYTES,
    MAX_CUSTOM_DEPTH,
    MAX_EXCERPT,
    MAX_TAGS,
    MAX_TITLE,
)
from blogapi.settings.model import CUSTOM_KEY, MAX_CUSTOM_KEY
from blogapi.tags.model import MAX_SLUG as MAX_TAG_SLUG
from blogapi.text.slug import ascii_words
from blogapi.text.visible import is_blank
from blogapi.users.model import MAX_DISPLAY_NAME

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MAIL_ADDRESS = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_ONLY_MAIL_ADDRESS = re.compile(r"<?([^<>@\s]+)@[^<>@\s]+>?")


def one_line(text: str) -> str:
    """Without line breaks and other control characters; nothing where there is nothing to be seen."""
    return "" if is_blank(text) else " ".join(filter(None, map(str.strip, _CONTROL.split(text))))


class Fit:
    """Fits the parts of one post. What does not fit whole goes to `custom`, so `custom` is asked for last."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._surplus: dict[str, Any] = {}
        self._deep: set[str] = set()  # what was said to be nested too deep

    def title(self, text: str) -> str:
        """One line, cut to its length."""
        return self._cut(one_line(text), MAX_TITLE, "title", "full_title")

    def excerpt(self, text: str) -> str:
        """One line, cut to its length."""
        return self._cut(one_line(text), MAX_EXCERPT, "excerpt", "full_excerpt")

    def caption(self, text: str, kind: str) -> str:
        """One line of or for a picture, its `alt` or its `caption`, cut to its length."""
        return self._cut(one_line(text), MAX_CAPTION, f"{kind} of the cover", f"full_cover_{kind}")

    def keep(self, name: str, values: Mapping[str, Any]) -> None:
        """Have `custom` keep what is left of a table."""
        if values:
            self._surplus[name] = self._plain(values, f".{name}", MAX_CUSTOM_DEPTH - 1)

    def authors(self, names: Iterable[str]) -> tuple[str, ...]:
        """Bylines that can be display names, each once. Mail addresses are left out, for bylines are public."""
        fitting: dict[str, None] = {}
        for name in map(tidy, map(one_line, names)):
            only = _ONLY_MAIL_ADDRESS.fullmatch(name)
            public = only[1] if only else tidy(_MAIL_ADDRESS.sub("", name))
            if public != name:
                self.notes.append(f"the mail address of the author {public!r} is left out")
            if len(public) > MAX_DISPLAY_NAME:
                self._surplus.setdefault("full_author_names", []).append(public)
                self.notes.append("an author's name is cut; the whole is in custom.full_author_names")
            fitting[cut_at_word(public, MAX_DISPLAY_NAME)] = None
        fitting.pop("", None)
        return self._first(tuple(fitting), MAX_AUTHORS, "authors", list)

    def tags(self, names: Iterable[str]) -> tuple[Tag, ...]:
        """Tags with slugs, in their order, each once."""
        tags: dict[str, Tag] = {}
        for name in map(tidy, map(one_line, names)):
            if slug := ascii_words(spelt_out(name), MAX_TAG_SLUG):
                tags.setdefault(tag_key(name), Tag(slug=slug, name=name))
            else:
                self.notes.append(f"the tag {name!r} is left out: it has no letter or digit")
        return self._first(tuple(tags.values()), MAX_TAGS, "tags", lambda tags: [tag.name for tag in tags])

    def custom(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What was surplus elsewhere and everything in `values`, under legal keys, as JSON, as far as there is room."""
        custom: dict[str, Any] = {}
        used = len("{}")
        for key, value in [*self._surplus.items(), *self._plain(values, "", MAX_CUSTOM_DEPTH).items()]:
            name = _free_name(key, custom)
            size = len(json.dumps({name: value}, ensure_ascii=False).encode())
            if used + size > MAX_CUSTOM_BYTES:
                self.notes.append(f"custom.{name} is left out: there is no room for it")
            else:
                custom[name] = value
                used += size
        return custom

    def _cut(self, text: str, length: int, what: str, key: str) -> str:
        if len(text) > length:
            self._surplus[key] = text
            self.notes.append(f"the {what} is cut to {length} characters; the whole is in custom.{key}")
        return cut_at_word(text, length)

    def _first(self, values: tuple[Any, ...], most: int, what: str, as_json: Any) -> tuple[Any, ...]:
        if len(values) > most:
            self._surplus[f"surplus_{what}"] = as_json(values[most:])
            self.notes.append(f"{len(values) - most} of {len(values)} {what} moved to custom.surplus_{what}")
        return values[:most]

    def _plain(self, value: Any, where: str, levels: int) -> Any:
        if isinstance(value, Mapping | list) and levels == 0:
            note = f"custom{where} is nested deeper than {MAX_CUSTOM_DEPTH} levels and kept as JSON text"
            if where not in self._deep:  # the items of a list have one name
                self._deep.add(where)
                self.notes.append(note)
            return json.dumps(value, ensure_ascii=False, default=_json_scalar)
        if isinstance(value, Mapping):
            plain: dict[str, Any] = {}
            for key, inner in value.items():
                name = _free_name(_legal_key(key), plain)
                if name != key:
                    self.notes.append(f"the field {key[:60]!r} is called custom{where}.{name}")
                plain[name] = self._plain(inner, f"{where}.{name}", levels - 1)
            return plain
        if isinstance(value, list):
            return [self._plain(inner, where, levels - 1) for inner in value]
        return _json_scalar(value)


def cut_at_word(text: str, length: int) -> str:
    """At most `length` characters, an ellipsis included where something was cut."""
    if len(text) <= length:
        return text
    start = text[: length - 1]
    words = start if text[length - 1].isspace() else start.rpartition(" ")[0]
    return (words.rstrip(" ,;:.") or start) + "…"


def _json_scalar(value: Any) -> Any:
    if isinstance(value, Switch):
        return value.is_on
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, float) and not -1e308 <= value <= 1e308:  # infinite, or not a number
        return str(value)
    if isinstance(value, int) and value.bit_length() > 63:
        return str(value)
    return value


def _legal_key(key: str) -> str:
    if CUSTOM_KEY.fullmatch(key):
        return key
    return ascii_words(_CAMEL_HUMP.sub("_", key), MAX_CUSTOM_KEY).replace("-", "_") or "field"


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    number = len(taken) + 1
    free = name
    while free in taken:
        free, number = f"{name[: MAX_CUSTOM_KEY - 8]}_{number}", number + 1
    return free
