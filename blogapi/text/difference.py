"""What differs between two texts: a unified diff of their lines, and the words that differ in them.

Lines are compared first, then the words of the lines that differ. Both are bounded in effort and in number, so texts of
any kind are compared in time that grows with their length. Where that tells less than there is to tell, a passage
counts as replaced as a whole, and the difference says that it is coarse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

from blogapi.text.alignment import Block, Effort, differing

Op = Literal["insert", "delete", "replace"]
Range = tuple[int, int]

# For the lines of two texts, and for all the words that are compared in them.
_STEPS = 500_000
# More places than these tell nobody anything.
MOST_BLOCKS, MOST_SPANS = 2_000, 5_000
_CONTEXT = 3
_NO_NEWLINE = "\n\\ No newline at end of file\n"

# Scripts that put no spaces between words: each character is a word.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[^\W{_UNSPACED}]+|[^\S\r\n]+|[\U0001f1e6-\U0001f1ff]{{2}}|.", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_JOINER, _JOINERS = "\u200d", "\u200c\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)


@dataclass(frozen=True, slots=True)
class Span:
    """A passage that differs: from where to where in the text before, and in the text after, in code points."""

    op: Op
    before: Range
    after: Range


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs.

    `unified` is a unified diff of lines, as `diff -u` writes and `patch` reads it; empty for equal texts. `spans` are
    the passages that differ, in order: outside of them, the texts are the same.
    """

    unified: str
    spans: tuple[Span, ...]
    is_coarse: bool = False


def difference(before: str, after: str, names: tuple[str, str] = ("before", "after")) -> Difference:
    """What differs between two texts; `names` stand in the head of the unified diff. Lines end with a line feed."""
    lines, others = _LINE.findall(before), _LINE.findall(after)
    effort = Effort(_STEPS)
    blocks = differing(*_coded(lines, others), effort)
    if len(blocks) > MOST_BLOCKS:
        effort.is_spent = True
        blocks = [Block(blocks[0].a_start, blocks[-1].a_end, blocks[0].b_start, blocks[-1].b_end)]
    spans, is_coarse = _spans_in(before, after, list(_in_characters(blocks, lines, others)))
    return Difference(_unified(lines, others, blocks, names), spans, effort.is_spent or is_coarse)


def _coded(one: Sequence[str], other: Sequence[str]) -> tuple[str, str]:
    """A character for each kind of element. There are more characters than lines or words in texts of posts."""
    codes: dict[str, int] = {}
    return (
        "".join([chr(codes.setdefault(element, len(codes))) for element in one]),
        "".join([chr(codes.setdefault(element, len(codes))) for element in other]),
    )


def _in_characters(blocks: Iterable[Block], one: Sequence[str], other: Sequence[str]) -> Iterable[Block]:
    """Blocks of elements as blocks of the characters of a text."""
    a, b = [0, *accumulate(map(len, one))], [0, *accumulate(map(len, other))]
    for block in blocks:
        yield Block(a[block.a_start], a[block.a_end], b[block.b_start], b[block.b_end])


# Words


def _spans_in(before: str, after: str, blocks: Sequence[Block]) -> tuple[tuple[Span, ...], bool]:
    """The words that differ in these passages; those of which there is too much to tell are told as a whole."""
    effort, spans, is_coarse = Effort(_STEPS), list[Span](), False
    for number, block in enumerate(blocks):
        found = _words_in(before, after, block, effort)
        if len(spans) + len(found) + len(blocks) - number > MOST_SPANS:
            found, is_coarse = [block], True
        spans += map(_span, found)
    return tuple(spans), is_coarse or effort.is_spent


def _words_in(before: str, after: str, block: Block, effort: Effort) -> list[Block]:
    if block.a_start == block.a_end or block.b_start == block.b_end:
        return [block]
    words, others = words_of(before[block.a_start : block.a_end]), words_of(after[block.b_start : block.b_end])
    found = _joined(differing(*_coded(words, others), effort), words)
    return [
        Block(
            block.a_start + inner.a_start,
            block.a_start + inner.a_end,
            block.b_start + inner.b_start,
            block.b_start + inner.b_end,
        )
        for inner in _in_characters(found, words, others)
    ]


