"""What a reader sees of a rendered text; excerpt, counts and table of contents come from it."""

import math
import re
from collections.abc import Iterable

from blogapi.text.anchors import UniqueAnchors, anchor
from blogapi.text.rendered import TocEntry

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

# These have no spaces between words either, and to find the words takes dictionaries of many megabytes. An estimate:
# how many characters, signs above and below included, a word has in the mean of some texts, as ICU divides them.
_UNSPACED = (
    (re.compile("[\u0e01-\u0e3a\u0e40-\u0e4e]++"), 4.2),  # Thai
    (re.compile("[\u0e81-\u0ebd\u0ec0-\u0ecf\u0edc-\u0edf]++"), 4.3),  # Lao
    (
        re.compile("[\u1000-\u103f\u1050-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f]++"),
        5.1,
    ),  # Burmese and its neighbours
    (re.compile("[\u1780-\u17d3\u17d7\u17dc\u17dd]++"), 6.0),  # Khmer
)
_ANY_UNSPACED = re.compile("[\u0e01-\u0edf\u1000-\u109d\u1780-\u17dd\ua9e0-\ua9fe\uaa60-\uaa7f]")
_ZERO_WIDTH_SPACE = "\u200b"  # says where a word ends, where somebody takes the trouble


class Transcript:
    """Collects the visible text of one document, block by block."""

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.asides: list[str] = []  # headings, table cells, captions, footnotes: read, but no way to begin an excerpt
        self.code: list[str] = []
        self.toc: list[TocEntry] = []
        self._anchors = UniqueAnchors()
        self._excerpt_blocks: int | None = None  # how many blocks of prose the excerpt is made of, if the text says so

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

    def end_excerpt(self) -> None:
        """Have the excerpt end here, if anything to make it from was before."""
        if self.prose and self._excerpt_blocks is None:
            self._excerpt_blocks = len(self.prose)

    def excerpt(self) -> str:
        """Return the beginning of the prose; of headings and tables, or of code, where there is nothing else."""
        for blocks in (self.prose[: self._excerpt_blocks], self.asides, self.code):
            if beginning := _beginning(blocks, MAX_EXCERPT):
                return shorten(beginning, MAX_EXCERPT)
        return ""

    def count(self) -> tuple[int, int]:
        """Return the number of words and the minutes it takes to read them."""
        text = "\n".join([*self.prose, *self.asides, *self.code])
        characters = words = 0
        if not text.isascii():
            characters = len(_CJK.findall(text))
            words, text = _without_unspaced(_CJK.sub(" ", text).replace(_ZERO_WIDTH_SPACE, " "))
        pieces = text.split()
        others = [piece for piece in pieces if not piece[0].isalnum()]  # few: most words begin with a letter
        words += len(pieces) - sum([not any(map(str.isalnum, piece)) for piece in others])
        minutes = math.ceil(words / WORDS_PER_MINUTE + characters / CHARACTERS_PER_MINUTE)
        return words + characters, max(minutes, 1 if pieces or words or characters else 0)


def _without_unspaced(text: str) -> tuple[int, str]:
    """How many words there probably are without a space between, and the text without them."""
    words = 0
    if _ANY_UNSPACED.search(text):
        for script, letters_per_word in _UNSPACED:
            words += sum(max(1, round(len(run) / letters_per_word)) for run in script.findall(text))
            text = script.sub(" ", text)
    return words, text


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
