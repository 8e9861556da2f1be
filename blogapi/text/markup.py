"""HTML as people write it, taken apart in one pass and put together again so that nobody can read it in two ways.

The sanitiser builds a tree as a browser does, which costs a walk up the tree for each tag, and lets what a script or an
image of SVG holds mean something else than it seems. What comes out of here is plain: whole tags of elements that we
know, quoted attributes, and text. So comments, scripts and half a tag are gone before there is a tree, nothing can open
in one piece of a text and close in another, and depth can be counted.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

from blogapi.text.sanitizer import POST_TAGS

MAX_DEPTH = 500
MAX_TAG_ATTRIBUTES = 250
# A tag of these kinds that is left open is opened again in each later block, by every parser.
MAX_REOPENED = 1_000_000

# Each pattern below reads on from where the last one ended, and takes what it has taken for good (`*+`): a text is read
# once, whatever it is. HTML standard, section 13.2.5.
_OPENING = re.compile(r"<(?:([A-Za-z][^\t\n\f\r />]*+)|/([A-Za-z][^\t\n\f\r />]*+)|(!--)|(!\[CDATA\[)|[!?/])")
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\t\n\f\r >]*+)))?+"
)
_CLOSING = re.compile(r"[\t\n\f\r /]*+>")
_COMMENT_END = re.compile(r"--!?>")
_MORE = re.compile(r"[\t\n\f\r ]*+more[\t\n\f\r ]*+", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z-]*+")
# Elements whose content is no text for readers; what ends them.
_ENDS = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in ("script", "style")}
_LONG_NUMBER = re.compile(r"&#[xX]?[0-9A-Fa-f]{8,}+;?")

# Elements without an end tag, or whose end tag many leave out: one of them cannot stand in another without an element
# between that is counted.
_FLAT = frozenset(
    ("a", "br", "col", "hr", "img", "input", "li", "p", "tbody", "td", "tfoot", "th", "thead", "tr", "wbr")
)
_FORMATTING = frozenset(("b", "code", "em", "i", "s", "small", "strong", "u"))


class TooComplex(Exception):
    """The text would cost more to render than any real one does, or lose a part of it."""


class Markup:
    """Reads the HTML of one document, which may come in several pieces. `more` is put where `<!--more-->` stood first.

    A piece that ends within a tag or a comment loses that tag or comment; a browser would do the same at the end.
    `in_comment` tells of the latter.
    """

    def __init__(self, more: str = "") -> None:
        self.in_comment = False
        self._more = more
        self._depth = 0
        self._open_tags = Counter[str]()
        self._open_formatting = self._peak = self._reopened = 0

    def plain(self, html: str) -> str:
        """The same, but plain. Raises TooComplex."""
        return "".join(self._pieces(html))

    def expect(self, blocks: int) -> None:
        """Say how many blocks there are besides those in this markup. Raises TooComplex."""
        if self._peak * blocks > MAX_REOPENED:
            raise TooComplex

    def _pieces(self, html: str) -> Iterator[str]:
        at = 0
        while opening := _OPENING.search(html, at):
            yield _as_text(html[at : opening.start()])
            name, end_name, comment, cdata = opening.groups()
            if comment:
                closing = _COMMENT_END.search(html, opening.start() + 2)
                if closing and self._more and _MORE.fullmatch(html, opening.end(), max(closing.start(), opening.end())):
                    yield self._more
                    self._more = ""
                self.in_comment = closing is None
                at = closing.end() if closing else len(html)
            elif name or end_name:
                at, attributes = _attributes(html, opening.end())
                name = (name or end_name).lower()
                if at < 0:
                    return
                if end_name:
                    yield self._end(name)
                elif name in _ENDS:
                    closing = _ENDS[name].search(html, at)
                    at = closing.start() if closing else len(html)
                else:
                    yield self._start(name, attributes)
            else:
                mark = "]]>" if cdata else ">"
                end = html.find(mark, opening.end())
                at = len(html) if end < 0 else end + len(mark)
        yield _as_text(html[at:])

    def _start(self, name: str, attributes: list[str]) -> str:
        if name not in POST_TAGS:
            return ""
        self._reopened += self._open_formatting
        if name not in _FLAT:
            self._open_tags[name] += 1
            self._depth += 1
            if name in _FORMATTING:
                self._open_formatting += 1
                self._peak = max(self._peak, self._open_formatting)
        if self._depth > MAX_DEPTH or len(attributes) > MAX_TAG_ATTRIBUTES or self._reopened > MAX_REOPENED:
            raise TooComplex
        if name == "a":
            attributes = _with_id(attributes)
        return f"<{name}{''.join(attributes)}>"

    def _end(self, name: str) -> str:
        if name not in POST_TAGS:
            return ""
        if name not in _FLAT:
            if not self._open_tags[name]:
                return ""
            self._open_tags[name] -= 1
            self._depth -= 1
            self._open_formatting -= name in _FORMATTING
        return f"</{name}>"


def visible_text(html: str) -> str:
    """Roughly the text of any HTML, however broken or deep."""
    return unescape(_LONG_NUMBER.sub("\ufffd", " ".join(_Texts()._pieces(html))))


def without_comments(text: str) -> str:
    """A text that nobody reads as HTML, without what its writer has hidden."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (closing := _COMMENT_END.search(text, start + 2)):
        parts.append(text[at:start])
        at = closing.end()
    return "".join([*parts, text[at:]])


class _Texts(Markup):
    def _start(self, name: str, attributes: list[str]) -> str:
        return ""

    def _end(self, name: str) -> str:
        return ""


def _with_id(attributes: list[str]) -> list[str]:
    """The name of an anchor is what HTML now calls its id."""
    if any(attribute.startswith(' id="') for attribute in attributes):
        return attributes
    return [
        attribute.replace(' name="', ' id="', 1) if attribute.startswith(' name="') else attribute
        for attribute in attributes
    ]


def _attributes(html: str, at: int) -> tuple[int, list[str]]:
    """Where the tag ends, -1 if nowhere, and its attributes as they are to be written."""
    attributes = []
    while found := _ATTRIBUTE.match(html, at):
        at = found.end()
        name, double, single, bare = found.groups()
        if _NAME.fullmatch(name := name.lower()):
            value = double if double is not None else (single or bare or "").replace('"', "&quot;")
            attributes.append(f' {name}="{value}"')
    closing = _CLOSING.match(html, at)
    return (closing.end() if closing else -1), attributes


def _as_text(text: str) -> str:
    # What is left of `<` opens nothing, so it is text already; said in full, it cannot begin to open something.
    return text.replace("<", "&lt;")
