"""The table of transitions: from which state each leads to which, who may make it, and what becomes of the live copy.

A new one is a row here and a route in `handlers.py` (`_transition`), unless it does something that no other does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from blogapi.errors import Conflict, InvalidTransition
from blogapi.posts.model import Post
from blogapi.posts.rights import Editable, Publishable

Right = TypeVar("Right", bound=Editable)


class LiveCopy(Enum):
    """What becomes of the copy that readers see."""

    FOLLOWS = "readers see it where the transition leads to `published`, and nowhere else"
    REPLACED = "another copy takes its place"
    STAYS = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Generic[Right]):
    """A row of the table.

    `sets` are the fields of the post that it sets besides the status. Whoever makes it needs the right `needs`, and
    also the right to publish where it changes what readers see.
    """

    verb: str
    past: str
    start: frozenset[str]
    end: Callable[[Post], str]
    needs: type[Right]
    live: LiveCopy = LiveCopy.FOLLOWS
    needs_live: bool = False
    sets: Callable[[Post, datetime], Mapping[str, Any]] = lambda post, now: {}

    def is_allowed(self, post: Post) -> bool:
        """Whether the state of the post allows it."""
        return post.status in self.start and (post.live is not None or not self.needs_live)

    def end_of(self, post: Post) -> str:
        """The state that it leads to. Raises InvalidTransition."""
        if not self.is_allowed(post):
            detail = f"A post that is {post.status} cannot be {self.past}."
            raise InvalidTransition(detail, allowed=allowed(post))
        return self.end(post)

    def changes_what_readers_see(self, post: Post) -> bool:
        """Whether it takes a post away from them or brings it back."""
        if self.live is not LiveCopy.FOLLOWS or not self.is_allowed(post):
            return False
        return "published" in (post.status, self.end(post))


def _to(state: str) -> Callable[[Post], str]:
    return lambda post: state


PUBLISH = Transition(
    verb="publish",
    past="published",
    start=frozenset({"draft", "published", "archived"}),
    end=_to("published"),
    needs=Publishable,
    live=LiveCopy.REPLACED,
)
UNPUBLISH = Transition(
    verb="unpublish",
    past="unpublished",
    start=frozenset({"published"}),
    end=_to("draft"),
    needs=Publishable,
)
ARCHIVE = Transition(
    verb="archive",
    past="archived",
    start=frozenset({"published"}),
    end=_to("archived"),
    needs=Publishable,
)
RESTORE = Transition(
    verb="restore",
    past="restored",
    start=frozenset({"archived", "trashed"}),
    end=lambda post: post.trashed_from or "draft",
    needs=Editable,
    sets=lambda post, now: {"trashed_from": None, "deleted_at": None},
)
DISCARD = Transition(
    verb="discard",
    past="set back to what readers see",
    start=frozenset({"draft", "published", "archived"}),
    end=lambda post: post.status,
    needs=Editable,
    live=LiveCopy.STAYS,
    needs_live=True,
)
TRASH = Transition(
    verb="trash",
    past="put in the trash",
    start=frozenset({"draft", "published", "archived"}),
    end=_to("trashed"),
    needs=Editable,
    sets=lambda post, now: {"trashed_from": post.status, "deleted_at": now},
)
TRANSITIONS: tuple[Transition[Any], ...] = (PUBLISH, UNPUBLISH, ARCHIVE, RESTORE, DISCARD, TRASH)


def allowed(post: Post) -> list[str]:
    """The transitions that the state of a post allows, whoever asks."""
    return sorted(transition.verb for transition in TRANSITIONS if transition.is_allowed(post))


def require_not_trashed(post: Post) -> None:
    """Raises Conflict `invalid_transition`."""
    if post.status == "trashed":
        raise Conflict("The post is in the trash. Restore it first.", code="invalid_transition", allowed=allowed(post))
