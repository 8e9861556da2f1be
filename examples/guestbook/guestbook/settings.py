"""What can be set: the section `guestbook` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from blogapi.config.kinds import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestbookSettings:
    """How long entries may be, and for how many days they are kept; 0 keeps them."""

    max_length: Annotated[int, Whole(1, 10_000)] = 500
    keep_days: Annotated[int, Whole(0, 3650)] = 0
