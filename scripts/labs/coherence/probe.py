"""How long it takes until other processes show a write."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.labs.client import CutOff, LastingConnection
from scripts.labs.coherence.findings import UNAVAILABLE, Findings
from scripts.labs.coherence.ledger import Timeline
from scripts.labs.coherence.looks import Look, Unexpected

_PATIENCE_SECONDS = 2


@dataclass(slots=True)
class Probe:
    """Connections of one writer to the processes on which they do not write."""

    others: Sequence[LastingConnection]
    findings: Findings
    chance: random.Random

    async def follow(self, look: Look, changed: Timeline[Any], acked_at: float) -> None:
        """Read from one of them until the latest state is seen; the lag ends when that request was sent."""
        if not self.others:
            return
        connection, number = self.chance.choice(self.others), len(changed.states) - 1
        while True:
            try:
                answer = await connection.get(look.path)
            except CutOff:
                continue
            self.findings.check(look, answer)
            if self.findings.outages_allowed and answer.status == UNAVAILABLE:
                return  # what took so long was not the cache
            try:
                shown = [seen for seen in look.seen(answer) if seen.timeline is changed]
            except Unexpected:
                return
            is_there = all(changed.has_reached(number, seen.matches) for seen in shown)
            if is_there or answer.sent_at > acked_at + _PATIENCE_SECONDS:
                self.findings.lags.append(max(0.0, answer.sent_at - acked_at))
                return
