"""What clients send and receive about the audit log."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from blogapi.audit.model import ACTIONS, ACTOR_KINDS, TARGETS, USER, AuditFilter, Entry
from blogapi.clock import rfc3339
from blogapi.paging.cursors import PageQuery
from blogapi.translation.sentence import say
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, CommaList, FullMatch, Identifier, Size, Strict, Text, Timestamp

_ACTIONS = {
    "title": "AuditAction",
    "description": "What was done.",
    "enum": list(ACTIONS),
    "x-enumDescriptions": {name: action.says for name, action in ACTIONS.items()},
}
_TARGET = "[A-Za-z0-9_.:-]+"
_MAX_TARGET = 100


class AuditQuery(PageQuery):
    """Which entries of the audit log."""

    actor = Identifier(load_default=None, metadata={"description": "The id of the user who did it."})
    target = Text(
        load_default=None,
        validate=[Size(max=_MAX_TARGET), FullMatch(_TARGET, say("Must be an id."))],
        metadata={"description": "The id of what it was done to, such as a user."},
    )
    action = CommaList(
        ACTIONS.__contains__,
        otherwise=lambda name: say("{name!r} is not a recorded action.", name=name),
        load_default=(),
        metadata={"description": "What was done.", "items": {"type": "string", **_ACTIONS}},
    )
    since = Timestamp(data_key="at[gte]", load_default=None, metadata={"description": "At this time or later."})
    before = Timestamp(data_key="at[lt]", load_default=None, metadata={"description": "Before this time."})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        wanted = AuditFilter(
            actor=data.pop("actor"),
            target=data.pop("target"),
            actions=data.pop("action"),
            since=data.pop("since"),
            before=data.pop("before"),
        )
        return {**data, "filter": wanted}


class ActorShape(Strict):
    """Who did it."""

    kind = fields.Str(
        required=True,
        validate=Choice(ACTOR_KINDS),
        metadata={
            "description": "With which credential. `mail_code`: the code of a mail to the user. `provider`: an account"
            " at a provider. `anonymous`: not signed"
            " in. `command_line`: `blogapi` beside the server. `server`: a background job."
        },
    )
    user_id = fields.Str(required=True, allow_none=True)
    session_id = fields.Str(required=True, allow_none=True)
    key_id = fields.Str(required=True, allow_none=True, metadata={"description": "The id of the API key."})


class TargetShape(Strict):
    """What it was done to."""

    kind = fields.Str(required=True, validate=Choice(TARGETS))
    id = fields.Str(required=True, allow_none=True, metadata={"description": "Null when it does not exist."})


class EntryShape(Strict):
    """An entry of the audit log: ids, no names.

    It never changes, but forgets its network when its actor is erased or, without a known actor, its target.
    """

    id = fields.Str(required=True)
    action = fields.Str(required=True, validate=Choice(list(ACTIONS)), metadata=_ACTIONS)
    at = fields.DateTime(required=True)
    actor = fields.Nested(ActorShape, required=True)
    target = fields.Nested(TargetShape, required=True)
    network = fields.Str(
        required=True,
        metadata={"description": "From where (/24, or /48 of IPv6). Empty without a request."},
    )
    request_id = fields.Str(
        required=True, metadata={"description": "The `X-Request-Id` of the request. Empty without one."}
    )
    facts = fields.Dict(
        keys=fields.Str(), required=True, metadata={"description": "More about it, as `action` describes."}
    )

    example = {
        "id": "0b1060000000000000000051",
        "action": "security.role_changed",
        "at": "2026-03-01T09:00:00.000Z",
        "actor": {
            "kind": "session",
            "user_id": "0b1060000000000000000001",
            "session_id": "0b1060000000000000000031",
            "key_id": None,
        },
        "target": {"kind": USER, "id": "0b1060000000000000000002"},
        "network": "203.0.113.0/24",
        "request_id": "5f2b0c9a71d3e846",
        "facts": {"from": "author", "to": "editor"},
    }


def entry_view(entry: Entry) -> dict[str, Any]:
    """An entry as administrators see it."""
    actor, target = entry.actor, entry.target
    return {
        "id": entry.id,
        "action": entry.action,
        "at": rfc3339(entry.at),
        "actor": {
            "kind": actor.kind,
            "user_id": actor.user_id,
            "session_id": actor.session_id,
            "key_id": actor.key_id,
        },
        "target": {"kind": target.kind, "id": target.id},
        "network": entry.network,
        "request_id": entry.request_id,
        "facts": dict(entry.facts),
    }


ENTRY = Shape(EntryShape, entry_view)
