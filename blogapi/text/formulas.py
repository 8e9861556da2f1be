r"""Formulas of TeX stay as they were typed, for the page that typesets them: `$a_b$`, `$$a_b$$`, `\(a_b\)`, `\[a_b\]`.

Nothing in them is Markdown. As money and escaped brackets are written with the same signs, a dollar only opens a
formula before something other than white space and after no letter or digit, and closes it the other way round, as in
Pandoc; and what stands in escaped brackets has to look like TeX.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.common.html_re import HTML_TAG_RE
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# No formula within a line is longer; so looking for an end is cheap, whatever is there.
_MAX_LENGTH = 2000
_MAX_LINES = 500
_ENDS = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}
_LOOKS_LIKE_TEX = re.compile(r"\\[A-Za-z]|[\^_={}+<>]")
_SHORT = re.compile(
    r"\s*+(?:\S{1,3}|[A-Za-z]\([^()]*\))\s*+"
)  # `\(n\)`, `\(O(n)\)`; in square brackets it is a note, `\[1\]`
_ENVIRONMENT = re.compile(
    r"\\begin\{((?:align|alignat|equation|gather|multline|eqnarray|flalign|split|cases|[bpvBV]?matrix)\*?)\}"
)


def keep_formulas(md: MarkdownIt) -> None:
    """Teach a parser to leave them alone."""
    md.inline.ruler.before("escape", "formula", _formula)
    md.block.ruler.before("fence", "formula", _formula_block, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def _formula(state: StateInline, silent: bool) -> bool:
    src, start = state.src, state.pos
    if src[start] not in "$\\":
        return False
    opening = src[start : start + 2]
    if opening not in _ENDS:
        if opening[:1] != "$":
            return False
        opening = "$"
    end = _end_of_dollars(state) if opening == "$" else _end_of(state, opening)
    if end < 0:
        return False
    if not silent:
        state.append_pending(src[start:end])
    state.pos = end
    return True


def _end_of(state: StateInline, opening: str) -> int:
    start = state.pos + 2
    end = state.src.find(_ENDS[opening], start, min(state.posMax, start + _MAX_LENGTH))
    inside = state.src[start:end] if end >= 0 else ""
    if not inside.strip() or _has_markup(inside):
        return -1
    if opening == "\\[" and state.src.startswith("(", end + 2):
        return -1
    if opening == "$$" or (_LOOKS_LIKE_TEX.search(inside) and "](" not in inside and "://" not in inside):
        return end + 2
    return end + 2 if opening == "\\(" and _SHORT.fullmatch(inside) else -1


def _end_of_dollars(state: StateInline) -> int:
    src, start = state.src, state.pos + 1
    limit = min(state.posMax, start + _MAX_LENGTH)
    if start >= limit or src[start].isspace() or (start > 1 and src[start - 2].isalnum()):
        return -1
    end = src.find("$", start, limit)
    while end > 0 and src[end - 1] == "\\":
        end = src.find("$", end + 1, limit)
    if end < 0 or src[end - 1].isspace() or src[end + 1 : end + 2].isalnum() or _has_markup(src[start:end]):
        return -1
    return end + 1


def _has_markup(text: str) -> bool:
    """Whether code or HTML stands in it, which nobody writes in a formula: `$5 <!-- or less --> 6$`."""
    if "`" in text or "<!--" in text:
        return True
    at = text.find("<")
    return (
        at >= 0 and ">" in text[at:] and any(HTML_TAG_RE.match(text, found.start()) for found in re.finditer("<", text))
    )


def _formula_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    r"""A formula of its own lines: from `$$`, `\[` or `\begin{align}` at the start of one to the end of another."""
    if state.is_code_block(start_line):
        return False
    begin = state.bMarks[start_line] + state.tShift[start_line]
    first = state.src[begin : state.eMarks[start_line]].rstrip()
    closing = _ENDS.get(first[:2], "") if first[:2] in ("$$", "\\[") else ""
    if not closing and (environment := _ENVIRONMENT.match(first)):
        closing = f"\\end{{{environment[1]}}}"
    if not closing:
        return False
    opening = first[: first.find("}") + 1] if closing.startswith("\\end") else first[:2]
    line, last = start_line, first[len(opening) :]
    while not last.endswith(closing):
        line += 1
        # Where a second one begins, the first has no end: nobody need look further from there.
        if closing in last or opening in last or line >= min(end_line, start_line + _MAX_LINES):
            return False
        if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return False
        last = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
    if closing in last[: -len(closing)]:
        return False
    text = state.getLines(start_line, line + 1, state.blkIndent, False).strip()
    if _has_markup(text) or not text[len(opening) : -len(closing)].strip():
        return False
    if opening == "\\[" and first != opening and not _LOOKS_LIKE_TEX.search(text):
        return False
    if silent:
        return True
    state.line = line + 1
    token = state.push("paragraph_open", "p", 1)
    token.map = [start_line, state.line]
    token = state.push("inline", "", 0)
    token.map = [start_line, state.line]
    token.children = [Token("text", "", 0, content=text)]  # and no content, of which more would be made
    state.push("paragraph_close", "p", -1)
    return True
