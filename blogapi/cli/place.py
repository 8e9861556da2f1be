"""Where things lie, as the command line says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The configuration, and the folder of what the server makes; None where the command line does not say."""

    config: Path | None = None
    data: Path | None = None
