"""How long work looks from outside."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs
from marshmallow import fields

from blogapi.clock import rfc3339, rfc3339_or_none
from blogapi.jobs.model import STATES, Task
from blogapi.web.endpoint import Reply, Shape
from blogapi.web.fields import Choice, Strict


class JobSchema(Strict):
    """Work that takes longer than a request, and how far it is."""

    id = fields.Str(required=True)
    kind = fields.Str(required=True, metadata={"description": "What is done, such as `retag_posts`."})
    state = fields.Str(
        required=True,
        validate=Choice(STATES),
        metadata={"description": "`failed`: it did not succeed and is not tried any more; the server's log says why."},
    )
    done = fields.Int(required=True, metadata={"description": "How much is done, such as how many posts."})
    total = fields.Int(
        required=True, allow_none=True, metadata={"description": "How much there is to do; `null` if nobody knows yet."}
    )
    asked_by = fields.Str(
        required=True, allow_none=True, metadata={"description": "The id of the user who started it."}
    )
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True, metadata={"description": "When something was done last."})
    ended_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it ended. It is removed a week later."}
    )

    example = {
        "id": "0b1060000000000000000071",
        "kind": "retag_posts",
        "state": "running",
        "done": 1200,
        "total": 10000,
        "asked_by": "0b1060000000000000000001",
        "created_at": "2026-03-01T09:00:00.000Z",
        "updated_at": "2026-03-01T09:00:04.000Z",
        "ended_at": None,
    }


def job_view(task: Task) -> dict[str, Any]:
    """Long work as those see it who may."""
    return {
        "id": task.id,
        "kind": task.kind,
        "state": task.state,
        "done": task.done,
        "total": task.total,
        "asked_by": task.asked_by,
        "created_at": rfc3339(task.created_at),
        "updated_at": rfc3339(task.updated_at),
        "ended_at": rfc3339_or_none(task.ended_at),
    }


JOB = Shape(JobSchema, job_view)
_ASK_AGAIN: dict[str, str] = {hdrs.RETRY_AFTER: "1"}


def how_far(task: Task) -> Reply:
    """What there is to tell of it, and after how many seconds to ask again."""
    return Reply(result=task, headers=_ASK_AGAIN if task.is_open else {})


def in_the_background(task: Task) -> Reply:
    """The answer 202 of a route that declares `later=JOB`: it takes longer than the request."""
    return Reply(result=task, later=True, headers={**_ASK_AGAIN, hdrs.LOCATION: f"/v1/jobs/{task.id}"})
