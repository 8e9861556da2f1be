"""Tags of template languages in Markdown: Liquid, Nunjucks, and the shortcodes of Hugo and Zola.

What has an honest equivalent becomes Markdown. Anything else is taken out of what readers would see, and told. Code,
formulas and comments stay as they are, but for the marks that only kept a generator's hands off them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from blogapi.importers import conditions
from blogapi.importers.conditions import Block
from blogapi.importers.hiding import hidden_parts
from blogapi.importers.pictures import embedded, fenced, picture
from blogapi.importers.prose import Finder, Span, verbatim
from blogapi.importers.tags import LONGEST_TAG, arguments, language, named
from blogapi.importers.template_values import Values
from blogapi.importers.told import Told

# How much white space may stand in a closing tag.
_LOOSE = 40
# How many times its length of a text is read anew where code in a tag has upset what is code behind it.
_MOST_READ_ANEW = 4
_NAME = re.compile(r"[A-Za-z_][\w./-]*")
_RAW_MARK = re.compile(r"\{%-?\s{0,20}(?:end)?(?:raw|verbatim)\s{0,20}-?%\}")
_ESCAPED_HUGO = re.compile(r"\{\{([<%])/\*([^{}]*)\*/([>%])\}\}")
_ESCAPED_ZOLA = re.compile(r"\{\{/\*([^{}]*)\*/\}\}|\{%/\*([^{}]*)\*/%\}")
# What stands in these was made by the generator, or by nobody: it goes as a whole.
_WHOLE = frozenset((
    "capture", "case", "comment", "for", "javascript", "macro", "schema", "script", "style", "stylesheet", "tablerow",
))  # fmt: skip
# Before a link to a post, which is made relative.
_BEFORE_POST = re.compile(
    r"(?:\{\{-?\s{0,9}site\.(?:url|baseurl|github\.url|root)\s{0,9}-?\}\}){1,3}\{%-?\s{0,9}(?:post_url|post_path|link)\s"
)
_RAW = frozenset({"raw", "verbatim"})
_CODE = frozenset({"highlight", "codeblock", "code", "prism", "code_block"})
_PICTURES = frozenset({"figure", "image", "img", "picture", "asset_img", "fig", "imgproc", "lazyimg"})
# Generators that read every post as a template.
TEMPLATED = ("jekyll", "hexo", "eleventy")

Refer = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Which tags mean something in a text, and what they can refer to.

    `refer` gives the address of the post that a tag names: `refer("post_url", "2020-01-01-x")`.
    """

    liquid: bool = False  # every `{% %}` and `{{ }}` is a tag
    guess: bool = False  # only those that can hardly be anything else
    zola: bool = False
    page: Mapping[str, Any] = field(default_factory=dict)
    site: Mapping[str, Any] = field(default_factory=dict)
    refer: Refer = lambda tag, target: None


def to_markdown(body: str, dialect: Dialect, first_line: int = 1) -> tuple[str, tuple[str, ...]]:
    """The body without what only its generator understands, and what was done to it."""
    if "{{" not in body and "{%" not in body and "{#" not in body:
        return body, ()
    reader = _Reader(body, dialect, first_line)
    return reader.read(), reader.told.notes


@dataclass(frozen=True, slots=True)
class _Tag:
    start: int
    end: int
    opening: str
    text: str  # what stands between the brackets
    whole: str

    @property
    def name(self) -> str:
        found = _NAME.match(self.text)
        return found[0] if found else ""

    @property
    def rest(self) -> str:
        return self.text[len(self.name) :]


