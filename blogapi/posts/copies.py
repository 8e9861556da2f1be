"""The copies of a post: the working copy, which writers edit, and the live copy, which readers see.

One becomes the other whole: what is in both is the `Content`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from blogapi.access.identity import Byline, Identity
from blogapi.ids import Id
from blogapi.posts.audiences import LISTED_AS
from blogapi.text.rendered import BodyFormat, TocEntry

BODY_FORMATS = ("markdown", "html")
# What a post has room for. Schemas refuse more; importers make what they bring fit.
MAX_TITLE = 200
MAX_BODY_BYTES = 512 * 1024
MAX_EXCERPT = 500
MAX_AUTHORS = 10
MAX_TAGS = 30
MAX_CAPTION = 500
MAX_SEO_TITLE = 70
MAX_SEO_DESCRIPTION = 170
MAX_CUSTOM_BYTES = 32 * 1024
MAX_CUSTOM_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The picture above a post."""

    url: str
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seo:
    """What search engines are told."""

    title: str = ""
    description: str = ""
    canonical_url: str | None = None
    noindex: bool = False


NO_SEO = Seo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is written and what is rendered from it. Moves as a whole when a post is published."""

    title: str = ""
    slug: str = ""
    body: str = ""
    body_format: BodyFormat = "markdown"
    html: str = ""
    excerpt_auto: str = ""
    word_count: int = 0
    reading_minutes: int = 0
    toc: tuple[TocEntry, ...] = ()
    excerpt: str = ""
    tags: tuple[str, ...] = ()
    authors: tuple[Byline, ...] = ()
    lang: str | None = None
    cover: Cover | None = None
    seo: Seo = NO_SEO
    custom: Mapping[str, Any] = field(default_factory=dict)

    @property
    def author_ids(self) -> tuple[str, ...]:
        """Whose post it is; the first is the primary author."""
        return tuple(author.id for author in self.authors)


CONTENT_FIELDS = tuple(member.name for member in fields(Content))
# A digest of the heavy fields of a copy, for reads without them, and the revision that it was made of.
DIGEST_FIELDS = ("heavy_digest", "digested_revision")
# The fields that list items have only when `fields` asks for them.
HEAVY_FIELDS = frozenset({"body", "html", "toc", "custom"})
# The same in a post with both its copies.
HEAVY_PATHS = frozenset(f"{copy}.{name}" for copy in ("working", "live") for name in HEAVY_FIELDS)
RENDERED_FIELDS = ("html", "excerpt_auto", "word_count", "reading_minutes", "toc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Working(Content):
    """The copy that is being worked on: the newest revision."""

    revision: int = 1
    edited_by: Id | None = None
    edited_at: datetime
    note: str = ""
    kind: str = "create"
    heavy_digest: str = ""  # tells apart what lists leave out
    digested_revision: int | None = None

    def renumbered(self, number: int) -> Working:
        """The same under another number."""
        return replace(self, revision=number, digested_revision=self.digested_revision and number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live(Content):
    """The copy that readers see, or saw.

    `audience` is who may read it now (`audience_of`) while the post is published, else None. `version` and `updated_at`
    are those of the last change that readers can see. `moved_at` is when this copy became live.
    """

    revision: int
    version: int
    published_at: datetime
    moved_at: datetime
    updated_at: datetime
    audience: str | None = None
    heavy_digest: str = ""
    digested_revision: int | None = None

    @property
    def is_listed(self) -> bool:
        """Whether it stands in public lists of posts, and counts for its tags and authors."""
        return self.audience == LISTED_AS["post"]

    @property
    def is_public(self) -> bool:
        """Whether everybody may find and read it."""
        return self.audience in LISTED_AS.values()


AnyCopy = TypeVar("AnyCopy", Working, Live)


def differences(one: Content, other: Content) -> list[str]:
    """The fields in which two copies differ, whoever wrote them and under whatever revision."""
    return [name for name in CONTENT_FIELDS if _comparable(one, name) != _comparable(other, name)]


def _comparable(copy: Content, name: str) -> Any:
    if name == "authors":
        return copy.author_ids
    if name == "custom":
        return json.dumps(copy.custom, sort_keys=True)  # to Python true, 1 and 1.0 are the same
    return getattr(copy, name)


def _content_of(copy: Content) -> dict[str, Any]:
    return {name: getattr(copy, name) for name in CONTENT_FIELDS}


def _digest(copy: Content) -> str:
    """A digest of the heavy fields that people write. The other heavy fields follow from them."""
    written = json.dumps([copy.body, copy.body_format, copy.custom], sort_keys=True)
    return blake2b(written.encode(), digest_size=16).hexdigest()


def digested(copy: AnyCopy) -> AnyCopy:
    """This copy with a digest of its present revision."""
    return replace(copy, heavy_digest=_digest(copy), digested_revision=copy.revision)


def working_copy(content: Content, revision: int, who: Identity, now: datetime, *, note: str, kind: str) -> Working:
    """This content as a new revision."""
    about: dict[str, Any] = {"edited_by": who.user_id, "edited_at": now, "note": note, "kind": kind}
    digest: dict[str, Any] = {"heavy_digest": _digest(content), "digested_revision": revision}
    return Working(**_content_of(content), **digest, revision=revision, **about)


def live_copy(content: Content, revision: int, *, version: int, since: datetime, now: datetime, audience: str) -> Live:
    """This content as readers see it from now on; `since` is when they first saw the post."""
    times: dict[str, Any] = {"published_at": since, "moved_at": now, "updated_at": now}
    about: dict[str, Any] = {"revision": revision, "version": version, "audience": audience}
    digest: dict[str, Any] = {"heavy_digest": _digest(content), "digested_revision": revision}
    return Live(**_content_of(content), **digest, **about, **times)
