"""What a command was called with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blogapi.feature import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The program, and where things lie as its command line says: the configuration, and the folder of what the server
    makes; None where it does not say.
    """

    own_features: tuple[Feature[Any], ...] | None = None
    """Of a program of somebody's own. None is blogapi itself, whose features are imported when they are needed."""

    config: Path | None = None
    data: Path | None = None

    @property
    def features(self) -> tuple[Feature[Any], ...]:
        """All features of the program, in their order."""
        if self.own_features is not None:
            return self.own_features
        from blogapi.features import FEATURES

        return FEATURES

    @property
    def sections(self) -> dict[str, type]:
        """The sections of the configuration that features bring; those of blogapi itself stand in `config`."""
        return {each.name: each.settings for each in self.own_features or () if each.settings is not None}
