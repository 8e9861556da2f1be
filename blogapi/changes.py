"""Which version changed which fields. A client whose edit came too late is told them, or has it merged with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from blogapi.errors import Stale

KEPT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Which fields a version changed."""

    version: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicChange:
    """The last change that readers could see."""

    version: int
    at: datetime


class Versioned:
    """What a document is that people change: it has a version, and remembers which version changed which fields."""

    __slots__ = ()

    version: int
    changes: tuple[Change, ...]
    inseparable: ClassVar[Sequence[Set[str]]] = ()
    """Fields that say one thing together: whoever changes one of them changes all."""

    def changed_since(self, versions: Iterable[int]) -> list[str] | None:
        """The fields that changed after the newest of these versions; None when that is too long ago to tell."""
        return changed_since(self.changes, self.version, versions)

    def require_version(self, expected: frozenset[int]) -> None:
        """Raises Stale."""
        if self.version not in expected:
            raise Stale(self, self.changed_since(expected))

    def merges(self, fields: Iterable[str], versions: frozenset[int]) -> bool:
        """Whether a change of these fields, made to one of these versions, can be made to the present one.

        It can if nobody has changed one of them since. Fields are never taken apart: of two changes to one text, the
        second cannot.
        """
        if max(versions, default=self.version) > self.version:
            return False  # that version is not there yet
        changed = self.changed_since(versions)
        return changed is not None and self._whole(fields).isdisjoint(self._whole(changed))

    def _whole(self, fields: Iterable[str]) -> set[str]:
        names = {*fields}
        return names.union(*(together for together in self.inseparable if not names.isdisjoint(together)))


def changed_since(log: Sequence[Change], present: int, versions: Iterable[int]) -> list[str] | None:
    """The fields that changed after the newest of these versions; None when that is too long ago to tell."""
    since = max(versions, default=-1)
    known = {change.version: change.fields for change in log}
    missing = range(since + 1, present + 1)
    if since < 0 or any(version not in known for version in missing):
        return None
    return [name for version in missing for name in known[version]]
