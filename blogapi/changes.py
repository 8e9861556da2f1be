"""Which version changed which fields. A client whose edit came too late is told them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KEPT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Which fields a version changed."""

    version: int
    fields: tuple[str, ...]


def changed_since(log: Sequence[Change], present: int, versions: Iterable[int]) -> list[str] | None:
    """The fields that changed after the newest of these versions; None when that is too long ago to tell."""
    since = max(versions, default=-1)
    known = {change.version: change.fields for change in log}
    missing = range(since + 1, present + 1)
    if since < 0 or any(version not in known for version in missing):
        return None
    return [name for version in missing for name in known[version]]
