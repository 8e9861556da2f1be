"""The export of somebody's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from blogapi.ids import Id

KEPT = timedelta(days=1)
"""How long an export can be fetched."""

WAITING, READY = "waiting", "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The one export that somebody can have at a time; `id` is their own.

    Whoever makes it has it until `due_at`, and has the newest `fence`, under which its parts are kept.
    """

    id: Id
    state: str = WAITING
    asked_at: datetime
    due_at: datetime
    expires_at: datetime
    fence: int = 0
    bytes: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether it can be fetched."""
        return self.state == READY
