"""What is stored beside a body. Apart from what makes it, which only the processes that render have to load."""

from dataclasses import dataclass
from typing import Literal

BodyFormat = Literal["markdown", "html"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TocEntry:
    """A heading: its level from 1 to 6, the id it has in the HTML, its plain text."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What is made from a body."""

    html: str
    excerpt_auto: str
    word_count: int
    reading_minutes: int
    toc: tuple[TocEntry, ...]
