"""What is in a guestbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from blogapi.access.identity import Byline
from blogapi.ids import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A few words of somebody. The byline is a copy, so that a page of the book is one query."""

    id: Id
    author: Byline
    text: str
    written_at: datetime
