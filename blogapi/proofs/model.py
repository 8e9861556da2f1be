"""Proofs: what a code can be spent for, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from blogapi.ids import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a link in a mail can be spent for, once. Whoever reads it cannot make the link.

    `bound_to` is a digest of what has to be still so for the link to be good.
    """

    id: Id
    purpose: str
    subject: Id
    bound_to: str
    expires_at: datetime
    spent_at: datetime | None = None
