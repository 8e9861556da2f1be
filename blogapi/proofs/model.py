"""Proofs: what a code can be spent for, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from blogapi.ids import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a code, such as that in the link of a mail, can be spent for, once. Whoever reads it cannot make the code.

    `bound_to` is a digest of what has to be still so for the code to be good. `carries` are facts for who spends it.
    """

    id: Id
    purpose: str
    subject: Id
    bound_to: str
    expires_at: datetime
    spent_at: datetime | None = None
    carries: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0  # how often something else was tried with the code, where that is counted
