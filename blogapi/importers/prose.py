"""Which parts of a Markdown text stay as they were typed: code, formulas and comments. Linear in its length."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

Span = tuple[int, int]

# Each part of these can be read in one way only, so no line is gone over twice.
_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)")
_LIST_ITEM = re.compile(r"[ \t>]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]")
_HTML = re.compile(r"[ \t>]*<(pre|script|style|textarea)\b", re.IGNORECASE)
_INLINE = re.compile(r"\\[()\[\]]|\\.|`+|\$\$?|<!--", re.DOTALL)
_RUN = re.compile("`+")
_LONGEST_FORMULA = 2000
_MATH_CLOSERS = {"$$": "$$", r"\(": r"\)", r"\[": r"\]", "<!--": "-->"}


def verbatim(text: str, start: int = 0) -> list[Span]:
    """Where nothing may be translated, from `start` on, in order and without overlaps."""
    return list(_blocks(text, start))


class Finder:
    """Where in a text something comes next. Asked with growing positions, it goes over the text once for each thing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, int] = {}

    def find(self, what: str, start: int) -> int:
        """Its position, or -1."""
        known = self._known.get(what, -2)
        if known == -1 or known >= start:
            return known
        self._known[what] = found = self._text.find(what, start)
        return found


def _lines(text: str, start: int) -> Iterator[Span]:
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield start, end
        start = end


def _blocks(text: str, start: int) -> Iterator[Span]:
    paragraph = start  # where the text begins that has not been looked at for inline code
    opened: tuple[str, int] | None = None  # what closes the present block, and where it began
    indented, blank, in_list = False, True, False
    math = _displays(text, start)
    for begin, end in _lines(text, start):
        line = text[begin:end]
        if opened:
            if _closes(line, opened[0]):
                yield opened[1], end
                opened, paragraph = None, end
            continue
        if begin < paragraph:
            continue  # inside a formula of several lines
        if begin in math:
            yield from _inline(text, paragraph, begin)
            yield begin, math[begin]
            paragraph, blank = math[begin], False
            continue
        closer = _closer_of(line)
        is_blank = not line.strip(" \t\r\n>")
        is_code = line.startswith(("    ", "\t")) and not in_list and (blank or indented) and not is_blank
        if closer or is_code or (is_blank and not indented):
            yield from _inline(text, paragraph, begin)
            paragraph = end
        if closer:
            opened = (closer, begin)
        elif is_code:
            yield begin, end
        elif not is_blank:
            if _LIST_ITEM.match(line):
                in_list = True
            elif blank and not line.startswith((" ", "\t")):
                in_list = False
        if is_blank and indented:
            paragraph = end
        indented, blank = is_code or (indented and is_blank), is_blank
    if opened:
        yield opened[1], len(text)
    else:
        yield from _inline(text, paragraph, len(text))


def _closer_of(line: str) -> str:
    fence = _FENCE.match(line)
    if fence and not (fence[1][0] == "`" and "`" in fence[2]):
        return fence[1]
    html = _HTML.match(line)
    if html and f"</{html[1].lower()}" not in line.lower():
        return f"</{html[1].lower()}"
    return ""


def _closes(line: str, closer: str) -> bool:
    if closer.startswith("</"):
        return closer in line.lower()
    bare = line.strip(" \t\r\n>")
    return len(bare) >= len(closer) and not bare.strip(closer[0])


def _displays(text: str, start: int) -> dict[int, int]:
    """Formulas between lines that are nothing but `$$`: where each begins and ends."""
    marks = [span for span in _lines(text, start) if text[span[0] : span[1]].strip() == "$$"]
    return {opening[0]: closing[1] for opening, closing in zip(marks[::2], marks[1::2], strict=False)}


def _inline(text: str, start: int, end: int) -> Iterator[Span]:
    """Code spans, formulas and comments in one paragraph."""
    if start >= end:
        return
    part = text[start:end]
    runs: dict[int, list[int]] = defaultdict(list)
    for run in _RUN.finditer(part):
        runs[len(run[0])].append(run.start())
    dollars = [
        at
        for at in _positions(part, "$")
        if at and not part[at - 1].isspace() and part[at - 1] != "\\" and not part[at + 1 : at + 2].isalnum()
    ]
    finder, at = Finder(part), 0
    while token := _INLINE.search(part, at):
        at, mark = token.end(), token[0]
        closing, length = -1, len(mark)
        if mark[0] == "`":
            later = runs[length]
            index = bisect_right(later, token.start())
            closing = later[index] if index < len(later) else -1
        elif mark == "$":
            index = bisect_right(dollars, token.start() + 1)
            is_opening = not (part[at : at + 1].isspace() or (at > 1 and part[at - 2].isalnum()))
            if is_opening and index < len(dollars) and dollars[index] - at < _LONGEST_FORMULA:
                closing = dollars[index]
        elif mark in _MATH_CLOSERS:
            closer = _MATH_CLOSERS[mark]
            closing, length = finder.find(closer, at), len(closer)
        if closing >= 0:
            at = closing + length
            yield start + token.start(), start + at


def _positions(text: str, what: str) -> Iterator[int]:
    at = text.find(what)
    while at >= 0:
        yield at
        at = text.find(what, at + 1)
