"""What was planned for each post, what became of it, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

_Done: TypeAlias = tuple[datetime, datetime, str]
"""When it was due, when it was done, and of which post."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """A post: when it is to be published and unpublished, and what a person does with it at `act_at`."""

    id: str
    at: datetime
    end_at: datetime | None = None
    act: str = ""
    act_at: datetime | None = None
    new_at: datetime | None = None
    is_edited: bool = False
    has_acted: bool = False
    """Whether the person was in time; else the schedule was faster."""

    @property
    def due_at(self) -> datetime | None:
        """When it has to be published by itself; None when a person has seen to it."""
        if not self.has_acted:
            return self.at
        return self.new_at if self.act == "move" else None

    @property
    def is_withdrawn(self) -> bool:
        """Whether a person has seen to it that readers do not see it, any more or at all."""
        return self.has_acted and self.act in ("unschedule", "trash", "withdraw")

    @property
    def may_be_published(self) -> int:
        """How often readers may see it come."""
        return 0 if self.is_withdrawn and self.act != "withdraw" else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Another status that a post got, at this time by the clock of the database."""

    at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is there of a post at the end."""

    moves: Sequence[Move]
    published_at: datetime | None
    is_leaking: bool = False
    """Whether readers saw an edit that was made after it was scheduled."""


@dataclass(slots=True)
class Findings:
    """What is wrong, by post, and how late the rest was."""

    missed: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    came_back: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    wrong_time: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    lags: list[timedelta] = field(default_factory=list)
    overdue: int = 0

    @property
    def are_wrong(self) -> bool:
        """Whether anything is."""
        return any(self.rows().values())

    def rows(self) -> dict[str, list[str]]:
        """By what is counted, the posts; there must be none."""
        return {
            "missed": self.missed,
            "twice": self.twice,
            "early": self.early,
            "came back after they were withdrawn by hand": self.came_back,
            "showed a later edit": self.leaked,
            "with another `published_at` than was asked for": self.wrong_time,
            "overdue ones out of order": self.out_of_order,
            "later than promised while a process lived": self.late,
        }


@dataclass(frozen=True, slots=True)
class Alive:
    """When at least one process lived."""

    spans: Sequence[tuple[datetime, datetime]]

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether there was one from then until then, not always the same one."""
        for begun, ended in sorted(self.spans):
            if begun <= start < ended:
                start = ended
        return start >= end


def judge(plans: Sequence[Plan], seen: dict[str, Seen], alive: Alive, promise: timedelta) -> Findings:
    """Compare what was planned with what became of it."""
    found, done = Findings(), list[_Done]()
    for plan in plans:
        became = seen[plan.id]
        shown = [move.at for move in became.moves if move.status == "published"]
        hidden = [move.at for move in became.moves if move.status != "published" and shown and move.at > shown[0]]
        if became.is_leaking:
            found.leaked.append(plan.id)
        if len(shown) > plan.may_be_published:
            (found.came_back if plan.is_withdrawn else found.twice).append(plan.id)
        elif not shown and plan.may_be_published:
            found.missed.append(plan.id)
        if plan.end_at is not None and not plan.is_withdrawn and shown:
            if hidden:
                done.append((plan.end_at, hidden[0], plan.id))
            else:
                found.missed.append(plan.id)
        if plan.due_at is not None and shown:
            done.append((plan.due_at, shown[0], plan.id))
            if became.published_at != plan.due_at:
                found.wrong_time.append(plan.id)
    found.early = [post_id for due_at, done_at, post_id in done if done_at < due_at]
    _time(found, sorted(done), alive, promise)
    return found


def _time(found: Findings, done: Sequence[_Done], alive: Alive, promise: timedelta) -> None:
    """How late things happened, and in which order those that no process could do in time."""
    caught_up_at = last = datetime.min.replace(tzinfo=UTC)
    for due_at, done_at, post_id in done:
        is_late = done_at - due_at > promise
        # What became due while none lived has its turn first.
        if not alive.covers(due_at, due_at + promise) or (is_late and due_at < caught_up_at):
            found.overdue += 1
            caught_up_at = max(caught_up_at, done_at)
            if done_at < last:
                found.out_of_order.append(post_id)
            last = max(last, done_at)
            continue
        found.lags.append(done_at - due_at)
        if is_late:
            found.late.append(post_id)
