"""Front matter: what opens a Markdown file, in YAML, TOML or JSON, or as header lines (Pelican, Nikola)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Literal

from blogapi.importers.headers import Header, read_header
from blogapi.importers.model import Unfit
from blogapi.importers.yaml_text import Switch, parse_yaml, spelt_number

MAX_FRONT_MATTER = 64 * 1024
_MAX_DEPTH = 32
_FENCE = re.compile(r"(---|\+\+\+|;;;)[ \t]*+([A-Za-z]{0,12}+)[ \t]*+(?:(?<=[ \t])#[^\r\n]*+)?\r?\n")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
    ";;;": re.compile(r"^;;;[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
}
_LANGUAGES: dict[tuple[str, str], Syntax] = {
    **{("---", name): "yaml" for name in ("", "yaml", "yml")},
    **{("+++", name): "toml" for name in ("", "toml")},
    **{(";;;", name): "json" for name in ("", "json")},
    ("---", "toml"): "toml",
    ("---", "json"): "json",
}
_PROGRAMS = frozenset({"js", "javascript", "ts", "typescript", "coffee", "coffeescript", "cson", "json5", "lisp"})
# A body that opens with `{{< shortcode >}}`, `{% tag %}` or `{: .class}` is none.
_JSON = re.compile(r"\{(?=[ \t]*(?:\"|\}|\r?\n))")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")
# Hexo's JSON has neither an opening line nor braces.
_HEXO_JSON = re.compile(r'(?="[A-Za-z_-]{1,40}"[ \t]{0,9}:)')
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_OLD_LINE_ENDS = re.compile(r"(?:---|\+\+\+|;;;|\{)[ \t]*\r(?!\n)")
_LINE_OF_ERROR = re.compile(r"at line (\d+)")
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")

Syntax = Literal["yaml", "toml", "json", "header"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file taken apart. Keys in `values` are text throughout; days are text, or what TOML takes for days.

    `body` is byte for byte what stands behind the front matter.
    """

    values: dict[str, Any]
    body: str
    syntax: Syntax
    block: str  # the front matter as it stood, after as many line breaks as there are lines before it
    line: int  # of the file, at which the body begins

    def line_of(self, field: str) -> int:
        """The line of the file on which a field stands; of the front matter where it cannot be told."""
        name = re.escape(field.rpartition(".")[2])
        for before in (r"^[ \t]*(?:- |\.\. )?", r"[\s{,]"):
            found = re.search(
                rf"""{before}["']?{name}["']?[ \t]{{0,9}}[:=]""", self.block, re.MULTILINE | re.IGNORECASE
            )
            if found:
                return self.block.count("\n", 0, found.end()) + 1
        return 1


def has_front_matter(text: str) -> bool:
    """Whether the first lines open a front matter."""
    start = _BLANK_LINES.match(text).end()  # type: ignore[union-attr]  # it matches nothing, too
    return _opening(text, start) is not None or _JSON.match(text, start) is not None or read_header(text) is not None


def split(text: str) -> Document | None:
    """Take a file apart; None when it has no front matter. Raises Unfit when the front matter cannot be read."""
    start = _BLANK_LINES.match(text).end()  # type: ignore[union-attr]  # it matches nothing, too
    if _OLD_LINE_ENDS.match(text, start):
        raise Unfit("its lines end as those of old Macs do (CR): save it with other line ends")
    if opening := _opening(text, start):
        return _fenced(text, opening)
    if _JSON.match(text, start):
        return _bare_json(text, start)
    if _HEXO_JSON.match(text, start) and (closing := _CLOSING[";;;"].search(text, start, start + MAX_FRONT_MATTER)):
        return _document(text, start, closing.start(), closing.end(), "json")
    header = read_header(text[: MAX_FRONT_MATTER + 1])
    return None if header is None else _headed(text, header)


def parse_file(text: str, suffix: str) -> dict[str, Any]:
    """The fields of a file that is nothing but YAML, TOML or JSON, by its ending. Raises Unfit, with the line."""
    syntax: Syntax = "toml" if suffix == ".toml" else "json" if suffix == ".json" else "yaml"
    text = text.rstrip()
    if syntax == "yaml" and text.endswith(("\n---", "\n...")):
        text = text[:-3]  # as it closes a front matter
    return _document(text, 0, len(text), len(text), syntax).values


