"""What clients send and receive about their sessions."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.auth.model import COOKIE, PASSWORD, PROVIDER, TOKEN, ListedSession
from blogapi.clock import rfc3339
from blogapi.paging.cursors import PageQuery
from blogapi.second_factors.model import RECOVERY_CODE, TOTP
from blogapi.users.mfa import PASSKEY
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Identifier, Strict

FACTORS = (PASSWORD, PROVIDER, PASSKEY, TOTP, RECOVERY_CODE)
EXAMPLE_ID = "0b1060000000000000000031"


class SessionQuery(Strict):
    """Whose session or sessions."""

    user = Identifier(
        load_default=None,
        metadata={"description": "The id of another user. For administrators only. Default: yourself."},
    )


class SessionListQuery(PageQuery, SessionQuery):
    """A page of somebody's sessions."""


class SessionShape(Strict):
    """A session: one sign-in on one device."""

    id = fields.Str(required=True)
    kind = fields.Str(
        required=True,
        validate=Choice([COOKIE, TOKEN]),
        metadata={"description": "Whether a cookie or a pair of tokens carries it."},
    )
    current = fields.Bool(required=True, metadata={"description": "Whether this request belongs to the session."})
    factors = fields.List(
        fields.Str(validate=Choice(FACTORS)),
        required=True,
        metadata={"description": "What was shown at the sign-in or since. `provider`: an account elsewhere."},
    )
    device = fields.Str(required=True, metadata={"description": "The `User-Agent` of the sign-in. May be empty."})
    ip = fields.Str(
        required=True,
        metadata={"description": "The network of the sign-in (/24, or /48 of IPv6). Empty when it is not known."},
    )
    created_at = fields.DateTime(required=True)
    last_seen_at = fields.DateTime(required=True, metadata={"description": "The last use, to within five minutes."})
    expires_at = fields.DateTime(required=True, metadata={"description": "When it ends unless it is used before."})

    example = {
        "id": EXAMPLE_ID,
        "kind": COOKIE,
        "current": True,
        "factors": [PASSWORD],
        "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0",
        "ip": "203.0.113.0/24",
        "created_at": "2026-03-01T09:00:00.000Z",
        "last_seen_at": "2026-03-01T09:40:00.000Z",
        "expires_at": "2026-03-15T09:40:00.000Z",
    }


def session_view(listed: ListedSession) -> dict[str, Any]:
    """A session as its user and administrators see it."""
    session = listed.session
    return {
        "id": session.id,
        "kind": session.kind,
        "current": listed.is_current,
        "factors": list(session.factors),
        "device": session.device,
        "ip": session.ip,
        "created_at": rfc3339(session.created_at),
        "last_seen_at": rfc3339(session.last_seen_at),
        "expires_at": rfc3339(session.expires_at),
    }


SESSION = Shape(SessionShape, session_view)
