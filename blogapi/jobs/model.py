"""Long work over many documents: what is to be done, how far it is, and what a feature declares of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from blogapi.ids import Id

STATES = ("queued", "running", "done", "failed")
_OPEN = ("queued", "running")


class Asker(Protocol):
    """Who asks for long work, or how far it is: an identity, of which jobs know no more than this."""

    @property
    def user_id(self) -> str:
        """Their id."""

    @property
    def is_editor(self) -> bool:
        """Whether they may see what others asked for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of long work. Who asks for it and who does it may be two features; both import this.

    `done` is what the log says of the number that is done: "posts given their present tags".
    """

    name: str
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of long work. `arguments` and `cursor` are what its kind makes of them, plain values all.

    `done` of `total` is how far it is; the total is None while it is not known. `fence` grows with each claim: who
    holds a lower number has been given up, and writes nothing any more.
    """

    id: Id
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state: str = "queued"
    cursor: Any = None
    done: int = 0
    total: int | None = None
    fence: int = 0
    failures: int = 0
    asked_by: Id | None = None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is something left to do."""
        return self.state in _OPEN

    def may_read(self, who: Asker) -> bool:
        """Whether somebody may see how far it is: who asked for it, and editors."""
        return who.is_editor or who.user_id == self.asked_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What came of one part of long work: how much was done, how much is left, and where the next part begins."""

    done: int = 0
    left: int | None = None
    cursor: Any = None
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Long work that a feature does: for its door, `work=(Work(RETAG_POSTS, _retag),)`.

    `part` is called with the service and the task, again and again until it returns the last part. Each part takes a
    few seconds at most. It may be done twice, and on two servers at once when one of them is slow: what it changes, it
    changes so that this does no harm.
    """

    kind: Kind
    part: Callable[[Any, Task], Awaitable[Part]]
