"""What was written, when it was sent and when it was acknowledged; and what may be seen of it.

Everything that readers see has one writer, so the states of it stand in one order. A state may be seen from the moment
on at which its write was sent, and until the write of the next one was acknowledged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(slots=True)
class State(Generic[Value]):
    """`acked_at` is infinite while nobody knows whether the write came through."""

    value: Value
    sent_at: float
    acked_at: float = math.inf


@dataclass(frozen=True, slots=True)
class Verdict:
    """How long before it was asked for something was out of date; infinite: it never was so.

    `withdrawn_seconds`: how long before it was asked for it had been taken away from readers; 0 if it had not.
    """

    age_seconds: float
    withdrawn_seconds: float = 0


class Timeline(Generic[Value]):
    """The states of one thing, oldest first. None is a thing that readers cannot see."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.states: list[State[Value | None]] = []

    @property
    def current(self) -> Value | None:
        """The state after the latest write."""
        return self.states[-1].value

    def begin(self, value: Value | None, sent_at: float) -> None:
        """A write is sent."""
        self.states.append(State(value, sent_at))

    def settle(self, value: Value | None, acked_at: float) -> None:
        """The outcome of the latest write is known: this is what readers see."""
        latest = self.states[-1]
        if latest.acked_at < math.inf:
            if latest.value != value:
                self.states.append(State(value, latest.acked_at, acked_at))
        elif latest.value == value:
            latest.acked_at = acked_at
        else:
            self.states.pop()
            if self.states and self.states[-1].value != value:
                self.states.append(State(value, latest.sent_at, acked_at))

    def judge(self, matches: Callable[[Any], bool], sent_at: float) -> Verdict:
        """What to make of an answer, to a request that was sent then, that shows something for which this holds."""
        until = withdrawn = math.inf
        for state in reversed(self.states):
            if matches(state.value):
                is_withdrawn = state.value is not None and withdrawn < sent_at
                return Verdict(max(0.0, sent_at - until), sent_at - withdrawn if is_withdrawn else 0)
            until = state.acked_at
            if state.value is None:
                withdrawn = state.acked_at
        return Verdict(math.inf)

    def has_reached(self, number: int, matches: Callable[[Any], bool]) -> bool:
        """Whether this holds for the state with this number or a later one."""
        return any(matches(state.value) for state in self.states[number:])

    def told(self, now: float) -> str:
        """The last few states, for whoever wants to know what went wrong."""
        lines = []
        for state in self.states[-6:]:
            acked = "not answered" if state.acked_at == math.inf else f"answered {now - state.acked_at:.3f} s before"
            lines.append(f"    {state.value}: sent {now - state.sent_at:.3f} s before, {acked}")
        return "\n".join([f"  ledger of {self.name}, times are before the read:", *lines])


@dataclass(frozen=True, slots=True)
class Shown:
    """What readers see of a post. `slugs` are those under which they have ever found it."""

    title: str
    slug: str
    version: int
    slugs: frozenset[str] = field(repr=False)


@dataclass(slots=True)
class Post:
    """One post: as its writer left it, and the timeline of what readers see. `order` is its place in lists."""

    id: str
    etag: str
    order: tuple[str, str]
    title: str
    slug: str
    live: Shown
    shown: Timeline[Shown]
    status: str = "published"
    before_trash: str = ""

    @property
    def next_version(self) -> int:
        """The version that the next write leads to."""
        return int(self.etag.strip('"').partition("-")[0]) + 1


@dataclass(slots=True)
class Person:
    """A writer, as others see them. Their posts all carry the tag, and nobody else's do.

    `counts` is what is counted of them, `totals` how many a list with a total has; the same but for who writes past us.
    """

    username: str
    tag: str
    id: str = ""
    posts: dict[str, Post] = field(default_factory=dict)
    names: Timeline[str] = field(default_factory=lambda: Timeline("a display name"))
    counts: Timeline[int] = field(default_factory=lambda: Timeline("a number of published posts"))
    totals: Timeline[int] = field(init=False)

    def __post_init__(self) -> None:
        self.totals = self.counts

    def count(self) -> int:
        """How many posts readers see after the latest writes."""
        return sum([post.shown.current is not None for post in self.posts.values()])


_FORMER = re.compile(r"by-slug/([a-z0-9-]+)")


def slug_in(location: str) -> str:
    """The slug that a redirect leads to."""
    found = _FORMER.search(location)
    return found[1] if found else ""
