"""What a reader sees of a rendered text; excerpt, counts and table of contents come from it."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from blogapi.text.anchors import UniqueAnchors, anchor

MAX_EXCERPT = 300
MAX_TOC_ENTRIES = 1000  # a document in MongoDB has 16 MiB, and a post keeps its contents twice
MAX_TOC_TEXT = 200

# Silent reading of English: the mean of 190 studies, Brysbaert 2019. Chinese and Japanese are counted by character.
WORDS_PER_MINUTE = 238
CHARACTERS_PER_MINUTE = 500

# Han, Hiragana and Katakana, which are written without spaces; Korean has them.
_CJK = re.compile(
    "[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TocEntry:
    """A heading: its level from 1 to 6, the id it has in the HTML, its plain text."""

    level: int
    id: str
    text: str


class Transcript:
    """Collects the visible text of one document, block by block."""

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.asides: list[str] = []  # headings, table cells, captions, footnotes: read, but no way to begin an excerpt
        self.code: list[str] = []
        self.toc: list[TocEntry] = []
        self._anchors = UniqueAnchors()

    def take_id(self, wanted: str) -> str:
        """Take an id in this document: `wanted`, or one like it if that is taken."""
        return self._anchors.take(wanted)

    def add_heading(self, level: int, text: str, own_id: str = "") -> str:
        """Note a heading and return its id, made from the text unless it has taken one before."""
        text = squeeze(text)
        heading_id = own_id or self.take_id(anchor(text))
        self.asides.append(text)
        if text and len(self.toc) < MAX_TOC_ENTRIES:
            self.toc.append(TocEntry(level=level, id=heading_id, text=shorten(text, MAX_TOC_TEXT)))
        return heading_id

    def excerpt(self) -> str:
        """Return the beginning of the prose; of headings and tables, or of code, where there is nothing else."""
        for blocks in (self.prose, self.asides, self.code):
            if beginning := _beginning(blocks, MAX_EXCERPT):
                return shorten(beginning, MAX_EXCERPT)
        return ""

    def count(self) -> tuple[int, int]:
        """Return the number of words and the minutes it takes to read them."""
        text = "\n".join([*self.prose, *self.asides, *self.code])
        characters = 0
        if not text.isascii():
            characters = len(_CJK.findall(text))
            text = _CJK.sub(" ", text)
        pieces = text.split()
        words = sum(1 for piece in pieces if piece[0].isalnum() or any(map(str.isalnum, piece)))
        minutes = math.ceil(words / WORDS_PER_MINUTE + characters / CHARACTERS_PER_MINUTE)
        return words + characters, max(minutes, 1 if pieces or characters else 0)


def squeeze(text: str) -> str:
    """Put one space where there is any white space, none at the ends."""
    return " ".join(text.split())


def shorten(text: str, limit: int) -> str:
    """Cut to at most `limit` characters, at a word if one ends near, with an ellipsis for what is left out."""
    if len(text) <= limit:
        return text
    end = text.rfind(" ", limit * 4 // 5, limit)
    return text[: end if end > 0 else limit - 1].rstrip(" ,;:–—-") + "…"


def _beginning(blocks: Iterable[str], enough: int) -> str:
    taken, length = [], 0
    for block in blocks:
        if text := squeeze(block):
            taken.append(text)
            length += len(text) + 1
        if length > enough:
            break
    return " ".join(taken)