def _opening(text: str, start: int) -> re.Match[str] | None:
    opening = _FENCE.match(text, start)
    if opening is None:
        return None
    language = opening[2].lower()
    return opening if (opening[1], language) in _LANGUAGES or language in _PROGRAMS else None


def _fenced(text: str, opening: re.Match[str]) -> Document:
    fence, language = opening[1], opening[2].lower()
    if language in _PROGRAMS:
        raise Unfit(f"its front matter is a program ({language}), which is not run")
    closing = _CLOSING[fence].search(text, opening.end())
    if closing is None or closing.start() - opening.end() > MAX_FRONT_MATTER:
        raise Unfit(f"the front matter is not closed by {fence} within {MAX_FRONT_MATTER // 1024} KiB")
    return _document(text, opening.end(), closing.start(), closing.end(), _LANGUAGES[fence, language])


def _bare_json(text: str, start: int) -> Document:
    block = text[start : start + MAX_FRONT_MATTER]
    lines_before = text.count("\n", 0, start)
    values, length = _parse_json(block, lines_before)
    end = _REST_OF_LINE.match(text, start + length)
    if end is None:
        line = text.count("\n", 0, start + length) + 1
        raise Unfit(f"broken JSON: something stands behind the closing brace (line {line})")
    whole = "\n" * lines_before + block[:length]
    return _taken_apart(text, end.end(), values, "json", whole)


def _headed(text: str, header: Header) -> Document:
    if header.values is None:
        return _document(text, header.start, header.end, header.body, "yaml")
    block = "\n" * text.count("\n", 0, header.start) + text[header.start : header.end]
    return _taken_apart(text, header.body, header.values, "header", block)


def _document(text: str, start: int, end: int, body: int, syntax: Syntax) -> Document:
    # The line breaks make the parsers count lines as the file does.
    lines_before = text.count("\n", 0, start)
    block = "\n" * lines_before + text[start:end]
    values: Mapping[Any, Any]
    if syntax == "json":
        inner = text[start:end].strip()
        whole = inner if inner.startswith("{") else f"{{{inner.removesuffix(',')}}}"
        values, length = _parse_json(whole, lines_before)
        if whole[length:].strip():
            raise Unfit("broken JSON: something stands behind the closing brace")
    else:
        values = parse_yaml(block) if syntax == "yaml" else _parse_toml(block)
    return _taken_apart(text, body, values, syntax, block)


def _taken_apart(text: str, body: int, values: Mapping[Any, Any], syntax: Syntax, block: str) -> Document:
    line = text.count("\n", 0, body) + 1
    return Document(values=_Copy().mapping(values), body=text[body:], syntax=syntax, block=block, line=line)


def plain_name(key: str) -> str:
    """`pubDate`, `pub_date` and `pub-date` are one name: `pubdate`."""
    return re.sub(r"[-_ ]", "", key).lower()


class Fields:
    """Fields taken out of a front matter one by one, under their plain names."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._left = {key: value for key, value in values.items() if value not in (None, "", [], {})}
        self._keys: dict[str, str] = {}
        for key in self._left:
            self._keys.setdefault(plain_name(key), key)

    def __contains__(self, name: str) -> bool:
        return name in self._keys

    def peek(self, *names: str) -> Any:
        """The first of these that is there, or None."""
        return next((self._left[self._keys[name]] for name in names if name in self._keys), None)

    def take(self, *names: str) -> Any:
        """The first of these that is there, or None; it is gone then."""
        name = next((name for name in names if name in self._keys), None)
        return None if name is None else self._left.pop(self._keys.pop(name))

    def take_text(self, *names: str) -> str | None:
        """The first of these that is a text, or None; it is gone then. What is no text stays."""
        for name in names:
            if text := as_text(self.peek(name)):
                self.take(name)
                return text
        return None

    def spelling(self, *names: str) -> str | None:
        """How the first of these that is there is spelt."""
        return next((self._keys[name] for name in names if name in self._keys), None)

    def set(self, key: str, value: Any) -> None:
        """Have a field beside what is there; a taken one comes back so."""
        self._left[key] = value
        self._keys[plain_name(key)] = key

    def inside(self, name: str) -> Fields:
        """The fields of a table, which is gone then; put back what is left of it."""
        return Fields(self.take(name) if isinstance(self.peek(name), Mapping) else {})

    def put_back(self, name: str, inner: Fields) -> None:
        """Keep what nobody took from `inside`."""
        if rest := inner.rest():
            self._left[name] = rest
            self._keys[name] = name

    def rest(self) -> dict[str, Any]:
        """What nobody took, in its order."""
        return self._left


def as_text(value: object) -> str | None:
    """A scalar as it was typed, in a place for text; None if it is no text."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool | Switch):
        return str(value) if isinstance(value, Switch) else str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) else None


