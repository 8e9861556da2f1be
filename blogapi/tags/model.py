"""Tags: words that posts share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from blogapi.access.identity import Viewer
from blogapi.changes import Change, Versioned
from blogapi.errors import NotFound
from blogapi.ids import Id
from blogapi.jobs.model import Kind
from blogapi.translation.sentence import say

TAG_SLUG = "[a-z0-9]+(?:-[a-z0-9]+)*"
_SLUG = re.compile(TAG_SLUG)
MAX_SLUG = 60
MAX_NAME = 100
MAX_DESCRIPTION = 1000
# What follows when a slug leads elsewhere. Who knows the posts does it; its argument is the `tag` that moved, by id.
RETAG_POSTS = Kind("retag_posts", done="posts given their present tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """That a tag is no tag of its own any more: it was merged `into` another one, or deleted."""

    at: datetime
    into: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Versioned):
    """A tag and how many published, public posts carry it. Readers see it while that is one or more.

    `slugs` are its present and former ones; a document of an earlier version has none. `moved_at` is there from the
    moment when a slug came to lead elsewhere until it is certain that no post carries a former one. `broken` counts
    how often somebody kept this tag from being merged (`TagMoves`).
    """

    id: Id
    version: int
    slug: str
    name: str
    description: str = ""
    post_count: int = 0
    slugs: tuple[str, ...] = ()
    gone: Gone | None = None
    moved_at: datetime | None = None
    broken: int = 0
    changes: tuple[Change, ...] = ()
    created_at: datetime
    updated_at: datetime

    @property
    def names(self) -> frozenset[str]:
        """All slugs that lead here by itself."""
        own = self.slugs if self.gone is not None else (self.slug, *self.slugs)
        return frozenset(own)

    def may_edit(self, who: Viewer) -> bool:
        """Whether it may be changed, and seen though no public post carries it."""
        return who is not None and who.is_editor


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEdit:
    """All that an editor can set of a tag."""

    name: str
    description: str
    slug: str

    def changed(self, tag: Tag) -> list[str]:
        """The fields in which it differs from the tag."""
        return [name for name in ("name", "description", "slug") if getattr(self, name) != getattr(tag, name)]


def no_tag(key: str) -> NotFound:
    """What to raise when nobody may see a tag of this slug or id, or there is none."""
    return NotFound(say("There is no tag {tag!r}.", tag=key))


def is_tag_slug(text: str) -> bool:
    """Lower-case words joined by hyphens."""
    return len(text) <= MAX_SLUG and _SLUG.fullmatch(text) is not None


def name_of(slug: str) -> str:
    """What a tag is called until somebody names it."""
    return slug.replace("-", " ")
