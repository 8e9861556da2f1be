"""What is to happen to a post at a given time: that readers see it from then on, and no longer from another time on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from blogapi.ids import Id

# Why something that was due was not done. Clients put them into words.
SCHEDULE_ERRORS = {
    "role_lost": "whoever scheduled it may not publish any more",
    "not_author": "whoever scheduled it is none of its authors any more",
    "suspended": "the account of whoever scheduled it is suspended",
    "erased": "the account of whoever scheduled it is gone",
    "trashed": "the post was put in the trash",
    "language_taken": "readers see another translation in its language",
    "unpublishable": "the revision cannot be published any more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A publication that is to come: of this revision, under this slug, by the right of this person.

    `custom` is that of the revision, so that no schema is set meanwhile by which it could not be published.
    """

    at: datetime
    revision: int
    slug: str
    by: Id
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """When a post is to be unpublished, and by whose right."""

    at: datetime
    by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleError:
    """What was not done when it was due, or will not be done: `publish` or `unpublish`, at this time, and why."""

    code: str
    verb: str
    at: datetime


def next_of(scheduled: Schedule | None, withdrawal: Withdrawal | None) -> datetime | None:
    """When something is due: the nearest of both ends."""
    return min([end.at for end in (scheduled, withdrawal) if end is not None], default=None)


# The fields of a post as clients know them, by the part of its document.
_FIELDS = {
    "scheduled": ("scheduled_at", "scheduled_revision", "scheduled_by"),
    "withdrawal": ("unpublish_at",),
    "schedule_error": ("schedule_error",),
}


def schedule_fields(changes: Mapping[str, Any]) -> Iterable[str]:
    """The fields that these changes touch."""
    return [name for part, names in _FIELDS.items() if part in changes for name in names]
