"""Markdown to HTML: CommonMark with tables, strikethrough, footnotes and task lists; raw HTML is shown as text.

The parser is written in Python, and for a few kinds of input its cost or its output grows far faster than the input.
Each `MAX_` bounds one of these, well above what real posts need; tests/text/test_bounds.py shows them.
"""

import re
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref

from blogapi.text.transcript import Transcript

# Characters that Markdown makes tokens of: both time and memory follow their number.
_MARKS = b"\n!#&*+-<>[\\]^_`|~"
MAX_MARKS = 128 * 1024
MAX_BLOCK_TOKENS = 150_000
MAX_QUOTED_LINES = 300_000
MAX_NESTING = 20
MAX_FOOTNOTE_LABEL = 100
MAX_LINK_CHARACTERS = 2 * 1024 * 1024

_PLAIN_URL = re.compile(r"[A-Za-z0-9;/?:@&=+$,\-_.!~*'()#]*")
_SCHEME = re.compile(r"\s*([A-Za-z0-9.+-]+):")
_building = Lock()


class TooComplex(Exception):
    """The text would cost more to render than any real one does, or lose a part of it."""


def post_to_html(body: str) -> tuple[str, Transcript]:
    """Render a post, still to be sanitised, and tell what a reader sees of it. Raises TooComplex."""
    _refuse_too_many_marks(body)
    md, env = _parser(small=False), dict[str, Any]()
    tokens = md.parse(body, env)
    transcript = _read(tokens)
    return md.renderer.render(tokens, md.options, env), transcript


def small_to_html(text: str) -> str:
    """Render the subset for bios and comments: paragraphs, emphasis, links, code, lists. Raises TooComplex."""
    _refuse_too_many_marks(text)
    html: str = _parser(small=True).render(text)
    return html


def _refuse_too_many_marks(text: str) -> None:
    raw = text.encode()
    if len(raw) - len(raw.translate(None, _MARKS)) > MAX_MARKS:
        raise TooComplex


class _Parser(MarkdownIt):
    def normalizeLink(self, url: str) -> str:  # noqa: N802
        # Taking an address apart is a tenth of the work of a post, and most need nothing of it. Besides, mdurl keeps
        # every scheme that it ever meets: memory that anybody could fill. The sanitiser drops links with other schemes.
        scheme = _SCHEME.match(url)
        if _PLAIN_URL.fullmatch(url) or (scheme and scheme[1].lower() not in ("http", "https", "mailto")):
            return url
        return super().normalizeLink(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link  # an address in angle brackets is shown as it was typed; mdurl again


def _parser(*, small: bool) -> MarkdownIt:
    with _building:
        return _build(small)


@cache
def _build(small: bool) -> MarkdownIt:
    md = _Parser("commonmark", {"html": False, "xhtmlOut": False, "maxNesting": MAX_NESTING})
    md.disable(["html_block", "html_inline"])
    if small:
        md.disable(["blockquote", "heading", "lheading", "hr", "image", "reference"])
    else:
        md.enable(["table", "strikethrough"])
        md.use(footnote_plugin)
        md.options["tasklists"] = True
        md.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
        md.block.ruler.at("blockquote", _bounded_quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
        md.inline.ruler.at("footnote_ref", _bounded_footnote_ref)
        md.add_render_rule("footnote_anchor_name", _footnote_number)
    # Parsing keeps its state in objects of its own, but the lists of rules and the tables for encoding addresses are
    # filled on first use, and seen half filled by other threads. So use everything once before anybody else can.
    md.render("[a](http://é.example/é)\n\n- [x] *a*\n\n> a[^1]\n\n[^1]: a")
    return md


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # This rule is asked first at the start of every block, so it counts for all of them. It matters most for tables:
    # short rows are filled up, so that a kilobyte can become 65,000 cells.
    if len(state.tokens) > MAX_BLOCK_TOKENS:
        raise TooComplex
    return table(state, start, end, silent)


def _bounded_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # The parser looks ahead to the end of a quotation, and may then use only its first line.
    if not silent and state.src.startswith(">", state.bMarks[start] + state.tShift[start]):
        line = start
        while line < end and not state.isEmpty(line):
            line += 1
        state.env["quoted_lines"] = state.env.get("quoted_lines", 0) + line - start
        if state.env["quoted_lines"] > MAX_QUOTED_LINES:
            raise TooComplex
    return blockquote(state, start, end, silent)


def _bounded_footnote_ref(state: StateInline, silent: bool) -> bool:
    # The parser looks for the end of a label up to the end of the paragraph, from every "[^" again.
    start = state.pos
    if state.src[start] != "[" or state.src.find("]", start, start + MAX_FOOTNOTE_LABEL) < 0:
        return False
    return footnote_ref(state, silent)


def _footnote_number(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    return f"-{tokens[index].meta['id'] + 1}"  # becomes the ids fn-1, fnref-1


def _read(tokens: Sequence[Token]) -> Transcript:
    """Note the visible text, give headings their ids, and say the alignment of cells without a style."""
    transcript, is_footnote, link_characters = Transcript(), False, 0
    for index, token in enumerate(tokens):
        match token.type:
            case "inline":
                text, weight = _inline_text(token.children or ())
                link_characters += weight
                opening = tokens[index - 1]
                if opening.type == "heading_open":
                    opening.attrs["id"] = transcript.add_heading(int(opening.tag[1]), text)
                elif opening.type == "paragraph_open" and not is_footnote:
                    transcript.prose.append(text)
                else:
                    transcript.asides.append(text)
            case "fence" | "code_block":
                transcript.code.append(token.content)
            case "th_open" | "td_open" if token.attrs:
                token.attrs = {"align": str(token.attrs["style"]).removeprefix("text-align:")}
            case "footnote_block_open":
                is_footnote = True
            case "blockquote_open" | "list_item_open" if token.level >= MAX_NESTING - 1:
                raise TooComplex  # the parser has left out what is inside
    if link_characters > MAX_LINK_CHARACTERS:
        raise TooComplex  # one long address that a short reference repeats
    return transcript


def _inline_text(children: Sequence[Token]) -> tuple[str, int]:
    """Return the visible text, and how many characters the addresses and titles take."""
    parts, weight = [], 0
    for child in children:
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "softbreak" | "hardbreak":
                parts.append(" ")
            case "link_open" | "image":
                weight += sum(len(str(value)) for value in child.attrs.values())
    return "".join(parts), weight
