"""Front matter: the YAML or TOML block that opens a Markdown file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Literal

import yaml

from blogapi.importers.model import Unfit

MAX_FRONT_MATTER = 64 * 1024
_MAX_DEPTH = 32
_OPENING = re.compile(r"(---|\+\+\+)[ \t]*\r?\n")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*\r?(?:\n|\Z)", re.MULTILINE),
}
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file taken apart. Keys in `values` are text throughout; dates are what YAML and TOML take for dates."""

    values: dict[str, Any]
    body: str
    syntax: Literal["yaml", "toml"]


def has_front_matter(text: str) -> bool:
    """Whether the first line opens a front matter."""
    return _OPENING.match(text) is not None


def split(text: str) -> Document | None:
    """Take a file apart; None when it has no front matter. Raises Unfit when the front matter cannot be read."""
    opening = _OPENING.match(text)
    if opening is None:
        return None
    closing = _CLOSING[opening[1]].search(text, opening.end())
    if closing is None or closing.start() - opening.end() > MAX_FRONT_MATTER:
        raise Unfit(f"the front matter is not closed by {opening[1]} within {MAX_FRONT_MATTER // 1024} KiB")
    # The line break makes the parsers count lines as the file does, opening line included.
    block = "\n" + text[opening.end() : closing.start()]
    values = _parse_yaml(block) if opening[1] == "---" else _parse_toml(block)
    body = text[_BLANK_LINES.match(text, closing.end()).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    return Document(values=_Copy().mapping(values), body=body, syntax="yaml" if opening[1] == "---" else "toml")


class Fields:
    """Fields taken out of a front matter one by one. `pubDate`, `pub_date` and `pub-date` are one name: `pubdate`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._left = {key: value for key, value in values.items() if value not in (None, "", [], {})}
        self._keys: dict[str, str] = {}
        for key in self._left:
            self._keys.setdefault(re.sub(r"[-_ ]", "", key).lower(), key)

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
    """A scalar as it was meant in a place for text, where YAML reads `2024` as a number; None if it is no text."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_flag(value: object) -> bool | None:
    """True or false as people write them; None for everything else."""
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    return value if isinstance(value, bool) else words.get(value.strip().lower()) if isinstance(value, str) else None


class _Loader(yaml.SafeLoader):
    """SafeLoader without what no front matter needs: the last of two equal keys winning, and merge keys.

    Merge keys are expanded before anybody can see how large the result is.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, "merge keys (<<) are not supported", key.start_mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands there twice", key.start_mark)
            seen.add(key.value)
        return mapping


def _parse_yaml(block: str) -> Mapping[Any, Any]:
    try:
        values = yaml.load(block, Loader=_Loader)  # noqa: S506  a SafeLoader, only stricter
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise Unfit(f"broken YAML: {error.problem}{where}") from error
    except yaml.YAMLError as error:
        raise Unfit(f"broken YAML: {' '.join(str(error).split())}") from error
    except (ValueError, OverflowError) as error:  # a day or a number that cannot be
        raise Unfit(f"a value in the YAML is impossible: {error}") from error
    except (LookupError, AttributeError, TypeError) as error:  # a tag on what is none of its kind, such as `!!bool x`
        raise Unfit("a value in the YAML is not what its tag says") from error
    except RecursionError as error:
        raise Unfit("broken YAML: nested too deep") from error
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise Unfit("the front matter is not a list of fields with values")
    return values


def _parse_toml(block: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(block)
    except tomllib.TOMLDecodeError as error:
        raise Unfit(f"broken TOML: {error}") from error
    except (ValueError, OverflowError) as error:
        raise Unfit(f"a value in the TOML is impossible: {error}") from error
    except RecursionError as error:
        raise Unfit("broken TOML: nested too deep") from error


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
        elif value is not None and not isinstance(value, float | date | time):
            raise Unfit(f"the front matter has a value of a kind that is not supported ({type(value).__name__})")
        return value
