"""Posts: the working copy, which writers edit, and the live copy, which readers see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar, TypeAlias, TypedDict

from blogapi.access.identity import Byline, Identity, Viewer
from blogapi.access.scopes import POSTS_PUBLISH
from blogapi.changes import Change, Versioned
from blogapi.errors import Invalid
from blogapi.ids import UNWRITTEN, Id
from blogapi.posts.schedules.model import Schedule, ScheduleError, Withdrawal, next_of
from blogapi.posts.translations.model import Translation
from blogapi.text.rendered import BodyFormat, TocEntry
from blogapi.text.visible import is_blank
from blogapi.translation.sentence import say

KINDS = ("post", "page")
KINDS_OF_CONTENT = (
    "`page` for what is no entry of the blog, such as an imprint. Lists, counts and archives show posts unless asked."
)
STATUSES = ("draft", "in_review", "scheduled", "published", "archived", "trashed")
VISIBILITIES = ("public", "unlisted", "members", "private")
WHO_READS = (
    "Who can read the live copy. `public`: everybody. `unlisted`: everybody, but no list has it. `members`: any"
    " signed-in user. `private`: its authors and editors."
)
COMMENTS_POLICIES = ("open", "moderated", "closed")
# The fields that are not part of the copies. They take effect at once.
FLAGS = ("kind", "visibility", "featured", "comments_policy")
# The weakest role that may write posts.
EDITING_ROLE = "contributor"
BODY_FORMATS = ("markdown", "html")

# The audience of live copies in public lists. That of pages is another one, so that no list and no count of posts has
# them, and their own lists are served by the same indexes.
LISTED_AS = {"post": "public", "page": "public_page"}

# What a post has room for. Schemas refuse more; importers make what they bring fit.
MAX_TITLE = 200
MAX_BODY_BYTES = 512 * 1024
MAX_EXCERPT = 500
MAX_AUTHORS = 10
MAX_TAGS = 30
MAX_CAPTION = 500
MAX_REVIEW_NOTE = 1000
MAX_SEO_TITLE = 70
MAX_SEO_DESCRIPTION = 170
MAX_CUSTOM_BYTES = 32 * 1024
MAX_CUSTOM_DEPTH = 4
MAX_CUSTOM_KEY = 64
CUSTOM_KEY = re.compile(rf"[a-z0-9_]{{1,{MAX_CUSTOM_KEY}}}")


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
    seo: Seo = Seo()
    custom: Mapping[str, Any] = field(default_factory=dict)

    @property
    def author_ids(self) -> tuple[str, ...]:
        """Whose post it is; the first is the primary author."""
        return tuple(author.id for author in self.authors)


CONTENT_FIELDS = tuple(member.name for member in fields(Content))
# A digest of the heavy fields of a copy, for reads without them, and the revision that it was made of.
DIGEST_FIELDS = ("heavy_digest", "digested_revision")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncounted:
    """The mark that a change leaves in a post until the counts of these tags and authors are updated."""

    id: Id
    at: datetime
    tags: tuple[str, ...]
    author_ids: tuple[Id, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which file or post of another system this one was made from."""

    source: str
    path: str
    urls: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A revision that was submitted for review, and what an editor said when it was rejected."""

    revision: int
    submitted_by: Id
    submitted_at: datetime
    note: str = ""
    rejected_by: Id | None = None
    rejected_at: datetime | None = None
    rejection_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Counts that do not touch the version."""

    likes: int = 0
    comments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Versioned):
    """A post with both its copies."""

    # A body means nothing without its format.
    inseparable: ClassVar = ({"body", "body_format"},)

    id: Id
    version: int
    status: str
    kind: str = "post"
    visibility: str = "public"
    featured: bool = False
    comments_policy: str = "open"
    working: Working
    live: Live | None = None  # None until the first publication
    live_slugs: tuple[str, ...] = ()  # every slug under which readers ever saw it
    slug_is_derived: bool = True  # follows the title until somebody chooses one, or readers see it
    counters: Counters = Counters()
    translation_group: Id | None = field(default=None, metadata=UNWRITTEN)  # `TranslationStore` writes it
    translations: tuple[Translation, ...] = field(default=(), metadata=UNWRITTEN)  # what signed-in readers see of them
    left: tuple[str, ...] = ()  # who took their own name off: copies from before do not bring it back
    changes: tuple[Change, ...] = ()
    applied: tuple[str, ...] = ()
    review: Review | None = None  # the last one; none since the post was published
    scheduled: Schedule | None = None  # its publication, while its status is `scheduled`
    withdrawal: Withdrawal | None = None  # when it is unpublished, while it is published or scheduled
    schedule_error: ScheduleError | None = None  # until its next step
    trashed_from: str | None = None
    deleted_at: datetime | None = None
    origin: Origin | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def audience(self) -> str:
        """Who reads it while it is published."""
        return audience_of(self.visibility, self.kind)

    @property
    def has_unpublished_changes(self) -> bool:
        """Whether publishing would show readers something new. A flag of a published post, not a state."""
        if self.status != "published" or self.live is None:
            return False
        # Lists read the copies without their heavy fields.
        differ = self.is_digested and self.live.heavy_digest != self.working.heavy_digest
        return differ or bool(differences(self.live, self.working))

    @property
    def submitted_revision(self) -> int | None:
        """The revision that is in review, or came from there before it was scheduled; else None."""
        return self.review.revision if self.review is not None and self.status in ("in_review", "scheduled") else None

    @property
    def due_at(self) -> datetime | None:
        """When something is to happen to it."""
        return next_of(self.scheduled, self.withdrawal)

    @property
    def held_slugs(self) -> frozenset[str]:
        """The slugs of the working copy, and of the revision that is scheduled."""
        return frozenset([self.working.slug, *([self.scheduled.slug] if self.scheduled else [])])

    @property
    def is_digested(self) -> bool:
        """Whether both digests are of the present revisions. An earlier version beside ours makes revisions without."""
        copies: list[Working | Live] = [self.working, *([self.live] if self.live else [])]
        return all(copy.digested_revision == copy.revision for copy in copies)

    def digested(self) -> Post:
        """This post with digests of its present revisions."""
        live = self.live and replace(self.live, heavy_digest=_digest(self.live), digested_revision=self.live.revision)
        digest = _digest(self.working)
        working = replace(self.working, heavy_digest=digest, digested_revision=self.working.revision)
        return replace(self, live=live, working=working)

    @property
    def has_readers(self) -> bool:
        """Whether anybody but its authors and editors may read it now."""
        return self.live is not None and self.live.audience in _READERS

    def may_edit(self, who: Viewer) -> bool:
        """Whether the working copy may be read and changed."""
        if who is None or not who.has_role(EDITING_ROLE):
            return False
        return who.is_editor or who.user_id in self.working.author_ids

    def is_named(self, who: Viewer) -> bool:
        """Whether either copy shows this person's name."""
        copies = (self.working, self.live)
        return who is not None and any(who.user_id in copy.author_ids for copy in copies if copy is not None)

    def may_publish(self, who: Viewer) -> bool:
        """Whether what readers see may be changed."""
        if who is None or not who.has_scope(POSTS_PUBLISH):
            return False
        return who.has_role("author") and self.may_edit(who)

    def may_review(self, who: Viewer) -> bool:
        """Whether what was submitted may be rejected."""
        return who is not None and who.is_editor and self.may_publish(who)

    def may_purge(self, who: Viewer) -> bool:
        """Whether it may be removed for good."""
        return who is not None and who.is_admin


