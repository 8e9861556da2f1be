"""Metrics of a running server. Each is declared beside its numbers, and read when `/metrics` is asked for.

A module counts in plain integers of its own, which costs next to nothing. `operations/metrics.py` writes them
down. Labels are bounded: routes, statuses, names from our code, and never what somebody sent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
Labels: TypeAlias = tuple[str, ...]
Tally: TypeAlias = Counter[Labels]
"""How often something happened, by the values of its labels."""


def tally(*known: str) -> Tally:
    """Nothing yet. What is known to be possible is told as 0 from the beginning, so that its first time is seen."""
    return Counter({(label,): 0 for label in known})


Value: TypeAlias = float | Sequence[float]
Read: TypeAlias = Callable[[], Mapping[Labels, Value] | float]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the classes into which durations fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What is told under one name. `labels` are the names of its labels, `bounds` the classes of a histogram."""

    name: str
    kind: str
    help: str
    labels: Labels = ()
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A family, and how its values are read at the moment: by their labels, or one where there are none.

    The value of a histogram is how much fell into each class, then into none, then the sum of all.
    """

    family: Family
    read: Read


class Measured(Protocol):
    """Whatever has something to tell."""

    def measures(self) -> list[Measure]:
        """What there is to tell."""


def measures_of(tools: Iterable[Measured]) -> list[Measure]:
    """What all of them have to tell."""
    return [measure for tool in tools for measure in tool.measures()]


def counter(name: str, help: str, read: Read, labels: Labels = ()) -> Measure:
    """Something that only grows. Its name ends with `_total`."""
    return Measure(Family(name=name, kind=COUNTER, help=help, labels=labels), read)


def gauge(name: str, help: str, read: Read, labels: Labels = ()) -> Measure:
    """Something that is as it is in each process just now."""
    return Measure(Family(name=name, kind=GAUGE, help=help, labels=labels), read)


class Durations:
    """How long something took, in classes, by the values of its labels."""

    def __init__(self) -> None:
        self.rows: dict[Labels, list[float]] = {}

    def add(self, labels: Labels, seconds: float) -> None:
        """Count one."""
        row = self.rows.get(labels)
        if row is None:
            row = self.rows.setdefault(labels, [0] * (len(SECONDS) + 2))
        row[bisect_left(SECONDS, seconds)] += 1
        row[-1] += seconds

    def measure(self, name: str, help: str, labels: Labels = ()) -> Measure:
        """All of it, as a histogram."""
        return durations(name, help, lambda: self.rows, labels)


def durations(name: str, help: str, read: Read, labels: Labels = ()) -> Measure:
    """A histogram of seconds."""
    return Measure(Family(name=name, kind=HISTOGRAM, help=help, labels=labels, bounds=SECONDS), read)
