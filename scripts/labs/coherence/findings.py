"""What came out: counts, ages, lags, and the first violations in full."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.labs.client import Answer
from scripts.labs.coherence.ledger import Verdict
from scripts.labs.coherence.looks import Look, Seen, Unexpected
from scripts.labs.drills import percentile

UNAVAILABLE = 503
BOUND_SECONDS = 1.0
_LAG_P99_SECONDS, _LAG_MAX_SECONDS = 0.1, 1.0
_TOLD = 5

STALE_FOR_WRITER = "stale for the writer"
UNPUBLISHED = "unpublished seen after 1 s"
TOO_OLD = "older than 1 s"
NEVER = "never public"
FAILED = "failed reads"
MUST_BE_NONE = (STALE_FOR_WRITER, UNPUBLISHED, TOO_OLD, NEVER, FAILED)


@dataclass(slots=True)
class Findings:
    """`ages` are those of answers that were out of date, `lags` how long other processes took to follow a write.

    Where primaries step down, reads may be refused (`outages_allowed`).
    """

    processes: int
    outages_allowed: bool = False
    writes: int = 0
    reads: int = 0
    hits: int = 0
    bypasses: int = 0
    cuts: int = 0
    elections: int = 0
    unavailable: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def check(self, look: Look, answer: Answer, *, by_writer: bool = False) -> None:
        """Compare an answer with the ledger."""
        if self.outages_allowed and answer.status == UNAVAILABLE:
            self.unavailable += 1
            return
        self.reads += 1
        self.hits += answer.is_hit
        self.bypasses += answer.is_bypass
        try:
            verdicts = [(seen.timeline.judge(seen.matches, answer.sent_at), seen) for seen in look.seen(answer)]
        except Unexpected:
            self._violate(FAILED if answer.status >= 400 else NEVER, look, answer, math.inf)
            return
        age = max([verdict.age_seconds for verdict, _ in verdicts], default=0.0)
        if 0 < age < math.inf:
            self.ages.append(age)
        # However much on a page is wrong in one way: it counts once.
        wrong = {kind: (verdict, seen) for verdict, seen in verdicts for kind in _kinds(verdict, by_writer)}
        for kind, (verdict, seen) in wrong.items():
            self._violate(kind, look, answer, verdict.age_seconds, seen)

    def _violate(self, kind: str, look: Look, answer: Answer, age: float, seen: Seen | None = None) -> None:
        self.violations[kind] += 1
        if self.violations[kind] <= _TOLD:
            source = answer.header("Cache-Status") or "no Cache-Status"
            told = (
                f"{kind}: GET {look.path}\n  {age:.3f} s out of date, {answer.status}, {source}: {answer.body[:300]!r}"
            )
            self.told.append(told if seen is None else f"{told}\n{seen.timeline.told(answer.sent_at)}")

    @property
    def is_passed(self) -> bool:
        """Whether all bounds are kept."""
        return not any(self.violations[what] for what in MUST_BE_NONE) and self.is_quick

    @property
    def is_quick(self) -> bool:
        """Whether other processes follow soon enough."""
        return not self.lags or (percentile(self.lags, 99) < _LAG_P99_SECONDS and max(self.lags) < _LAG_MAX_SECONDS)

    def as_json(self) -> dict[str, Any]:
        """All numbers; times in milliseconds."""
        return {
            "processes": self.processes,
            "writes": self.writes,
            "reads": self.reads,
            "hits": self.hits,
            "bypasses": self.bypasses,
            "cuts": self.cuts,
            "elections": self.elections,
            "refused_reads": self.unavailable,
            "refused_writes": {str(status): count for status, count in sorted(self.refused.items())},
            **{what.replace(" ", "_"): self.violations[what] for what in MUST_BE_NONE},
            "out_of_date": {"reads": len(self.ages), **_summary(self.ages)},
            "lag": {"writes": len(self.lags), **_summary(self.lags)},
            "passed": self.is_passed,
        }


def _kinds(verdict: Verdict, by_writer: bool) -> Iterator[str]:
    if by_writer and verdict.age_seconds > 0:
        yield STALE_FOR_WRITER
    if verdict.age_seconds == math.inf:
        yield NEVER
    elif verdict.withdrawn_seconds > BOUND_SECONDS:
        yield UNPUBLISHED
    elif verdict.age_seconds > BOUND_SECONDS:
        yield TOO_OLD


def _summary(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    found = {f"p{percent}_ms": percentile(seconds, percent) for percent in (50, 99)} | {"max_ms": max(seconds)}
    return {name: round(value * 1000, 2) for name, value in found.items()}
