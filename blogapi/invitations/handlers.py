"""Invitations over HTTP, for administrators."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web

from blogapi.access.administrator import Administrator
from blogapi.access.credentials import signed_in
from blogapi.access.needs import role
from blogapi.access.scopes import USERS_ADMIN
from blogapi.invitations import examples
from blogapi.invitations.model import ListedInvitation, NewInvitation
from blogapi.invitations.schemas import INVITATION, InvitationListQuery, NewInvitationSchema
from blogapi.invitations.service import InvitationService
from blogapi.paging.cursors import page_request
from blogapi.web.endpoint import Reply, attempt, endpoint
from blogapi.web.fields import Identifier
from blogapi.web.requests import language_of_reader

routes = web.RouteTableDef()
SERVICE: web.AppKey[InvitationService] = web.AppKey("invitations", InvitationService)
_ID = {"id": Identifier(metadata={"description": "The id of the invitation."})}


def invitations(request: web.Request) -> InvitationService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


@routes.get("/v1/invitations")
@endpoint(needs=role("admin"), scope=USERS_ADMIN, query=InvitationListQuery, returns=INVITATION, listed=True)
async def list_invitations(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the invitations that have not expired, newest first."""
    by = Administrator(signed_in(request))
    return Reply(result=await invitations(request).list(by, page_request(request, query)))


@routes.post("/v1/invitations")
@endpoint(
    needs=role("admin"),
    scope=USERS_ADMIN,
    body=NewInvitationSchema,
    returns=INVITATION,
    status=201,
    idempotent=True,
    also=(409,),
)
async def create_invitation(request: web.Request, new: NewInvitation) -> Reply:
    """Invite somebody by mail to register with a role.

    The mail has a link with a code, which `POST /v1/auth/register` takes as `invitation`. It is in the language of your
    `Accept-Language`. Each address can have one invitation.
    """
    by = Administrator(signed_in(request))
    made = await invitations(request).create(by, new, attempt(request), language=language_of_reader(request))
    return Reply(result=made, headers={hdrs.LOCATION: f"/v1/invitations/{made.invitation.id}"})


@routes.get("/v1/invitations/{id}")
@endpoint(needs=role("admin"), scope=USERS_ADMIN, path=_ID, returns=INVITATION, examples={"id": examples.WITHDRAWN})
async def read_invitation(request: web.Request) -> ListedInvitation:
    """Read an invitation."""
    return await invitations(request).get(Administrator(signed_in(request)), request.match_info["id"])


@routes.delete("/v1/invitations/{id}")
@endpoint(needs=role("admin"), scope=USERS_ADMIN, path=_ID, status=204, examples={"id": examples.WITHDRAWN})
async def delete_invitation(request: web.Request) -> None:
    """Withdraw an invitation. Its link stops working; an account that was made with it stays."""
    await invitations(request).delete(Administrator(signed_in(request)), request.match_info["id"])
