"""Where tags are kept, and how they change: a module for each."""

from __future__ import annotations

from blogapi.tags.store.moves import SlugTaken, TagMoves
from blogapi.tags.store.tags import PUBLIC_PART, TagStore

__all__ = ["PUBLIC_PART", "SlugTaken", "TagMoves", "TagStore"]
