"""What a translation did to a text, told in notes: what, and on which lines of the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict

_BREAK = re.compile("\n")
_MOST_LINES = 10
_MOST_NOTES = 50
_LONGEST = 80


class Told:
    """Collects what was done where. `first_line` is the line of the file at which the text begins."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self._first = first_line
        self._breaks = [found.start() for found in _BREAK.finditer(text)]
        self._done: dict[str, list[int]] = defaultdict(list)

    def did(self, what: str, at: int) -> None:
        """Something was translated."""
        self._done[what].append(self._first + bisect_right(self._breaks, at - 1))

    def took(self, tag: str, at: int) -> None:
        """Something was taken out of what readers see."""
        shown = " ".join(tag.split())
        self.did(f"taken out: {shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + '…'}", at)

    @property
    def notes(self) -> tuple[str, ...]:
        """One for each kind of thing, in the order of the text."""
        notes = [f"{what} ({_numbered(lines)})" for what, lines in self._done.items()]
        more = len(notes) - _MOST_NOTES
        return (*notes[:_MOST_NOTES], *([f"and {more} more things were translated or taken out"] if more > 0 else []))


def _numbered(lines: list[int]) -> str:
    lines = list(dict.fromkeys(lines))
    more = f" and {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:_MOST_LINES]))}{more}"
