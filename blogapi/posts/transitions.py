"""The table of transitions: from which state each leads to which, who may make it, and what becomes of the live copy.

A new one is a row here and a route in `state_handlers.py` (`_transition`), unless it does something that no other does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from blogapi.errors import Conflict, InvalidTransition
from blogapi.posts.model import Post, Review
from blogapi.posts.rights import Editable, Publishable, Reviewable
from blogapi.translation.sentence import Sentence, say

Right = TypeVar("Right", bound=Editable)


class LiveCopy(Enum):
    """What becomes of the copy that readers see."""

    FOLLOWS = "readers see it where the transition leads to `published`, and nowhere else"
    REPLACED = "another copy takes its place"
    STAYS = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Generic[Right]):
    """A row of the table.

    `sets` are the fields of the post that it sets besides the status; who makes it when, with which note, is given. Who
    makes it needs the right `needs`, and also the right to publish where it changes what readers see. `otherwise` says
    of a state that it does not allow it.
    """

    verb: str
    otherwise: Callable[[str], Sentence]
    start: frozenset[str]
    end: Callable[[Post], str]
    needs: type[Right]
    live: LiveCopy = LiveCopy.FOLLOWS
    needs_live: bool = False
    sets: Callable[[Right, datetime, str], Mapping[str, Any]] = lambda right, now, note: {}

    def is_allowed(self, post: Post) -> bool:
        """Whether the state of the post allows it."""
        return post.status in self.start and (post.live is not None or not self.needs_live)

    def end_of(self, post: Post) -> str:
        """The state that it leads to. Raises InvalidTransition."""
        if not self.is_allowed(post):
            raise InvalidTransition(self.otherwise(post.status), allowed=allowed(post))
        return self.end(post)

    def changes_what_readers_see(self, post: Post) -> bool:
        """Whether it takes a post away from them or brings it back."""
        if self.live is not LiveCopy.FOLLOWS or not self.is_allowed(post):
            return False
        return "published" in (post.status, self.end(post))


def _to(state: str) -> Callable[[Post], str]:
    return lambda post: state


def _submitted(right: Editable, now: datetime, note: str) -> Mapping[str, Any]:
    revision = right.post.working.revision
    return {"review": Review(revision=revision, submitted_by=right.who.user_id, submitted_at=now, note=note)}


def _rejected(right: Editable, now: datetime, note: str) -> Mapping[str, Any]:
    review = right.post.review
    assert review is not None  # or it would not be in review
    return {"review": replace(review, rejected_by=right.who.user_id, rejected_at=now, rejection_note=note)}


SUBMIT = Transition(
    verb="submit",
    otherwise=lambda status: say("A post that is {status} cannot be submitted for review.", status=status),
    start=frozenset({"draft"}),
    end=_to("in_review"),
    needs=Editable,
    sets=_submitted,
)
REJECT = Transition(
    verb="reject",
    otherwise=lambda status: say("A post that is {status} cannot be rejected.", status=status),
    start=frozenset({"in_review"}),
    end=_to("draft"),
    needs=Reviewable,
    sets=_rejected,
)
PUBLISH = Transition(
    verb="publish",
    otherwise=lambda status: say("A post that is {status} cannot be published.", status=status),
    start=frozenset({"draft", "in_review", "published", "archived"}),
    end=_to("published"),
    needs=Publishable,
    live=LiveCopy.REPLACED,
)
UNPUBLISH = Transition(
    verb="unpublish",
    otherwise=lambda status: say("A post that is {status} cannot be unpublished.", status=status),
    start=frozenset({"published"}),
    end=_to("draft"),
    needs=Publishable,
)
ARCHIVE = Transition(
    verb="archive",
    otherwise=lambda status: say("A post that is {status} cannot be archived.", status=status),
    start=frozenset({"published"}),
    end=_to("archived"),
    needs=Publishable,
)
RESTORE = Transition(
    verb="restore",
    otherwise=lambda status: say("A post that is {status} cannot be restored.", status=status),
    start=frozenset({"archived", "trashed"}),
    end=lambda post: post.trashed_from or "draft",
    needs=Editable,
    sets=lambda right, now, note: {"trashed_from": None, "deleted_at": None},
)
DISCARD = Transition(
    verb="discard",
    otherwise=lambda status: say("A post that is {status} cannot be set back to what readers see.", status=status),
    start=frozenset({"draft", "in_review", "published", "archived"}),
    end=lambda post: post.status,
    needs=Editable,
    live=LiveCopy.STAYS,
    needs_live=True,
)
TRASH = Transition(
    verb="trash",
    otherwise=lambda status: say("A post that is {status} cannot be put in the trash.", status=status),
    start=frozenset({"draft", "in_review", "published", "archived"}),
    end=_to("trashed"),
    needs=Editable,
    sets=lambda right, now, note: {"trashed_from": right.post.status, "deleted_at": now},
)
TRANSITIONS: tuple[Transition[Any], ...] = (SUBMIT, REJECT, PUBLISH, UNPUBLISH, ARCHIVE, RESTORE, DISCARD, TRASH)


def allowed(post: Post) -> list[str]:
    """The transitions that the state of a post allows, whoever asks."""
    return sorted(transition.verb for transition in TRANSITIONS if transition.is_allowed(post))


def require_not_trashed(post: Post) -> None:
    """Raises Conflict `invalid_transition`."""
    if post.status == "trashed":
        raise Conflict(
            say("The post is in the trash. Restore it first."), code="invalid_transition", allowed=allowed(post)
        )
