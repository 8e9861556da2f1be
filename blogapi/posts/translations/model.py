"""Translations: posts that are one work in several languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from blogapi.errors import Conflict
from blogapi.ids import Id
from blogapi.translation.sentence import say

# Of the translations of a post that has none.
NO_GROUP_VERSION = 1
MAX_TRANSLATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Another post of the same work, as its readers see it; `audience` is who they are."""

    id: Id
    lang: str | None
    slug: str
    title: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The posts of one work, in the order in which somebody named them. Of one post alone it says nothing."""

    id: Id
    version: int
    posts: tuple[Id, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def members(self) -> tuple[str, ...]:
        """The posts that are translations of each other."""
        return self.posts if len(self.posts) > 1 else ()


def first_version(now: datetime) -> int:
    """Of a new group: later than all versions of a group that one of its posts was in before.

    So who read that one does not change this one unseen.
    """
    return int(now.timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupItem:
    """A post of the group, as whoever asks may see it."""

    id: Id
    lang: str | None
    slug: str
    title: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """The group of a post, with those posts of it that whoever asks may see."""

    post_id: Id
    version: int
    items: tuple[GroupItem, ...]


def language_taken() -> Conflict:
    """Two posts of one group would have the same language."""
    return Conflict(say("Another translation of this post is in the same language."), code="language_taken")


def in_another_group() -> Conflict:
    """A post would be in two groups."""
    return Conflict(say("One of these posts has other translations. Take it away from them first."))