class _Reader:
    """Goes through the text once. `_at` is how far it has been taken over into `_out`."""

    def __init__(self, body: str, dialect: Dialect, first_line: int) -> None:
        self._body, self._dialect = body, dialect
        self.told = Told(body, first_line)
        self._values = Values(dialect.site, dialect.page)
        self._out: list[str] = []
        self._at = 0
        self._finder = Finder(body)
        self._spans: list[Span] = verbatim(body)
        self._next_span = 0
        self._to_read_anew = _MOST_READ_ANEW * len(body)
        is_liquid = dialect.liquid or dialect.guess
        self._hidden = hidden_parts(body, liquid=is_liquid, zola=dialect.zola)
        self._blocks: dict[int, Block] = {}
        self._skips: dict[int, int] = {}  # from the end of a branch that is shown to the end of its block
        self._without_end: set[str] = set()  # what closes nothing from here on
        self._find_blocks(0)

    def read(self) -> str:
        position = 0
        while (position := self._body.find("{", position)) >= 0:
            span = self._span_at(position)
            if span:
                self._unescape(span)
                position = span[1]
                continue
            tag = self._tag(position)
            position = position + 1 if tag is None else max(self._take(tag), position + 1)
        return "".join([*self._out, self._body[self._at :]])

    # What is where

    def _span_at(self, position: int) -> Span | None:
        while self._next_span < len(self._spans) and self._spans[self._next_span][1] <= position:
            self._unescape(self._spans[self._next_span])
            self._next_span += 1
        if self._next_span < len(self._spans) and self._spans[self._next_span][0] <= position:
            return self._spans[self._next_span]
        return None

    def _unescape(self, span: Span) -> None:
        """In code only the marks go that kept a generator from reading it."""
        start, end = max(span[0], self._at), span[1]
        if start >= end or "{" not in self._body[start:end]:
            return
        part = self._body[start:end]
        plain = self._without_marks(part)
        if plain != part:
            self._put(start, end, plain, "marks that kept template tags in code removed")

    def _without_marks(self, part: str) -> str:
        part = _ESCAPED_HUGO.sub(r"{{\1\2\3}}", part)
        if self._dialect.liquid:
            part = _RAW_MARK.sub("", part)
        if self._dialect.zola:
            part = _ESCAPED_ZOLA.sub(lambda found: f"{{{{{found[1]}}}}}" if found[1] else f"{{%{found[2]}%}}", part)
        return part

    def _tag(self, start: int) -> _Tag | None:
        for opening, closing in (("{{<", ">}}"), ("{{%", "%}}"), ("{{", "}}"), ("{%", "%}"), ("{#", "#}")):
            if self._body.startswith(opening, start):
                end = self._finder.find(closing, start + len(opening))
                if end < 0 or end - start > LONGEST_TAG:
                    return None
                inner = self._body[start + len(opening) : end]
                stop = end + len(closing)
                return _Tag(start, stop, opening, inner.strip("-~ \t\r\n"), self._body[start:stop])
        return None

    # What becomes of a tag: each returns where to read on

    def _take(self, tag: _Tag) -> int:
        if (end := self._hidden.get(tag.start)) is not None:
            return self._hide(tag, end)
        if tag.opening in ("{{<", "{{%"):
            return self._hugo(tag)
        if self._dialect.zola:
            return self._zola(tag)
        if tag.opening == "{#":
            is_comment = self._dialect.liquid and tag.whole[2:3].isspace()
            return self._drop(tag, tag.end) if is_comment else tag.start + 1
        if tag.opening == "{{":
            return self._expression(tag)
        return self._liquid(tag) if self._is_liquid(tag) else tag.start + 1

    def _is_liquid(self, tag: _Tag) -> bool:
        if self._dialect.liquid:
            return True
        return self._dialect.guess and bool(tag.name) and "{" not in tag.text and "\n\n" not in tag.text

    def _hugo(self, tag: _Tag) -> int:
        if tag.text.startswith("/*"):
            return self._put(tag.start, tag.end, self._without_marks(tag.whole), "escaped shortcodes shown as text")
        name, words, fields = tag.name, *arguments(tag.rest.rstrip("/ "))
        if name == "highlight":
            closing = self._end_of("/highlight", tag, ("{{<", "{{%"), (">}}", "%}}"))
            if closing:
                return self._code(tag, closing, words[0] if words else fields.get("lang", ""))
        if name in ("ref", "relref") and (words or fields):
            address = self._dialect.refer("ref", words[0] if words else fields.get("path", ""))
            if address is not None:
                return self._put(tag.start, tag.end, address, "links to posts made to lead to them")
        return self._widget(tag, name, words, fields)

    def _zola(self, tag: _Tag) -> int:
        if tag.text.startswith("/*"):
            return self._put(tag.start, tag.end, self._without_marks(tag.whole), "escaped shortcodes shown as text")
        is_call = re.match(r"\w+\s?\(", tag.text) is not None and tag.text.endswith(")")
        if tag.opening == "{#" or not (is_call or (tag.opening == "{%" and tag.text == "end")):
            return tag.start + 1
        words, fields = arguments(tag.rest.strip("() "))
        return self._widget(tag, tag.name, words, fields)

    def _liquid(self, tag: _Tag) -> int:
        name = tag.name
        if (end := self._skips.pop(tag.start, -1)) >= 0:
            return self._hide(tag, end)
        if name in ("if", "unless"):
            return self._conditional(tag)
        if name in _RAW and (closing := self._end_of(f"end{name}", tag)):
            inner = self._body[tag.end : closing[0]]
            return self._region(tag, closing, inner, "raw markers removed")
        words, fields = arguments(tag.rest)
        if name in _CODE and (closing := self._end_of(f"end{name}", tag)):
            return self._code(tag, closing, language(name, words, fields))
        if name in _WHOLE and (closing := self._end_of(f"end{name}", tag)):
            return self._hide(tag, closing[1])
        if name in ("else", "elsif", "elif") and (closing := self._end_of("endif", tag)):
            return self._hide(tag, closing[1])
        if name in ("post_url", "link", "post_path") and words:
            address = self._dialect.refer(name, words[0])
            if address is not None:
                return self._put(tag.start, tag.end, address, "links to posts made to lead to them")
        if name == "post_link" and words and (address := self._dialect.refer(name, words[0])) is not None:
            title = " ".join(words[1:]) or words[0]
            return self._put(tag.start, tag.end, f"[{title}]({address})", "links to posts made to lead to them")
        if name == "asset_path" and words:
            return self._put(tag.start, tag.end, words[0], "addresses of files made plain")
        if name in ("include", "include_cached", "include_relative", "render") and words:
            name = words.pop(0).rpartition("/")[2].partition(".")[0]
        return self._widget(tag, name, words, fields)

    def _conditional(self, tag: _Tag) -> int:
        block = self._blocks.get(tag.start)
        if block is None:
            closing = self._end_of(f"end{tag.name}", tag)
            return self._hide(tag, closing[1]) if closing else self._drop(tag, tag.end)
        branch = conditions.shown(block, self._values.for_condition)
        if branch is None:
            return self._hide(tag, block.end)
        self._skips[branch.end] = block.end
        return self._hide(tag, branch.start)

    def _find_blocks(self, start: int) -> None:
        if (self._dialect.liquid or self._dialect.guess) and "{%" in self._body:
            self._blocks.update(conditions.blocks(self._body, self._spans, start))

    def _widget(self, tag: _Tag, name: str, words: list[str], fields: Mapping[str, str]) -> int:
        fields = {key: self._values.filled(value) for key, value in fields.items()}
        if name.lower() in _PICTURES:
            fields = named(name, words, fields)
            text = picture(fields, self._indent(tag.start))
            if text is not None:
                return self._put(tag.start, tag.end, text, f"{name} made a picture")
        text = embedded(name, words, fields)
        if text is not None:
            return self._put(tag.start, tag.end, text, f"{name} made a link")
        return self._drop(tag, tag.end)

    def _expression(self, tag: _Tag) -> int:
        dialect = self._dialect
        if not (dialect.liquid or (dialect.guess and _looks_like_liquid(tag.text))):
            return tag.start + 1
        value = "" if _BEFORE_POST.match(self._body, tag.start) else self._values.of(tag.text)
        if value is None:
            return self._drop(tag, tag.end)
        return self._put(tag.start, tag.end, value, "template values written out")

    # Writing

    def _indent(self, at: int) -> str:
        line = self._body[self._body.rfind("\n", max(0, at - 200), at) + 1 : at]
        return line if not line.strip() and len(line) < 200 else ""

    def _replace(self, start: int, end: int, by: str) -> int:
        self._out += self._body[self._at : start], by
        self._at = end
        return end

    def _put(self, start: int, end: int, by: str, what: str) -> int:
        self.told.did(what, start)
        return self._replace(start, end, by)

    def _drop(self, tag: _Tag, end: int) -> int:
        self.told.took(tag.whole, tag.start)
        return self._replace(tag.start, end, "")

    def _hide(self, tag: _Tag, end: int) -> int:
        """Take out what readers have not seen, from the start of a tag on."""
        self.told.took(self._body[tag.start : min(end, tag.start + LONGEST_TAG)], tag.start)
        self._reread(end)
        return self._replace(tag.start, end, "")

    def _region(self, tag: _Tag, closing: Span, by: str, what: str | None) -> int:
        if what:
            self.told.did(what, tag.start)
        self._reread(closing[1])
        return self._replace(tag.start, closing[1], by)

    def _code(self, tag: _Tag, closing: Span, language: str) -> int:
        begins = self._body.rfind("\n", max(0, tag.start - 1000), tag.start) + 1
        ends = self._body.find("\n", closing[1], closing[1] + 1000)
        before = self._body[begins : tag.start]
        after = self._body[closing[1] : ends if ends >= 0 else closing[1] + 1000]
        code = self._without_marks(self._body[tag.end : closing[0]])
        return self._region(tag, closing, fenced(code, language, before, after), "highlighted code made fenced code")

    def _end_of(
        self, name: str, tag: _Tag, openings: tuple[str, ...] = ("{%",), closings: tuple[str, ...] = ("%}",)
    ) -> Span | None:
        position, width = tag.end, len(openings[0])
        if name in self._without_end:
            return None
        while (position := self._finder.find(name, position)) >= 0:
            behind = position + len(name)
            before = self._body[max(tag.end, position - _LOOSE) : position].rstrip("- \t\r\n")
            after = self._body[behind : behind + _LOOSE].lstrip("- \t\r\n")
            if before.endswith(openings) and after.startswith(closings):
                begins = self._body.rfind(before[-width:], tag.end, position)
                return begins, self._body.find(after[:width], behind) + width
            position += 1
        self._without_end.add(name)
        return None

    def _reread(self, start: int) -> None:
        """What is code behind a tag may have been misjudged because of what stood in it."""
        upset, index = False, self._next_span
        while index < len(self._spans) and self._spans[index][0] < start:
            upset = upset or self._spans[index][1] > start
            index += 1
        self._next_span = index
        if upset and self._to_read_anew > 0:
            self._to_read_anew -= len(self._body) - start
            self._spans, self._next_span = verbatim(self._body, start), 0
            self._find_blocks(start)


def _looks_like_liquid(text: str) -> bool:
    return "|" in text or text.startswith(("site.", "page.", "post.", "include.", "collections.", '"', "'"))
