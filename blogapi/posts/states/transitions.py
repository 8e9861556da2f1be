"""The table of transitions: from which state each leads to which, who may make it, and what becomes of the live copy.

A new one is a row here and a route in `handlers.py` (`_transition`), unless it does something that no other does.
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
from blogapi.posts.schedules.model import ScheduleError
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
    needs_schedule: bool = False
    sets: Callable[[Right, datetime, str], Mapping[str, Any]] = lambda right, now, note: {}

    def is_allowed(self, post: Post) -> bool:
        """Whether the state of the post allows it."""
        lacks_live = self.needs_live and post.live is None
        lacks_schedule = self.needs_schedule and post.due_at is None
        return post.status in self.start and not lacks_live and not lacks_schedule

    def end_of(self, post: Post) -> str:
        """The state that it leads to. Raises InvalidTransition."""
        if not self.is_allowed(post):
            raise InvalidTransition(self.otherwise(post.status), allowed=allowed(post))
        return self.end(post)

    def changes_what_readers_see(self, post: Post) -> bool:
        """Whether it takes a post away from them or brings it back, now or when it is due."""
        if self.live is not LiveCopy.FOLLOWS or not self.is_allowed(post):
            return False
        return not {post.status, self.end(post)}.isdisjoint(("scheduled", "published"))


def _to(state: str) -> Callable[[Post], str]:
    return lambda post: state


def _submitted(right: Editable, now: datetime, note: str) -> Mapping[str, Any]:
    revision = right.post.working.revision
    return {"review": Review(revision=revision, submitted_by=right.who.user_id, submitted_at=now, note=note)}


def _rejected(right: Editable, now: datetime, note: str) -> Mapping[str, Any]:
    review = right.post.review
    assert review is not None  # or it would not be in review
    return {"review": replace(review, rejected_by=right.who.user_id, rejected_at=now, rejection_note=note)}


def _trashed(right: Editable, now: datetime, note: str) -> Mapping[str, Any]:
    before = right.post.status
    return {"trashed_from": "draft" if before == "scheduled" else before, "deleted_at": now}


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
    start=frozenset({"draft", "in_review", "scheduled", "published", "archived"}),
    end=_to("published"),
    needs=Publishable,
    live=LiveCopy.REPLACED,
)
SCHEDULE = Transition(
    verb="publish",
    otherwise=lambda status: say("A post that is {status} cannot be scheduled.", status=status),
    start=frozenset({"draft", "in_review", "scheduled"}),
    end=_to("scheduled"),
    needs=Publishable,
    live=LiveCopy.STAYS,
)
UNSCHEDULE = Transition(
    verb="unschedule",
    otherwise=lambda status: say("Nothing is scheduled for this post."),
    start=frozenset({"scheduled", "published"}),
    end=lambda post: "draft" if post.status == "scheduled" else post.status,
    needs=Publishable,
    live=LiveCopy.STAYS,
    needs_schedule=True,
    sets=lambda right, now, note: {"scheduled": None, "withdrawal": None},
)
UNPUBLISH = Transition(
    verb="unpublish",
    otherwise=lambda status: say("A post that is {status} cannot be unpublished.", status=status),
    start=frozenset({"published"}),
    end=_to("draft"),
    needs=Publishable,
)
UNPUBLISH_LATER = Transition(
    verb="unpublish",
    otherwise=UNPUBLISH.otherwise,
    start=frozenset({"scheduled", "published"}),
    end=lambda post: post.status,
    needs=Publishable,
    live=LiveCopy.STAYS,
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
    start=frozenset({"draft", "in_review", "scheduled", "published", "archived"}),
    end=lambda post: post.status,
    needs=Editable,
    live=LiveCopy.STAYS,
    needs_live=True,
)
TRASH = Transition(
    verb="trash",
    otherwise=lambda status: say("A post that is {status} cannot be put in the trash.", status=status),
    start=frozenset({"draft", "in_review", "scheduled", "published", "archived"}),
    end=_to("trashed"),
    needs=Editable,
    sets=_trashed,
)
# Those that a state allows under their own names. `SCHEDULE` and `UNPUBLISH_LATER` are others with a time.
TRANSITIONS: tuple[Transition[Any], ...] = (
    *(SUBMIT, REJECT, PUBLISH, UNSCHEDULE, UNPUBLISH, ARCHIVE, RESTORE, DISCARD, TRASH),
)


def schedule_after(post: Post, status: str) -> dict[str, Any]:
    """What becomes of a schedule in the state that a transition leads to. It comes back by no other transition."""
    changes: dict[str, Any] = {}
    if post.scheduled is not None and status != "scheduled":
        changes["scheduled"] = None
    if post.withdrawal is not None and status not in ("scheduled", "published"):
        changes["withdrawal"] = None
    if status == "trashed" and (due_at := post.due_at) is not None:
        verb = "publish" if post.scheduled is not None else "unpublish"
        changes["schedule_error"] = ScheduleError(code="trashed", verb=verb, at=due_at)
    elif post.schedule_error is not None and "trashed" not in (post.status, status):
        changes["schedule_error"] = None
    return changes


def allowed(post: Post) -> list[str]:
    """The transitions that the state of a post allows, whoever asks."""
    return sorted(transition.verb for transition in TRANSITIONS if transition.is_allowed(post))


def require_not_trashed(post: Post) -> None:
    """Raises Conflict `invalid_transition`."""
    if post.status == "trashed":
        raise Conflict(
            say("The post is in the trash. Restore it first."), code="invalid_transition", allowed=allowed(post)
        )
