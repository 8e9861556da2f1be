"""How the schedule of a post looks to those who may edit it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.clock import rfc3339
from blogapi.posts.model import Post
from blogapi.posts.schedules.model import SCHEDULE_ERRORS
from blogapi.web.fields import Choice, Strict


class ScheduleErrorSchema(Strict):
    """Why something that was scheduled was not done."""

    code = fields.Str(
        required=True,
        validate=Choice(SCHEDULE_ERRORS),
        metadata={"description": " ".join(f"`{code}`: {why}." for code, why in SCHEDULE_ERRORS.items())},
    )
    verb = fields.Str(
        required=True, validate=Choice(["publish", "unpublish"]), metadata={"description": "What was scheduled."}
    )
    at = fields.DateTime(required=True, metadata={"description": "For when it was scheduled."})


class ScheduleShape(Strict):
    """When something is to happen to a post."""

    scheduled_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it is published, while it is `scheduled`."}
    )
    scheduled_revision = fields.Int(
        required=True, allow_none=True, metadata={"description": "The revision that is published then."}
    )
    scheduled_by = fields.Str(
        required=True,
        allow_none=True,
        metadata={"description": "The id of whoever scheduled it, by whose right it is published."},
    )
    unpublish_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it is unpublished, while it is published or scheduled."},
    )
    schedule_error = fields.Nested(
        ScheduleErrorSchema,
        required=True,
        allow_none=True,
        metadata={"description": "What was scheduled last and not done. Null after the next step."},
    )

    example = {
        "scheduled_at": None,
        "scheduled_revision": None,
        "scheduled_by": None,
        "unpublish_at": None,
        "schedule_error": None,
    }


def schedule_view(post: Post) -> dict[str, Any]:
    """When something is to happen to it, for those who may edit."""
    scheduled, withdrawal, error = post.scheduled, post.withdrawal, post.schedule_error
    return {
        "scheduled_at": scheduled and rfc3339(scheduled.at),
        "scheduled_revision": scheduled and scheduled.revision,
        "scheduled_by": scheduled and scheduled.by,
        "unpublish_at": withdrawal and rfc3339(withdrawal.at),
        "schedule_error": error and {"code": error.code, "verb": error.verb, "at": rfc3339(error.at)},
    }
