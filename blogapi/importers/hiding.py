"""Tags whose content was for some readers only, or for nobody: comments, drafts, what asks for a password."""

from __future__ import annotations

import re
from collections import Counter

from blogapi.importers.prose import Finder

_NAMES = frozenset((
    "comment", "comments", "debug", "dev", "development", "draft", "encrypt", "encrypted", "hidden", "hide", "internal",
    "locked", "member", "members", "membersonly", "password", "paywall", "premium", "private", "protected", "secret",
    "subscribers", "todo", "unpublished", "wip",
))  # fmt: skip
_HUGO = re.compile(r"\{\{([<%])\s{0,40}+(/?)\s{0,40}+([A-Za-z][\w-]{0,60}+)")
_ZOLA = re.compile(r"\{(%)[-~]?\s{0,40}+(?:(end)\b|([A-Za-z]\w{0,60}+)\s?\()")
_LIQUID = re.compile(r"\{(%)[-~+]?\s{0,40}+(end)?([A-Za-z][\w-]{0,60}+)")


def hidden_parts(text: str, *, liquid: bool, zola: bool) -> dict[int, int]:
    """Where the parts with such content begin, and where each ends. One that is never closed is none."""
    parts = _pairs(text, _HUGO, is_named=True)
    if zola:
        parts |= _pairs(text, _ZOLA, is_named=False)
    elif liquid:
        parts |= _pairs(text, _LIQUID, is_named=True)
    return parts


def _pairs(text: str, pattern: re.Pattern[str], *, is_named: bool) -> dict[int, int]:
    """`is_named` says whether a closing tag names what it closes; otherwise, it closes the last one opened."""
    pairs: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    counts, finders = Counter[str](), {mark: Finder(text) for mark in "<%"}
    for tag in pattern.finditer(text):
        mark, closes, found_name = tag.groups()
        name = re.sub(r"[-_]", "", found_name or "").lower()
        closing = {"<": ">}}", "%": "%}}" if pattern is _HUGO else "%}"}[mark]
        end = finders[mark].find(closing, tag.end())
        if end < 0 or (is_named and name not in _NAMES):
            continue
        if not closes:
            if text[tag.end() : end].rstrip()[-1:] != "/" or not is_named:
                opened.append((name, tag.start()))
                counts[name] += 1
        elif opened and (counts[name] or not is_named):
            while is_named and opened[-1][0] != name:
                counts[opened.pop()[0]] -= 1
            name, start = opened.pop()
            counts[name] -= 1
            if name in _NAMES:
                pairs[start] = end + len(closing)
    return pairs