def is_switch(value: object) -> bool:
    """Whether it is true or false and was not written as a text."""
    return isinstance(value, bool | Switch)


def as_flag(value: object) -> bool | None:
    """True or false as people write them; None for everything else."""
    text = as_text(value)
    return None if text is None else _FLAGS.get(text.lower())


_FLAGS = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


def _parse_toml(block: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(block, parse_float=lambda text: spelt_number(text, float(text)))
    except tomllib.TOMLDecodeError as error:
        raise Unfit(f"broken TOML: {error}{_field_of(error, block)}") from error
    except (ValueError, OverflowError) as error:
        raise Unfit(f"a value in the TOML is impossible: {error}") from error
    except RecursionError as error:
        raise Unfit("broken TOML: nested too deep") from error


def _field_of(error: ValueError, block: str) -> str:
    line = _LINE_OF_ERROR.search(str(error))
    field, equals, _ = block.split("\n")[int(line[1]) - 1].partition("=") if line else ("", "", "")
    return f", in {field.strip()!r}" if equals else ""


def _parse_json(text: str, lines_before: int) -> tuple[dict[str, Any], int]:
    """The object that a text opens with, and its length."""
    try:
        values, length = _JSON_DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise Unfit(f"broken JSON: {error.msg} (line {error.lineno + lines_before})") from error
    except ValueError as error:  # a number with too many digits
        raise Unfit(f"a value in the JSON is impossible: {error}") from error
    except RecursionError as error:
        raise Unfit("broken JSON: nested too deep") from error
    return values, length


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise Unfit(f"broken JSON: {key!r} stands there twice")
        values[key] = value
    return values


_JSON_DECODER = json.JSONDecoder(
    object_pairs_hook=_each_once,
    parse_int=lambda text: spelt_number(text, int(text)),
    parse_float=lambda text: spelt_number(text, float(text)),
)


class _Copy:
    """Copies what was parsed, and refuses what cannot be stored.

    Every alias in YAML becomes a copy of its own, so a few hundred bytes can stand for gigabytes. Therefore there is a
    budget, from which each value and each character takes one.
    """

    def __init__(self) -> None:
        self._budget = 4 * MAX_FRONT_MATTER

    def mapping(self, values: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        return {str(self.value(key, depth)): self.value(value, depth) for key, value in values.items()}

    def value(self, value: Any, depth: int) -> Any:
        self._budget -= 1 + (len(value) if isinstance(value, str) else 0)
        if self._budget < 0 or depth > _MAX_DEPTH:
            raise Unfit("the front matter has too many values, or nests them too deep")
        if isinstance(value, Mapping):
            return self.mapping(value, depth + 1)
        if isinstance(value, list):
            return [self.value(item, depth + 1) for item in value]
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                raise Unfit("the front matter has a NUL or half a surrogate pair in a text")
        elif isinstance(value, int):
            if value.bit_length() > 1024:
                raise Unfit("the front matter has a number with too many digits")
        elif value is not None and not isinstance(value, float | date | time | Switch):
            raise Unfit(f"the front matter has a value of a kind that is not supported ({type(value).__name__})")
        return value
