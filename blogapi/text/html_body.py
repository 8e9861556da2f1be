"""Bodies that are HTML already, as imports bring them: checked, read, and given ids for their headings."""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

from blogapi.text.sanitizer import clean_post
from blogapi.text.transcript import Transcript

MAX_DEPTH = 500
MAX_TAG_ATTRIBUTES = 250

_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)")
# As the HTML standard splits a tag, section 13.2.5.
_CROWDED_TAG = re.compile(
    r"<[A-Za-z][^\s/>]*+"
    r"(?>[\s/]*+[^\s/>][^\s/>=]*+(?>\s*+=\s*+(?>\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?+)"
    rf"{{{MAX_TAG_ATTRIBUTES}}}"
)
# Elements without an end tag, or whose end tag many leave out. In HTML, not in SVG or MathML, one of them cannot stand
# in another without an element between that is counted.
_FLAT = frozenset((
    "area", "br", "col", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p", "source", "tbody", "td",
    "th", "thead", "tr", "wbr",
))  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_ASIDES = frozenset(("td", "th", "caption", "figcaption"))
_INLINE = frozenset((
    "a", "abbr", "b", "br", "cite", "code", "del", "dfn", "em", "i", "img", "input", "ins", "kbd", "mark", "q",
    "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
))  # fmt: skip


def is_too_complex(html: str) -> bool:
    """Whether it is so deep, or one tag so full, that the sanitiser would take long: its cost is quadratic in both."""
    depth, open_tags = 0, Counter[str]()
    for slash, name in _TAG.findall(html.lower()):
        if name in _FLAT and not (open_tags["svg"] or open_tags["math"]):
            continue
        if not slash:
            open_tags[name] += 1
            depth += 1
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
        if depth > MAX_DEPTH:
            return True
    return _CROWDED_TAG.search(html) is not None


def to_html(body: str) -> tuple[str, Transcript]:
    """Sanitise a body, give its headings ids, and tell what a reader sees of it."""
    html = clean_post(body)
    reader = _Reader(html)
    return reader.html_with_ids(), reader.transcript


def to_text(body: str) -> str:
    """Return roughly the text of any HTML, however broken."""
    return unescape(re.sub(r"<[^<>]*>", " ", body))


class _Reader(HTMLParser):
    """Reads sanitised, so well-formed, HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.transcript = Transcript()
        self._html = html
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", html))]
        self._patches: list[tuple[int, str, str]] = []  # position, what is there, what shall be there
        self._text: list[str] = []
        self._kinds = [""]  # the enclosing elements that decide what a text is
        self._heading: tuple[int, str] | None = None  # position and id of the heading whose text comes next
        self.feed(html)
        self.close()
        self._end_block()

    def html_with_ids(self) -> str:
        """Return the HTML with an id for each heading, and each id once."""
        parts, done = [], 0
        for position, old, new in sorted(self._patches):
            parts += [self._html[done:position], new]
            done = position + len(old)
        return "".join([*parts, self._html[done:]])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self._end_block()
        elif tag == "br":
            self._text.append(" ")
        line, column = self.getpos()
        position = self._line_starts[line - 1] + column
        if wanted := dict(attrs).get("id") or "":
            own_id = self.transcript.take_id(wanted)
            old = self.get_starttag_text() or ""
            self._patches.append((position, old, old.replace(f' id="{wanted}"', f' id="{own_id}"', 1)))
            wanted = own_id
        if tag in _HEADINGS:
            self._heading = (position + len("<h1"), wanted)
        if tag in _HEADINGS or tag in _ASIDES or tag == "pre":
            self._kinds.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self._end_block()
        if tag == self._kinds[-1]:
            self._kinds.pop()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def _end_block(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if not text.strip():
            return
        kind = self._kinds[-1]
        if kind == "pre":
            self.transcript.code.append(text)
        elif kind in _HEADINGS and self._heading is not None:
            position, own_id = self._heading
            heading_id = self.transcript.add_heading(int(kind[1]), text, own_id)
            if not own_id:
                self._patches.append((position, "", f' id="{heading_id}"'))
            self._heading = None
        else:
            (self.transcript.asides if kind else self.transcript.prose).append(text)
