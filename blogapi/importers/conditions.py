"""Conditions in template languages (`{% if %}`, `{% unless %}`): what of a text its readers have seen.

A generator built the pages for production, so the branch of production is the one that was public. A condition that
is not understood may have hidden all of its branches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from blogapi.importers.frontmatter import as_flag, is_switch
from blogapi.importers.prose import Finder, Span

_TAG = re.compile(
    r"\{%[-~+]?\s{0,40}+(if|unless|elsif|elseif|elif|else|endif|endunless|for|endfor|case|endcase|raw|endraw|verbatim"
    r"|endverbatim|comment|endcomment)\b"
)
_LONGEST_TAG = 4000
_MOST_PARTS = 20
_OPENING = frozenset(("if", "unless", "for", "case"))
_UNREAD = frozenset(("raw", "verbatim", "comment"))
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_PATH = re.compile(r"[A-Za-z_][\w-]*+(?:\.[\w-]++)*+")
_PART = re.compile(r"\"[^\"]*\"|'[^']*'|==|!=|<>|[^\s=!<>\"']++|.", re.DOTALL)
_ENVIRONMENTS = frozenset(("jekyll.environment", "hexo.env.env", "environment", "env", "node_env"))
_ENDS_OF_ENVIRONMENTS = (".environment", ".node_env", ".eleventy_env", ".jekyll_env")
_NOTHING = frozenset(("nil", "null", "none"))


class _Unknown:
    """A value that the files do not tell."""


UNKNOWN = _Unknown()


@dataclass(slots=True)
class Branch:
    """What stands between two tags, and when it is shown."""

    word: str  # `if`, `unless`, `elsif`, `else`
    condition: str
    start: int
    end: int = -1


@dataclass(slots=True)
class Block:
    """All branches, from the opening tag to behind the closing one."""

    start: int
    branches: list[Branch]
    end: int = -1


@dataclass(slots=True)
class _Open:
    word: str
    block: Block | None = field(default=None)


def blocks(text: str, unread: Sequence[Span], start: int = 0) -> dict[int, Block]:
    """The conditional parts of a text, by where their opening tags begin. Tags in `unread` spans are none."""
    found: dict[int, Block] = {}
    opened: list[_Open] = []
    counts, finder = Counter[str](), Finder(text)
    spans = iter(unread)
    span = next(spans, None)
    passing = ""
    for tag in _TAG.finditer(text, start):
        while span and span[1] <= tag.start():
            span = next(spans, None)
        word, end = tag[1], finder.find("%}", tag.end()) + 2
        if (span and span[0] <= tag.start()) or end < 2 or end - tag.start() > _LONGEST_TAG:
            continue
        if passing:
            passing = "" if word == f"end{passing}" else passing
        elif word in _UNREAD:
            passing = word if finder.find(f"end{word}", end) >= 0 else ""
        elif word in _OPENING:
            branch = Branch(word, text[tag.end() : end - 2].strip("-~+ \t\r\n"), end)
            opened.append(_Open(word, Block(tag.start(), [branch]) if word in ("if", "unless") else None))
            counts[word] += 1
        elif word.startswith("end"):
            if counts[word[3:]]:
                while opened[-1].word != word[3:]:
                    counts[opened.pop().word] -= 1
                counts[word[3:]] -= 1
                if block := opened.pop().block:
                    block.branches[-1].end, block.end = tag.start(), end
                    found[block.start] = block
        elif opened and (block := opened[-1].block):
            block.branches[-1].end = tag.start()
            block.branches.append(Branch(word, text[tag.end() : end - 2].strip("-~+ \t\r\n"), end))
    return found


def shown(block: Block, value_of: Callable[[str], object]) -> Branch | None:
    """The branch that readers have seen; None where it is none or cannot be told.

    `value_of` gives the value of a name such as `page.title`, or UNKNOWN.
    """
    for branch in block.branches:
        holds = True if branch.word == "else" and not branch.condition else _holds(branch.condition, value_of)
        if branch.word == "unless":
            holds = None if holds is None else not holds
        if holds is None:
            return None
        if holds:
            return branch
    return None


def _holds(condition: str, value_of: Callable[[str], object]) -> bool | None:
    parts = [part for part in _PART.findall(condition) if not part.isspace()]
    if len(parts) > _MOST_PARTS or {"and", "or"} <= set(parts):
        return None  # which of the two comes first differs by language
    joint = "or" if "or" in parts else "and"
    results = [_comparison(each, value_of) for each in _split(parts, joint)]
    decisive = joint == "or"
    if decisive in results:
        return decisive
    return None if None in results else not decisive


def _split(parts: list[str], joint: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for part in parts:
        if part == joint:
            found.append([])
        else:
            found[-1].append(part)
    return found


def _comparison(parts: list[str], value_of: Callable[[str], object]) -> bool | None:
    match parts:
        case ["not", *rest]:
            holds = _comparison(rest, value_of)
            return None if holds is None else not holds
        case [name]:
            return _truth(_value(name, value_of))
        case [left, ("==" | "!=" | "<>") as sign, right]:
            values = _value(left, value_of), _value(right, value_of)
            if UNKNOWN in values:
                return None
            return (values[0] == values[1]) == (sign == "==")
    return None


def _truth(value: object) -> bool | None:
    """Languages do not agree on zero and on what is empty."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return None if value is UNKNOWN or value in (0, "") or isinstance(value, list | dict) else True


def _value(name: str, value_of: Callable[[str], object]) -> object:
    if name in ("true", "false"):
        return name == "true"
    if name.lower() in _NOTHING:
        return None
    if _TEXT.fullmatch(name):
        return name[1:-1]
    if _NUMBER.fullmatch(name):
        return float(name)
    if not _PATH.fullmatch(name):
        return UNKNOWN
    lower = name.lower()
    if lower in _ENVIRONMENTS or lower.endswith(_ENDS_OF_ENVIRONMENTS):
        return "production"
    if lower == "eleventy.env.runmode":
        return "build"
    value = value_of(name)
    if is_switch(value):
        return as_flag(value)
    if isinstance(value, str):
        return UNKNOWN if as_flag(value) is not None else value  # `no` is a text or false, by the version of YAML
    return float(value) if isinstance(value, int | float) else value