def words_of(text: str) -> list[str]:
    """A text as words, spaces, line ends and single signs. Together they are the text."""
    words: list[str] = _WORD.findall(text)
    if text.isascii():
        return words
    starts = [*_starts(words), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def _starts(words: Iterable[str]) -> Iterator[int]:
    """Where words start, when what people see as one character stays in one: letters with marks, joined pictures."""
    at, last, has_mark, takes_letters, takes_marks = 0, "", False, False, False
    for word in words:
        extends = len(word) == 1 and not word.isascii() and _extends(word)
        # A mark amid a word has cut it in two.
        is_rest = has_mark and takes_letters and word[0].isalnum() and not _IS_UNSPACED.match(word)
        if not (takes_marks and (extends or last == _JOINER or is_rest)):
            yield at
            takes_letters, takes_marks = word[0].isalpha(), not word.isspace()
        at, last, has_mark = at + len(word), word[-1], extends


def _extends(character: str) -> bool:
    """Whether it belongs to the character before it (Unicode Standard Annex 29, as far as texts need it)."""
    code = ord(character)
    is_mark = unicodedata.category(character)[0] == "M"
    return is_mark or character in _JOINERS or code in _SKIN_TONES or code in _TAGS


def _joined(blocks: Iterable[Block], words: Sequence[str]) -> list[Block]:
    """Spaces between two words that were replaced belong to them: people read a passage, and not its pieces."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last and _replaces(last) and _replaces(block) and _is_space(words[last.a_end : block.a_start]):
            joined[-1] = Block(last.a_start, block.a_end, last.b_start, block.b_end)
        else:
            joined.append(block)
    return joined


def _replaces(block: Block) -> bool:
    return block.a_start < block.a_end and block.b_start < block.b_end


def _is_space(words: Sequence[str]) -> bool:
    return len(words) == 1 and words[0].isspace() and words[0] not in "\r\n"


def _span(block: Block) -> Span:
    before, after = (block.a_start, block.a_end), (block.b_start, block.b_end)
    op: Op = "insert" if before[0] == before[1] else "delete" if after[0] == after[1] else "replace"
    return Span(op, before, after)


# Lines


def _unified(lines: Sequence[str], others: Sequence[str], blocks: Sequence[Block], names: tuple[str, str]) -> str:
    """As POSIX has it (`diff -u`), with what everybody adds for a last line without an end."""
    if not blocks:
        return ""
    told = [f"--- {names[0]}\n+++ {names[1]}\n"]
    for hunk in _hunks(blocks):
        first, last = hunk[0], hunk[-1]
        head = min(_CONTEXT, first.a_start)
        tail = min(_CONTEXT, len(lines) - last.a_end)
        a, b = (first.a_start - head, last.a_end + tail), (first.b_start - head, last.b_end + tail)
        told.append(f"@@ -{_place(*a)} +{_place(*b)} @@\n")
        at = a[0]
        for block in hunk:
            told += _marked(" ", lines[at : block.a_start])
            told += _marked("-", lines[block.a_start : block.a_end])
            told += _marked("+", others[block.b_start : block.b_end])
            at = block.a_end
        told += _marked(" ", lines[at : a[1]])
    return "".join(told)


def _hunks(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks whose contexts meet stand in one hunk."""
    hunks = [[blocks[0]]]
    for last, block in pairwise(blocks):
        if block.a_start - last.a_end <= 2 * _CONTEXT:
            hunks[-1].append(block)
        else:
            hunks.append([block])
    return hunks


def _place(start: int, end: int) -> str:
    """Counted from one; of no lines, the line before them."""
    if end == start:
        return f"{start},0"
    return str(start + 1) if end == start + 1 else f"{start + 1},{end - start}"


def _marked(mark: str, lines: Sequence[str]) -> list[str]:
    return [mark + line if line[-1] == "\n" else mark + line + _NO_NEWLINE for line in lines]
