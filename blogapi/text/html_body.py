"""From HTML of any kind to what is shown: sanitised, its headings given ids, and what a reader sees of it told."""

import re
from html import unescape

from blogapi.text.markup import Markup
from blogapi.text.sanitizer import MORE, MORE_TAG, clean_post
from blogapi.text.transcript import Transcript

# How the sanitiser writes: every `<` opens a tag, every value stands in double quotes, and holds neither `<>` nor `"`.
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*+)([^<>]*+)>")
_ATTRIBUTE = re.compile(r' ([a-z]++)="([^"]*+)"')

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_ASIDES = frozenset(("td", "th", "caption", "figcaption"))
_INLINE = frozenset((
    "a", "abbr", "b", "br", "cite", "code", "del", "dfn", "em", "i", "img", "input", "ins", "kbd", "mark", "q",
    "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
))  # fmt: skip
# What our own Markdown makes of references to footnotes: signs, and no text of the post.
_SIGNS = (("sup", "footnote-ref"), ("a", "footnote-backref"))


def to_html(body: str) -> tuple[str, Transcript]:
    """Sanitise a body in HTML, and tell what a reader sees of it. Raises TooComplex."""
    return finish(Markup(more=MORE).plain(body))


def finish(html: str) -> tuple[str, Transcript]:
    """Sanitise plain HTML, give its headings ids and each id once, and tell what a reader sees of it."""
    reader = _Reader(clean_post(html))
    return reader.html_with_ids(), reader.transcript


class _Reader:
    """Reads sanitised HTML."""

    def __init__(self, html: str) -> None:
        self.transcript = Transcript()
        self._html = html
        self._patches: list[tuple[int, int, str]] = []  # from, to, what shall be there
        self._text: list[str] = []
        # The enclosing elements that decide what a text is, each with the kind of text that it makes.
        self._kinds = [("", "")]
        self._heading: tuple[int, str] | None = None  # end of the tag's name, and id, of the heading whose text is next
        self._sign = ""  # the element whose text is passed over
        self._read()

    def html_with_ids(self) -> str:
        """Return the HTML with an id for each heading, and each id once."""
        parts, done = [], 0
        for start, end, new in sorted(self._patches):
            parts += [self._html[done:start], new]
            done = end
        return "".join([*parts, self._html[done:]])

    def _read(self) -> None:
        html, at = self._html, 0
        for tag in _TAG.finditer(html):
            if tag.start() > at and not self._sign:
                self._text.append(html[at : tag.start()])
            at = tag.end()
            is_end, name, attributes = tag.groups()
            if is_end:
                self._end_tag(name, tag)
            else:
                self._start_tag(name, tag, attributes)
        self._text.append(html[at:])
        self._end_block()

    def _start_tag(self, name: str, tag: re.Match[str], attributes: str) -> None:
        if name not in _INLINE:
            self._end_block()
        elif name == "br":
            self._text.append(" ")
        own_id = classes = ""
        if ' id="' in attributes or ' class="' in attributes:
            for attribute in _ATTRIBUTE.finditer(attributes):
                if attribute[1] == "class":
                    classes = attribute[2]
                elif attribute[1] == "id":
                    own_id = self.transcript.take_id(attribute[2])
                    if own_id != attribute[2]:
                        start = tag.start(3) + attribute.start(2)
                        self._patches.append((start, start + len(attribute[2]), own_id))
        if name in _HEADINGS:
            self._heading = (tag.end(2), own_id)
            self._kinds.append((name, name))
        elif name in _ASIDES or name == "pre":
            self._kinds.append((name, name))
        elif name == "section":
            self._kinds.append((name, "footnotes" if classes == "footnotes" else self._kinds[-1][1]))
        elif (name, classes) in _SIGNS:
            self._sign = name
        elif name == MORE_TAG:
            self._patches.append((tag.start(), tag.end(), ""))
            self.transcript.end_excerpt()

    def _end_tag(self, name: str, tag: re.Match[str]) -> None:
        if name not in _INLINE:
            self._end_block()
        if name == self._sign:
            self._sign = ""
        if name == self._kinds[-1][0]:
            self._kinds.pop()
        if name == MORE_TAG:
            self._patches.append((tag.start(), tag.end(), ""))

    def _end_block(self) -> None:
        text = unescape("".join(self._text))
        self._text.clear()
        if not text or text.isspace():
            return
        kind = self._kinds[-1][1]
        if kind == "pre":
            self.transcript.code.append(text)
        elif kind in _HEADINGS and self._heading is not None:
            position, own_id = self._heading
            heading_id = self.transcript.add_heading(int(kind[1]), text, own_id)
            if not own_id:
                self._patches.append((position, position, f' id="{heading_id}"'))
            self._heading = None
        else:
            (self.transcript.asides if kind else self.transcript.prose).append(text)
