"""Preview links: who has one reads a post that is not public."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from blogapi.ids import Id
from blogapi.posts.copies import Working
from blogapi.posts.model import Post

LIFETIME = timedelta(days=7)
LONGEST_LIFETIME = timedelta(days=90)
MOST_LINKS = 100
"""Of a post, that have not expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPreviewLink:
    """A link to be made. `expires_at` None: in a week; `revision` None: always the newest one."""

    expires_at: datetime | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLink:
    """A link to one revision of a post, or to its newest one. Nothing here is the token in the link."""

    id: Id
    post_id: Id
    revision: int | None = None
    created_by: Id
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPreviewLink:
    """A link with its token."""

    link: PreviewLink
    token: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A revision of a post as readers would see it. Only a link leads to one."""

    post: Post
    copy: Working

    @property
    def version(self) -> int:
        """That of the post."""
        return self.post.version