def audience_of(visibility: str, kind: str) -> str:
    """Who reads a post of this kind while it is published, and in which public lists it stands."""
    return LISTED_AS[kind] if visibility == "public" else visibility


_EVERYBODY = (*LISTED_AS.values(), "unlisted")
_READERS = (*_EVERYBODY, "members")


def audiences_of(who: Viewer) -> tuple[str, ...]:
    """The audiences that somebody belongs to. They see posts that are live for one of these."""
    return _EVERYBODY if who is None else _READERS


def require_title(title: str) -> None:
    """Raises Invalid."""
    if is_blank(title):
        raise Invalid.field("/title", "required", say("A post needs a title before it is published."))


def may_name(who: Identity, before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether somebody may make these the authors.

    An editor names anyone, in any order. Others add people behind their own name and take their own name off.
    """
    if who.is_editor:
        return True
    own = who.user_id
    staying = [author_id for author_id in before if author_id in after]
    if not set(before) - set(after) <= {own} or staying != [author_id for author_id in after if author_id in before]:
        return False
    added = [author_id for author_id in after if author_id not in before and author_id != own]
    return not added or (own in after and all(after.index(author_id) > after.index(own) for author_id in added))


def live_after(post: Post, changes: Mapping[str, Any]) -> Live | None:
    """The live copy that these changes lead to; `changes` maps paths in the document to values."""
    live: Live | None = changes.get("live", post.live)
    inner = {path.removeprefix("live."): value for path, value in changes.items() if path.startswith("live.")}
    return replace(live, **inner) if live is not None and inner else live


def visible_change(post: Post, now: datetime) -> dict[str, Any]:
    """What moves in the live copy with each change that readers can see."""
    return {"live.version": post.version + 1, "live.updated_at": now}


def differences(one: Content, other: Content) -> list[str]:
    """The fields in which two copies differ, whoever wrote them and under whatever revision."""
    return [name for name in CONTENT_FIELDS if _comparable(one, name) != _comparable(other, name)]


def _comparable(copy: Content, name: str) -> Any:
    if name == "authors":
        return copy.author_ids
    if name == "custom":
        return json.dumps(copy.custom, sort_keys=True)  # to Python true, 1 and 1.0 are the same
    return getattr(copy, name)


def reviewed_with(post: Post, who: Identity, revision: int) -> dict[str, Any]:
    """What else changes with a new working revision: in review, one by who may publish counts as submitted."""
    is_reviewed = post.submitted_revision is not None and post.may_publish(who)
    return {"review.revision": revision} if is_reviewed else {}


def _content_of(copy: Content) -> dict[str, Any]:
    return {name: getattr(copy, name) for name in CONTENT_FIELDS}


def _digest(copy: Content) -> str:
    """A digest of the heavy fields that people write. The other heavy fields follow from them."""
    written = json.dumps([copy.body, copy.body_format, copy.custom], sort_keys=True)
    return blake2b(written.encode(), digest_size=16).hexdigest()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that a writer can set of a post.

    Without `slug` or `author_ids`, the server chooses; without `lang` or `comments_policy`, the settings of the blog.
    """

    title: str = ""
    slug: str | None = None
    body: str = ""
    body_format: BodyFormat = "markdown"
    excerpt: str = ""
    author_ids: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    lang: str | None = None
    cover: Cover | None = None
    seo: Seo = Seo()
    custom: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "post"
    featured: bool = False
    visibility: str = "public"
    comments_policy: str | None = None
    status: str = "draft"
    note: str = ""


Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFilter:
    """Which of the posts that everybody sees. Empty means any; several values mean any of them."""

    kinds: tuple[str, ...] = ("post",)
    tags: tuple[str, ...] = ()
    author_ids: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    custom: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()  # fields of one's own, each with its values
    featured: bool | None = None
    published_from: datetime | None = None
    published_before: datetime | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingFilter(PublicFilter):
    """Which of the posts that somebody may edit. Without `statuses`, everything but the trash."""

    statuses: tuple[str, ...] = ()
    updated_from: datetime | None = None
    updated_before: datetime | None = None
    editable_by: str | None = None  # None: by an editor, so any


class PublicPost(TypedDict, total=False):
    """A post as readers see it, ready to be sent.

    Reads are most of what this server does, so they skip the models: the store takes this straight from the document,
    field by field from an allow-list, with texts for ids and times.
    """

    id: str
    view: str
    version: int
    status: str
    kind: str
    title: str
    slug: str
    body: str
    body_format: str
    html: str
    excerpt_auto: str
    word_count: int
    reading_minutes: int
    toc: list[dict[str, Any]]
    excerpt: str
    authors: list[dict[str, Any]]
    tags: list[str]
    lang: str | None
    cover: dict[str, Any] | None
    seo: dict[str, Any]
    featured: bool
    visibility: str
    comments_policy: str
    custom: dict[str, Any]
    published_at: str
    live_updated_at: str
    likes_count: int
    comments_count: int
    translations: list[dict[str, Any]]
    created_at: str
    updated_at: str


PUBLIC_FIELDS = tuple(PublicPost.__annotations__)
# The fields that list items have only when `fields` asks for them.
HEAVY_FIELDS = frozenset({"body", "html", "toc", "custom"})
