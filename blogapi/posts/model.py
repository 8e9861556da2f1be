"""A post: the head of its two copies, with its state, its flags, and who may do what with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from blogapi.access.identity import Identity, Viewer
from blogapi.access.scopes import POSTS_PUBLISH
from blogapi.changes import Change, Versioned
from blogapi.errors import Invalid
from blogapi.ids import UNWRITTEN, Id
from blogapi.posts.audiences import READERS, audience_of
from blogapi.posts.copies import NO_SEO, Cover, Live, Seo, Working, differences, digested
from blogapi.posts.schedules.model import Schedule, ScheduleError, Withdrawal, next_of
from blogapi.posts.translations.model import Translation
from blogapi.text.rendered import BodyFormat
from blogapi.text.visible import is_blank
from blogapi.translation.sentence import say

KINDS = ("post", "page")
KINDS_OF_CONTENT = (
    "`page` for what is no entry of the blog, such as an imprint. Lists, counts and archives show posts unless asked."
)
STATUSES = ("draft", "in_review", "scheduled", "published", "archived", "trashed")
# The fields that are not part of the copies. They take effect at once.
FLAGS = ("kind", "visibility", "featured", "comments_policy")
MAX_REVIEW_NOTE = 1000
# The weakest role that may write posts.
EDITING_ROLE = "contributor"


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
        return replace(self, live=self.live and digested(self.live), working=digested(self.working))

    @property
    def has_readers(self) -> bool:
        """Whether anybody but its authors and editors may read it now."""
        return self.live is not None and self.live.audience in READERS

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


def reviewed_with(post: Post, who: Identity, revision: int) -> dict[str, Any]:
    """What else changes with a new working revision: in review, one by who may publish counts as submitted."""
    is_reviewed = post.submitted_revision is not None and post.may_publish(who)
    return {"review.revision": revision} if is_reviewed else {}


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
    seo: Seo = NO_SEO
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
