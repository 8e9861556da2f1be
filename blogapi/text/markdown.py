"""Markdown to HTML: CommonMark with tables, strikethrough, footnotes, task lists, bare addresses, and ids on headings.

HTML in it is made plain (markup.py), so that no piece of it reaches over what surrounds it; formulas stay as typed.

The parser is written in Python, and for a few kinds of input its cost or its output grows far faster than the input.
Each `MAX_` bounds one of these, well above what real posts need; tests/text/test_bounds.py shows them.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from threading import Lock
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref

from blogapi.text.bare_links import link_bare_addresses
from blogapi.text.fences import code_language
from blogapi.text.formulas import keep_formulas
from blogapi.text.markup import Markup, TooComplex
from blogapi.text.sanitizer import MORE

# Characters that Markdown makes tokens of: both time and memory follow their number.
_MARKS = b"\n!#$&*+-:<=>@[\\]^_`{|}~"
MAX_MARKS = 128 * 1024
MAX_BLOCK_TOKENS = 150_000
MAX_QUOTED_LINES = 300_000
MAX_NESTING = 20
MAX_FOOTNOTE_LABEL = 100
MAX_LINK_CHARACTERS = 2 * 1024 * 1024
_MAX_HOST = 255

_PLAIN_URL = re.compile(r"[A-Za-z0-9;/?:@&=+$,\-_.!~*'()#]*+")
_SCHEME = re.compile(r"\s*+([A-Za-z0-9.+-]++):")
_LONG_HOST = re.compile(rf"\s*+[A-Za-z0-9.+-]*+:?//[^/?#]{{{_MAX_HOST}}}")
# A tag as CommonMark has it, section 6.6. Each part takes what it takes for good, so a text is read once.
_TAG = re.compile(
    r"<(?:/[A-Za-z][A-Za-z0-9-]*+\s*+>|[A-Za-z][A-Za-z0-9-]*+"
    r"(?:\s++[A-Za-z_:][A-Za-z0-9:._-]*+(?:\s*+=\s*+(?:[^\"'=<>`\x00-\x20]++|'[^']*+'|\"[^\"]*+\"))?+)*+\s*+/?>)"
)
_LINK_TAG = re.compile(r"<(/?)a[\s>]", re.IGNORECASE)
_SILENT_TAG = re.compile(r"<(script|style)[\s>/]", re.IGNORECASE)
_SILENT_END = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("script", "style")}
_MAX_SILENT = 2000
# What other writers of HTML open with a mark, and close with one.
_ENCLOSED = (("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"), ("<!", ">"))
_building = Lock()


def post_to_html(body: str) -> str:
    """Render a post to plain HTML, still to be sanitised. Raises TooComplex."""
    return _render(body, small=False)


def small_to_html(text: str) -> str:
    """Render the subset for bios and comments: paragraphs, emphasis, links, code, lists. Raises TooComplex."""
    return _render(text, small=True)


def _render(text: str, *, small: bool) -> str:
    _refuse_too_many_marks(text)
    md, env = _parser(small=small), dict[str, Any](markup=Markup(more=MORE))
    tokens = md.parse(text, env)
    env["markup"].expect(len(tokens))
    _refuse_too_long_or_deep(tokens)
    html: str = md.renderer.render(tokens, md.options, env)
    return html


def _refuse_too_many_marks(text: str) -> None:
    raw = text.encode()
    if len(raw) - len(raw.translate(None, _MARKS)) > MAX_MARKS:
        raise TooComplex


class _Parser(MarkdownIt):
    def normalizeLink(self, url: str) -> str:  # noqa: N802
        # Taking an address apart is a tenth of the work of a post, and most need nothing of it. Besides, mdurl keeps
        # every scheme that it ever meets: memory that anybody could fill. The sanitiser drops links with other schemes.
        # The punycode of a long host takes the square of its length.
        scheme = _SCHEME.match(url)
        if _PLAIN_URL.fullmatch(url) or (scheme and scheme[1].lower() not in ("http", "https", "mailto")):
            return url
        return url if _LONG_HOST.match(url) else super().normalizeLink(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link  # an address in angle brackets is shown as it was typed; mdurl again


def _parser(*, small: bool) -> MarkdownIt:
    with _building:
        return _build(small)


@cache
def _build(small: bool) -> MarkdownIt:
    md = _Parser("commonmark", {"html": True, "xhtmlOut": False, "maxNesting": MAX_NESTING})
    md.inline.ruler.at("html_inline", _html_inline)
    md.core.ruler.at("normalize", _normalize)
    md.core.ruler.push("refine", _refine)
    link_bare_addresses(md)
    keep_formulas(md)
    if small:
        md.disable(["blockquote", "heading", "lheading", "hr", "image", "reference"])
    else:
        md.enable(["table", "strikethrough"])
        md.use(footnote_plugin)
        md.options["tasklists"] = True
        md.core.ruler.after("block", "heading_ids", _take_heading_ids)
        md.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
        md.block.ruler.at("blockquote", _bounded_quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
        md.inline.ruler.at("footnote_ref", _bounded_footnote_ref)
        md.add_render_rule("footnote_anchor_name", _footnote_number)
    # Parsing keeps its state in objects of its own, but the lists of rules and the tables for encoding addresses are
    # filled on first use, and seen half filled by other threads. So use everything once before anybody else can.
    md.render("[a](http://é.example/é)\n\n- [x] *a*\n\n> a[^1]\n\n[^1]: a", {"markup": Markup()})
    return md


def _normalize(state: StateCore) -> None:
    # As the parser's own rule does it, which looks at the end of each line by itself.
    state.src = state.src.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


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


def _html_inline(state: StateInline, silent: bool) -> bool:
    src, start = state.src, state.pos
    if src[start] != "<":
        return False
    end = _end_of_html(state)
    if end < 0:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        token.content = src[start:end]
        if link := _LINK_TAG.match(token.content):
            state.linkLevel += -1 if link[1] else 1
    state.pos = end
    return True


def _end_of_html(state: StateInline) -> int:
    src, start = state.src, state.pos
    for opening, closing in _ENCLOSED:
        if src.startswith(opening, start):
            # Where an end is missing, nobody should look for it from each beginning again.
            if state.html_terminator_last(closing) < start + 2:
                return state.posMax if opening == "<!--" else -1
            end = src.find(closing, start + 2, state.posMax)
            return end + len(closing) if end >= 0 else -1
    tag = _TAG.match(src, start, state.posMax)
    if tag is None:
        return -1
    # What stands in these is no text, wherever they stand.
    if element := _SILENT_TAG.match(tag[0]):
        limit = min(state.posMax, tag.end() + _MAX_SILENT)
        if closing_tag := _SILENT_END[element[1].lower()].search(src, tag.end(), limit):
            return closing_tag.end()
    return tag.end()


def _take_heading_ids(state: StateCore) -> None:
    """Make `{#id}` at the end of a heading its id; other words in such braces are taken for attributes, and go."""
    for index, token in enumerate(state.tokens):
        if token.type != "heading_open":
            continue
        inline = state.tokens[index + 1]
        text = inline.content.rstrip()
        without_marks = text.rstrip("#")  # `## Title {#id} ##`
        if without_marks.endswith((" ", "\t")):
            text = without_marks.rstrip()
        brace = text.rfind("{")
        if brace < 0 or not text.endswith("}") or _is_escaped(text, brace):
            continue
        words = text[brace + 1 : -1].removeprefix(":").split()
        if not words or not all(map(_is_attribute, words)):
            continue
        inline.content = _without_closing_marks(text[:brace].rstrip())
        for word in words:
            if word.startswith("#") or word.lower().startswith("id="):
                token.attrs["id"] = word.removeprefix("#").removeprefix("id=").strip("\"'")


def _is_escaped(text: str, at: int) -> bool:
    return (at - len(text[:at].rstrip("\\"))) % 2 == 1


def _is_attribute(word: str) -> bool:
    return (word[0] in "#." and len(word) > 1 and word[1] not in "#.") or "=" in word[1:] or word == "-"


def _without_closing_marks(text: str) -> str:
    """`## Title ## {#id}` has closing marks that the parser does not see."""
    title = text.rstrip("#")
    return title.rstrip() if title.endswith((" ", "\t")) or not title else text


def _refine(state: StateCore) -> None:
    """Make HTML plain, keep only the language of a fence, and say without a style how cells are aligned."""
    markup: Markup = state.env["markup"]
    tokens = list(_with_children(state.tokens))
    has_comments = "-->" in state.src
    ends = [index for index, token in enumerate(tokens) if _ends_comment(token)] if has_comments else []
    last_comment_end = max(ends, default=-1)
    for index, token in enumerate(tokens):
        if markup.in_comment:
            _hide(token, markup)
        elif token.type == "html_inline" and _is_half_comment(token.content) and index >= last_comment_end:
            token.type = "text"
        match token.type:
            case "html_block" | "html_inline":
                token.content = markup.plain(token.content)
            case "fence":
                token.info = code_language(token.info)
            case "th_open" | "td_open" if token.attrs:
                token.attrs = {"align": str(token.attrs["style"]).removeprefix("text-align:")}
            case "image":
                _leave_text(token.children or [])


# A comment that began in a paragraph, or in an item of a list, may go on in the next: to CommonMark it is none, but its
# writer has hidden it.


def _is_half_comment(html: str) -> bool:
    return html.startswith("<!--") and "-->" not in html


def _ends_comment(token: Token) -> bool:
    return token.type in ("text", "html_inline", "html_block") and "-->" in token.content


def _hide(token: Token, markup: Markup) -> None:
    _hidden, end, rest = token.content.partition("-->")
    if token.type in ("text", "html_inline", "html_block"):
        token.content = rest
        markup.in_comment = not end
    elif token.type in ("code_inline", "fence", "code_block", "image"):
        token.type, token.tag, token.content = "html_inline", "", ""


def _with_children(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        if token.type == "inline":
            yield from token.children or ()


def _leave_text(children: list[Token]) -> None:
    """The description of a picture has no elements."""
    children[:] = [child for child in children if child.type != "html_inline"]
    for child in children:
        _leave_text(child.children or [])


def _refuse_too_long_or_deep(tokens: Sequence[Token]) -> None:
    link_characters = 0
    for token in _with_children(tokens):
        match token.type:
            case "link_open" | "image":
                link_characters += sum(len(str(value)) for value in token.attrs.values())
            case "blockquote_open" | "list_item_open" if token.level >= MAX_NESTING - 1:
                raise TooComplex  # the parser has left out what is inside
    if link_characters > MAX_LINK_CHARACTERS:
        raise TooComplex  # one long address that a short reference repeats
