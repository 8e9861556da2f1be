"""Tags: words that posts share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from blogapi.ids import Id

TAG_SLUG = "[a-z0-9]+(?:-[a-z0-9]+)*"
_SLUG = re.compile(TAG_SLUG)
MAX_SLUG = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag and how many published, public posts carry it. Readers see it while that is one or more."""

    id: Id
    version: int
    slug: str
    name: str
    description: str = ""
    post_count: int = 0
    created_at: datetime
    updated_at: datetime


def is_tag_slug(text: str) -> bool:
    """Lower-case words joined by hyphens."""
    return len(text) <= MAX_SLUG and _SLUG.fullmatch(text) is not None


def name_of(slug: str) -> str:
    """What a tag is called until somebody names it."""
    return slug.replace("-", " ")
