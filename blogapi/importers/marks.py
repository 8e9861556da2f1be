"""Marks of Markdown's dialects: attributes in braces, containers, notes, tables of contents, ends of excerpts.

What has an equivalent becomes that, anything else is taken out of what readers would see, and told. No line comes or
goes, so that what is told of a text later names the right ones. Code and formulas stay.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from blogapi.importers.kramdown import GONE, without_kramdown_comments
from blogapi.importers.prose import Span
from blogapi.importers.told import Told

_ATTRIBUTE = re.compile(
    r"[#.][^\s#.{}][^\s{}]*+|(?<![\w:-])[A-Za-z][\w:-]{0,60}+="
    r"(?:\"[^\"]{0,400}+\"|'[^']{0,400}+'|[^\s\"'{}]++)"
)
# `{: .class #id}` (kramdown, Python-Markdown), `{.class #id}` (goldmark, pandoc), `{::options /}` (kramdown).
_BLOCK = re.compile(r"[ \t>]{0,20}\{(:{0,2}/?)([^{}\n]{0,500})\}[ \t]*")
_ABBREVIATION = re.compile(r"[ \t]{0,3}\*\[[^\[\]\n]{1,100}\]:.{0,500}")
_MORE = re.compile(r"<!--[ \t]{0,9}more[ \t]{0,9}-->", re.IGNORECASE)
_ATX = re.compile(r" {0,3}#{1,6}[ \t]")
_SETEXT = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_TOC = re.compile(
    r"[ \t]{0,3}(?:\[\[?_?toc_?\]?\]|@\[toc\](?:\([^()]{0,80}\))?|\$\{toc\}|\{\{?>?[ \t]?toc[ \t]?\}?\})[ \t]*",
    re.IGNORECASE,
)
_LIST_ITEM = re.compile(r"[ \t]{0,3}(?:[*+-]|[0-9]{1,3}\.)[ \t].{0,100}")
_CONTAINER = re.compile(r"[ \t>]{0,20}(:{3,})[ \t]*(?:\{[ \t]*)?[.#]?([A-Za-z][\w-]{0,40})?[^\S\n]*(.*)")
_LEAF = re.compile(r"[ \t]{0,3}::[A-Za-z][\w-]{0,40}(?:\[[^\[\]\n]{0,300}\])?(?:\{[^{}\n]{0,300}\})?[ \t]*")
_ADMONITION = re.compile(
    r"( {0,12})(?:!!!|\?\?\?\+?|===\+?)[ \t]++(?:([A-Za-z][\w-]{0,40}+(?: [\w-]{1,40}+){0,3})[ \t]*+)?"
    r"(?:\"([^\"\n]{0,200}+)\"[ \t]*+)?"
)
_ALERT = re.compile(r"([ \t]{0,3}>[ \t]?)\[!([A-Za-z]{2,20})\][+-]?[ \t]*(.*)")
_END = re.compile(r"<!--[ \t]{0,9}([A-Za-z][\w -]{0,40})-->")
_ENDS = frozenset((
    "truncate", "teaserend", "pelicanendsummary", "excerpt", "endexcerpt", "excerptend", "readmore", "endsummary",
    "summary", "summaryend", "endpreview", "endintro", "endofintro", "endofexcerpt", "endofsummary", "endteaser",
    "jump", "cut", "break", "seemore", "fold",
))  # fmt: skip
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# `{::nomarkdown}` and `{:/}` of kramdown, comments of Obsidian, attributes behind what they are of or behind a word,
# and links in double brackets.
_INLINE = re.compile(
    r"(?P<unseen>\{:(?::[a-z]{1,20}+(?:[ \t][^{}\n]{0,200})?|/[a-z]{0,20}+)\}"
    r"|(?<![^\s(])%%(?!%)[^%\n]{1,500}+%%(?![\w%]))"
    r"|(?<=[^\W_])\{:(?P<behind>[^{}\n]{1,300})\}"
    r"|(?<=[)\]*_`>~])\{:(?P<kramdown>[^{}\n]{1,300})\}|(?<=[)\]`])\{(?P<pandoc>[^{}\n]{1,300})\}"
    r"|(?P<picture>!?)\[\[(?P<name>[^\[\]|#\n]{1,200})(?P<anchor>#[^\[\]|\n]{1,100})?(?:\|(?P<shown>[^\[\]\n]{1,200}))?\]\]"
    r"(?![(\[:])"
)
_IMAGE = re.compile(r".*\.(?:png|jpe?g|gif|webp|svg|avif)", re.IGNORECASE)
_KINDS = frozenset((
    "note", "tip", "info", "warning", "danger", "caution", "important", "details", "success", "error", "hint",
    "abstract", "question", "example", "bug", "quote", "todo", "failure", "attention", "summary", "tldr", "help",
    "faq", "check",
))  # fmt: skip

Refer = Callable[[str], str | None]


def to_markdown(body: str, refer: Refer, *, separator: str = "", first_line: int = 1) -> tuple[str, tuple[str, ...]]:
    """The body in the Markdown that is read here, and what was done to it.

    `refer` gives the address of the post that a name means, as `Other Post` or `Other Post#Heading`, and `separator`
    is what ends the excerpt in this blog.
    """
    reader = _Reader(body, refer, separator, first_line)
    return reader.read(), reader.told.notes


class _Line(NamedTuple):
    start: int
    text: str  # without its end
    end: str


class _Reader:
    """Goes through the text once, line by line. What is before a line may still be changed: a heading gets its id."""

    def __init__(self, body: str, refer: Refer, separator: str, first_line: int) -> None:
        self._refer, self._separator = refer, separator
        self.told = Told(body, first_line)
        self._body, self._spans = without_kramdown_comments(body, self.told)
        self._starts = [start for start, _ in self._spans]
        self._out: list[str] = []  # the lines, without their ends
        self._open: list[int] = []  # how many colons opened the containers that are open
        self._indent: str | None = None  # of the content of an admonition
        self._hidden_to = -1  # where the last line of a comment of Obsidian begins
        self._comment_ends: list[int] = []
        self._has_end = _MORE.search(self._body) is not None

    def read(self) -> str:
        ends = []
        lines = _lines(self._body)
        self._comment_ends = [
            line.start for line in lines if line.text.count("%%") == 1 and line.text.rstrip().endswith("%%")
        ]
        for number, line in enumerate(lines):
            following = lines[number + 1].text if number + 1 < len(lines) else ""
            self._out.append(self._line(line, following))
            ends.append(line.end)
        return "".join(text + end for text, end in zip(self._out, ends, strict=True))

    def _line(self, line: _Line, following: str) -> str:
        if line.start <= self._hidden_to:
            return ""
        seen = line.text.replace(GONE, "")
        text = self._without_indent(seen)
        if not text.strip():
            return "" if GONE in line.text else text
        if not self._span_at(line.start + len(line.text) - len(line.text.lstrip(f"{GONE} \t"))):
            for read in (self._comment, self._block, self._container, self._note):
                found = read(text, line, following)
                if found is not None:
                    return found
        return self._inline(line, len(seen) - len(text))

    def _span_at(self, at: int) -> Span | None:
        index = bisect_right(self._starts, at) - 1
        return self._spans[index] if index >= 0 and self._spans[index][1] > at else None

    # Whole lines

    def _comment(self, text: str, line: _Line, following: str) -> str | None:
        """What Obsidian hides, between `%%` and `%%` on several lines."""
        if not text.lstrip().startswith("%%") or text.count("%%") != 1:
            return None
        end = bisect_right(self._comment_ends, line.start)
        if end == len(self._comment_ends):
            return None
        self._hidden_to = self._comment_ends[end]
        self.told.took("%%", line.start)
        return ""

    def _block(self, text: str, line: _Line, following: str) -> str | None:
        if _TOC.fullmatch(text) or _LEAF.fullmatch(text) or _ABBREVIATION.fullmatch(text):
            self.told.took(text, line.start)
            return ""
        found = _BLOCK.fullmatch(text)
        if found is None or not (found[1].startswith(":") or _are_attributes(found[2])):
            return None
        own_id = _id_in(found[2])
        if (
            found[1] == ":"
            and found[2].strip().split()[:1] == ["toc"]
            and self._out
            and _LIST_ITEM.fullmatch(self._out[-1])
        ):
            self._out[-1] = ""  # the list in whose place a table of contents would stand
        elif own_id and self._give_id(own_id, following):
            self.told.did("ids of headings moved to them", line.start)
            return ""
        self.told.took(text, line.start)
        return ""

    def _give_id(self, own_id: str, following: str) -> bool:
        """To the heading above, also one that is underlined."""
        last = len(self._out) - 1
        if last >= 0 and _ATX.match(self._out[last]):
            self._out[last] = f"{self._out[last].rstrip()} {{#{own_id}}}"
            return True
        if last >= 1 and _SETEXT.fullmatch(self._out[last]) and self._out[last - 1].strip():
            self._out[last - 1] = f"{self._out[last - 1].rstrip()} {{#{own_id}}}"
            return True
        return False

    def _container(self, text: str, line: _Line, following: str) -> str | None:
        found = _CONTAINER.fullmatch(text)
        if found is None:
            return None
        colons, kind, rest = found.groups()
        rest = rest.strip()
        if not kind and not rest:
            # It closes the innermost one that was opened by no more colons, and what is open within that.
            closed = next((at for at in reversed(range(len(self._open))) if self._open[at] <= len(colons)), None)
            if closed is None:
                return None
            del self._open[closed:]
            self.told.did("containers made plain", line.start)
            return ""
        if not kind:
            return None
        self._open.append(len(colons))
        self.told.did("containers made plain", line.start)
        title = "" if "{" in rest or "}" in rest else rest.removeprefix("[").removesuffix("]")
        return _headed(text[: len(text) - len(text.lstrip(" \t>"))], title or _kind(kind))

    def _note(self, text: str, line: _Line, following: str) -> str | None:
        if found := _ALERT.fullmatch(text):
            self.told.did("notes made plain", line.start)
            return _headed(found[1], found[3] or found[2])
        found = _ADMONITION.fullmatch(text)
        if found is None or not (found[2] or found[3]):
            return None
        indent = f"{found[1]}    "
        is_certain = found[3] is not None or _kind((found[2] or "").split(" ")[0])
        if not following.startswith(indent) and (following.strip() or not is_certain):
            return None
        self._indent = indent
        self.told.did("notes made plain", line.start)
        return _headed(found[1], found[3] if found[3] is not None else (found[2] or "").split()[0])

    def _without_indent(self, text: str) -> str:
        if self._indent is None or not text.strip():
            return text
        if text.startswith(self._indent):
            return text[4:]
        self._indent = None
        return text

    # Within lines

    def _inline(self, line: _Line, shift: int) -> str:
        """The line from `shift` on, with all that is translated in it. Places are those of the source throughout."""
        pieces, at = [], shift
        for start, end, translated in sorted([*self._ends(line), *self._marks(line)]):
            if start >= at:
                pieces += [line.text[at:start], translated]
                at = end
        return "".join([*pieces, line.text[at:]]).replace(GONE, "")

    def _ends(self, line: _Line) -> Iterator[tuple[int, int, str]]:
        """A comment that ends the excerpt elsewhere ends it here."""
        if self._has_end or "<!--" not in line.text:
            return
        found = _END.search(line.text)
        mark = found[0] if found and re.sub(r"[\W_]", "", found[1]).lower() in _ENDS else ""
        if self._separator.startswith("<!--") and self._separator in line.text:
            mark = self._separator
        if not mark:
            return
        start = line.text.find(mark)
        span = self._span_at(line.start + start)
        is_first = not line.text[:start].strip(f"{GONE} \t>") and not any(map(str.strip, self._out))
        if is_first or (span and span[0] != line.start + start):
            return
        self._has_end = True
        self.told.did(f"{mark} ends the excerpt, as <!--more-->", line.start)
        yield start, start + len(mark), "<!--more-->"

    def _marks(self, line: _Line) -> Iterator[tuple[int, int, str]]:
        if not any(mark in line.text for mark in ("{", "[[", "%%")):
            return
        is_heading = _ATX.match(line.text) is not None  # its attributes are read where it is rendered
        for found in _INLINE.finditer(line.text):
            if self._span_at(line.start + found.start()):
                continue
            if found["name"]:
                translated = self._wiki(found, line)
            elif not found["unseen"] and (is_heading or not _goes(found)):
                continue
            else:
                # What somebody has hidden is not told.
                mark = "%%" if found[0].startswith("%%") else found[0].replace(GONE, "")
                self.told.took(mark, line.start)
                translated = ""
            yield found.start(), found.end(), translated

    def _wiki(self, found: re.Match[str], line: _Line) -> str:
        name, anchor, shown = found["name"].strip(), found["anchor"] or "", (found["shown"] or found["name"]).strip()
        if found["picture"]:
            if not _IMAGE.fullmatch(name):
                return found[0]
            self.told.did("pictures in brackets made pictures", line.start)
            return f"![{'' if (found['shown'] or '0').isdigit() else shown}](<{name}>)"
        address = self._refer(name + anchor)
        if address is None:
            return found[0]
        self.told.did("links to posts made to lead to them", line.start)
        return f"[{shown}]({address})"


def _lines(text: str) -> list[_Line]:
    lines, at = [], 0
    for whole in _LINE.findall(text):
        plain = whole.rstrip("\r\n")
        lines.append(_Line(at, plain, whole[len(plain) :]))
        at += len(whole)
    return lines


def _goes(found: re.Match[str]) -> bool:
    return bool(found["kramdown"]) or _are_attributes(found["pandoc"] or found["behind"])


def _are_attributes(text: str) -> bool:
    rest = _ATTRIBUTE.sub("", text)
    return not rest.strip() and bool(text.strip())


def _id_in(text: str) -> str | None:
    for word in _ATTRIBUTE.findall(text):
        if word.startswith("#"):
            return str(word[1:])
        if word.startswith("id="):
            return str(word[3:].strip("\"'"))
    return None


def _kind(name: str) -> str:
    word = name.lower().removeprefix("callout-")
    return word if word in _KINDS else ""


def _headed(before: str, title: str) -> str:
    """A title in bold; two blanks break the line where the text goes on at once."""
    title = " ".join(title.replace("*", r"\*").split())
    return f"{before}**{title[:1].upper()}{title[1:]}**  " if title else before.rstrip(" ")
