"""Ids inside rendered HTML, and the links to them.

A browser makes every id a property of `window`, and inside forms of more, so an id that a writer chooses freely can
stand in for a variable of the page's scripts or for the element they mount on. All ids in our HTML therefore start with
`h-` (headings and anchors of imported HTML), `fn-` or `fnref-` (footnotes): none of these can be the name of a variable
or a property, and the kinds cannot collide. Links such as `#getting-started` are led to `#h-getting-started`.
"""

import re
from urllib.parse import unquote

from blogapi.text.slug import ascii_words

MAX_ANCHOR = 80

_OURS = re.compile(r"h-[a-z0-9-]+")
_FOOTNOTES = re.compile(r"fn-[0-9]+|fnref-[0-9]+(?::[0-9]+)?")
# Where our footnotes have these ids. Elsewhere, somebody's heading would be in the way of them.
_FOOTNOTE_TAGS = frozenset(("li", "a"))


def anchor(text: str) -> str:
    """Make the id that a heading with this text has, if it is the first of that text."""
    return "h-" + (ascii_words(text, MAX_ANCHOR) or "section")


def own_anchor(value: str, tag: str = "a") -> str:
    """Turn an id that a writer chose for a tag, or a fragment, into one of ours; one of ours stays as it is."""
    if len(value) <= MAX_ANCHOR + len("h--99999") and (
        _OURS.fullmatch(value) or (tag in _FOOTNOTE_TAGS and _FOOTNOTES.fullmatch(value))
    ):
        return value
    return anchor(unquote(value[: 10 * MAX_ANCHOR]))


class UniqueAnchors:
    """Hands out the ids of one document, each once: `h-usage`, `h-usage-2`."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}  # id -> highest number tried behind it, so that equal headings stay cheap

    def take(self, wanted: str) -> str:
        """Take `wanted`, or the first of `wanted-2`, `wanted-3` that is free."""
        if wanted in self._last and not _OURS.fullmatch(wanted):
            wanted = anchor(wanted)  # the id of a footnote has no room for a number behind it
        candidate, number = wanted, self._last.get(wanted, 1)
        while candidate in self._last:
            number += 1
            candidate = f"{wanted}-{number}"
        self._last[candidate] = 1
        self._last[wanted] = number
        return candidate
