"""Who may do what with a post.

Verbs that change a post, and those that show more of it than readers see, take one of these instead of a post. Each
checks itself when it is made, so having one is the proof, and to forget it is an error of types. A proof is of one
version of the post. If somebody has lost the right since, the compare-and-set fails.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar, TypeAlias

from blogapi.access.identity import Identity, Viewer
from blogapi.access.scopes import POSTS_PUBLISH
from blogapi.errors import Forbidden, NotFound
from blogapi.ids import Id
from blogapi.posts.copies import Live
from blogapi.posts.model import EDITING_ROLE, FLAGS, Counters, Draft, Post, may_name
from blogapi.posts.translations.model import Translation
from blogapi.translation.sentence import say

_NOT_YOURS = say("Only authors and editors of this post can do this.")


@dataclass(frozen=True, slots=True)
class _Held(ABC):
    """A post, and who has a right to it. A kind of right says in `__post_init__` whose it is."""

    post: Post
    who: Identity

    @abstractmethod
    def __post_init__(self) -> None:
        """Raises Forbidden."""

    @property
    def id(self) -> str:
        """The id of the post."""
        return self.post.id

    @property
    def version(self) -> int:
        """The version of the post."""
        return self.post.version

    def merges(self, fields: Iterable[str], versions: frozenset[int]) -> bool:
        """Whether a change to an earlier version can be made to this one, see `Versioned`."""
        return self.post.merges(fields, versions)


@dataclass(frozen=True, slots=True)
class Editable(_Held):
    """A post whose working copy somebody may read and change. Raises Forbidden."""

    # The weakest role that can have such a right, to a post of one's own.
    ROLE: ClassVar[str] = EDITING_ROLE

    def __post_init__(self) -> None:
        if not self.post.may_edit(self.who):
            raise Forbidden(_NOT_YOURS)


@dataclass(frozen=True, slots=True)
class Publishable(Editable):
    """A post of which somebody may change what readers see. Raises Forbidden."""

    ROLE: ClassVar[str] = "author"

    def __post_init__(self) -> None:
        Editable.__post_init__(self)
        self.who.require_scope(POSTS_PUBLISH)
        if not self.post.may_publish(self.who):
            raise Forbidden(
                say("A contributor can write drafts. An author or an editor publishes and unpublishes them.")
            )


@dataclass(frozen=True, slots=True)
class Reviewable(Publishable):
    """A post of which somebody may reject what was submitted. Raises Forbidden."""

    ROLE: ClassVar[str] = "editor"

    def __post_init__(self) -> None:
        Editable.__post_init__(self)
        if not self.post.may_review(self.who):
            raise Forbidden(say("Only an editor can reject a post."))
        Publishable.__post_init__(self)


@dataclass(frozen=True, slots=True)
class Purgeable(Editable):
    """A post that somebody may remove for good. Raises Forbidden."""

    def __post_init__(self) -> None:
        Editable.__post_init__(self)
        if not self.post.may_purge(self.who):
            raise Forbidden(say("Only an administrator can delete a post for good."))


@dataclass(frozen=True, slots=True)
class Named(_Held):
    """A post that readers knew, with somebody's name, which is theirs to take off in any role. Raises Forbidden."""

    def __post_init__(self) -> None:
        if self.post.live is None or not self.post.is_named(self.who):
            raise Forbidden(_NOT_YOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePost:
    """A post as its readers see it. Nothing of the working copy is in it, so nothing of that can be shown."""

    id: Id
    status: str
    kind: str
    visibility: str
    featured: bool
    comments_policy: str
    counters: Counters
    created_at: datetime
    live: Live
    translations: tuple[Translation, ...]

    @classmethod
    def of(cls, post: Post) -> LivePost:
        """Raises NotFound for a post that readers never saw."""
        if post.live is None:
            raise NotFound(say("There is no such post."))
        return cls(**{member.name: getattr(post, member.name) for member in fields(cls)})


EditableOrNamed: TypeAlias = Editable | Named
EditableOrLive: TypeAlias = Editable | LivePost


def editable_or_named(post: Post, who: Identity) -> EditableOrNamed:
    """The stronger right of the two. Raises Forbidden."""
    return Editable(post, who) if post.may_edit(who) else Named(post, who)


def editable_or_live(post: Post, who: Viewer) -> EditableOrLive:
    """All of a post for those who may edit it, and for others what readers see. Raises NotFound."""
    return LivePost.of(post) if who is None or not post.may_edit(who) else Editable(post, who)


def require_rights(who: Identity, draft: Draft, before: Post | None) -> None:
    """Whether somebody may make a new post this way, or change one that they may edit. Raises Forbidden."""
    if not who.has_role(EDITING_ROLE):
        raise Forbidden(say("A reader cannot write posts."))
    if draft.status == "published":
        who.require_scope(POSTS_PUBLISH)
        if not who.has_role("author"):
            raise Forbidden(say("A contributor can write drafts. An author or an editor publishes them."))
    if draft.featured != (before.featured if before else False) and not who.is_editor:
        raise Forbidden(say("Only an editor can change `featured`."))
    flagged = before is not None and any(getattr(draft, name) != getattr(before, name) for name in FLAGS)
    if before and flagged and before.status in ("scheduled", "published") and not before.may_publish(who):
        who.require_scope(POSTS_PUBLISH)
        raise Forbidden(say("A contributor cannot change who reads a post that is published or scheduled."))
    named = before.working.author_ids if before else ()
    if draft.author_ids is not None and not may_name(who, named, draft.author_ids):
        raise Forbidden(
            say("You can add authors after your own name, or take your own name off. Only an editor can change more.")
        )


def operator_in_the_name_of(author_id: str) -> Identity:
    """Who runs an import. They may do anything with posts, and are recorded as the author, for want of anybody else."""
    return Identity(user_id=author_id, role="editor")
