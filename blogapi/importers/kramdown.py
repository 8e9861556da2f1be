"""Comments of kramdown, `{::comment}...{:/comment}`: what a writer has hidden stays so, whatever stands in it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from blogapi.importers.prose import Span, verbatim
from blogapi.importers.told import Told

# Stands for each character of a comment, so that all others keep their places. No body has it.
GONE = "\0"

_OPENING = re.compile(r"\{::comment\b[^{}\n]{0,200}\}")
_CLOSING = re.compile(r"\{:/[ \t]{0,9}(?:comment)?[ \t]{0,9}\}")
_SHOWN = re.compile(r"[^\n]+")
_LINE_GONE = re.compile(r"^[\0 \t]+$", re.MULTILINE)
# After so many comments that hold the beginning of code, no code is told from comments any more.
_MOST_ROUNDS = 20


def without_kramdown_comments(text: str, told: Told) -> tuple[str, list[Span]]:
    """The text with `GONE` for each character of its comments, and where in it nothing may be translated.

    What begins first counts: a comment in code is code, and code in a comment is gone with it. A comment that nobody
    closes goes on to the end.
    """
    code = verbatim(text)
    for left in reversed(range(_MOST_ROUNDS + 1)):
        comments = _comments(text, code if left else [], told)
        if not comments:
            break
        text = _without(text, comments)
        code = verbatim(_LINE_GONE.sub(lambda found: " " * len(found[0]), text))
    return text, code


def _comments(text: str, code: list[Span], told: Told) -> list[Span]:
    """Those before which it is known where code is: up to the first one that holds the beginning of code."""
    starts = [start for start, _ in code]
    found, at = list[Span](), 0
    while opening := _OPENING.search(text, at):
        index = bisect_right(starts, opening.start()) - 1
        if index >= 0 and code[index][1] > opening.start():
            at = code[index][1]
            continue
        end = _end_of(text, opening, told)
        found.append((opening.start(), end))
        at = end
        if bisect_left(starts, end) > index + 1:
            break
    return found


def _end_of(text: str, opening: re.Match[str], told: Told) -> int:
    is_empty = opening[0].endswith("/}")
    closing = opening if is_empty else _CLOSING.search(text, opening.end())
    if closing is None:
        told.did("taken out: {::comment}, and the rest of the text, for nothing closes it", opening.start())
        return len(text)
    told.took("{::comment}", opening.start())
    return closing.end()


def _without(text: str, spans: list[Span]) -> str:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], _SHOWN.sub(lambda found: GONE * len(found[0]), text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])
