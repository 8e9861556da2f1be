"""What stands in a tag of a template language: words, fields, a value with its filters."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_TAG = 4000
_WORD = re.compile(
    r"""([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^\s,"'`]+)"""
    r"""|"([^"]*)"|'([^']*)'|`([^`]*)`|([^\s,()"'`]+)"""
)
_PIPE = re.compile(r"""[^|"']+|"[^"]*"|'[^']*'|\||.""", re.DOTALL)


def arguments(text: str) -> tuple[list[str], dict[str, str]]:
    """The words of a tag, and its fields: `name="value"`, `name: value`."""
    words: list[str] = []
    fields: dict[str, str] = {}
    for found in _WORD.finditer(text[:LONGEST_TAG]):
        if found[1]:
            value = found[2]
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`"
            fields.setdefault(found[1], value[1:-1] if quoted else value)
        else:
            words.append(next(group for group in found.groups()[2:] if group is not None))
    return words, fields


def piped(expression: str) -> list[str]:
    """A value and its filters: `a | b: "|"` has two parts."""
    parts, part = [], ""
    for piece in _PIPE.findall(expression):
        if piece == "|":
            parts.append(part.strip())
            part = ""
        else:
            part += piece
    return [*parts, part.strip()]


def language(name: str, words: list[str], fields: Mapping[str, str]) -> str:
    """Of the code in a tag; nothing where the words are its title."""
    if "lang" in fields:
        return fields["lang"]
    is_titled = name == "codeblock" and len(words) > 1
    return "" if is_titled or not words else words[0]


def named(name: str, words: list[str], fields: dict[str, str]) -> dict[str, str]:
    """The words of a picture's tag under the names that they have in its generator."""
    files = [word for word in words if "." in word or "/" in word]
    given = {"src": files[0]} if files else {}
    texts = words[words.index(files[0]) + 1 :] if files else []
    texts = [text for text in texts if not text.isdigit()]
    if texts:
        given["alt" if name in ("image", "img", "picture") else "caption"] = " ".join(texts)
    return {**given, **fields}
