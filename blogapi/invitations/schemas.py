"""What clients send and receive about invitations."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from blogapi.access.identity import ROLES
from blogapi.clock import rfc3339
from blogapi.invitations.examples import EMAIL, WITHDRAWN
from blogapi.invitations.model import ListedInvitation, NewInvitation
from blogapi.paging.cursors import PageQuery
from blogapi.users.examples import WRITER
from blogapi.users.logins import MAX_EMAIL
from blogapi.users.schemas import ROLE
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Line, Strict, Text, Timestamp

_STATUSES = ("pending", "accepted")


class NewInvitationSchema(Strict):
    """An invitation to register."""

    email = Line(
        required=True,
        metadata={"format": "email", "maxLength": MAX_EMAIL, "description": "The address to which it is mailed."},
    )
    role = Text(load_default=None, validate=Choice(ROLES), metadata=ROLE)
    expires_at = Timestamp(
        load_default=None,
        metadata={"description": "Until when it can be accepted: at most 90 days from now. Left out, a week."},
    )

    example = {"email": "sam@example.org", "role": "author"}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> NewInvitation:
        return NewInvitation(**data)


class InvitationListQuery(PageQuery):
    """A page of invitations."""


class InvitationShape(Strict):
    """An invitation. The code in its mail is shown nowhere."""

    id = fields.Str(required=True)
    email = fields.Str(required=True)
    role = fields.Str(required=True, validate=Choice(ROLES))
    status = fields.Str(required=True, validate=Choice(_STATUSES))
    invited_by = fields.Str(required=True, metadata={"description": "The id of the administrator."})
    user_id = fields.Str(
        required=True, allow_none=True, metadata={"description": "The id of the account that was made with it."}
    )
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True, metadata={"description": "When it ends. It is no longer listed then."})
    accepted_at = fields.DateTime(required=True, allow_none=True)

    example = {
        "id": WITHDRAWN,
        "email": EMAIL,
        "role": "author",
        "status": "pending",
        "invited_by": WRITER,
        "user_id": None,
        "created_at": "2026-03-01T09:00:00.000Z",
        "expires_at": "2026-03-08T09:00:00.000Z",
        "accepted_at": None,
    }


def invitation_view(listed: ListedInvitation) -> dict[str, Any]:
    """An invitation as administrators see it."""
    invitation, account = listed.invitation, listed.account
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "status": "pending" if account is None else "accepted",
        "invited_by": invitation.invited_by,
        "user_id": None if account is None else account.id,
        "created_at": rfc3339(invitation.created_at),
        "expires_at": rfc3339(invitation.expires_at),
        "accepted_at": None if account is None else rfc3339(account.created_at),
    }


INVITATION = Shape(InvitationShape, invitation_view)
