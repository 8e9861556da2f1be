"""The guestbook over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.credentials import signed_in
from blogapi.access.needs import PUBLIC, SIGNED_IN, role
from blogapi.paging.cursors import PageQuery, page_request
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Identifier
from guestbook.schemas import ENTRY, NewEntrySchema
from guestbook.service import GuestbookService

routes = web.RouteTableDef()
SERVICE: web.AppKey[GuestbookService] = web.AppKey("guestbook", GuestbookService)
_ID = {"id": Identifier(metadata={"description": "The id of the entry."})}


def guestbook(request: web.Request) -> GuestbookService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


@routes.get("/v1/guestbook")
@endpoint(needs=PUBLIC, query=PageQuery, returns=ENTRY, listed=True, cached=True)
async def list_entries(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the entries of the guestbook, newest first."""
    page = await guestbook(request).list(page_request(request, query))
    return Reply(result=page, public=True)


@routes.post("/v1/guestbook")
@endpoint(needs=SIGNED_IN, body=NewEntrySchema, returns=ENTRY, status=201)
async def write_entry(request: web.Request, wish: dict[str, Any]) -> Reply:
    """Write into the guestbook."""
    entry = await guestbook(request).write(signed_in(request), wish["text"])
    return Reply(result=entry, headers={"Location": f"/v1/guestbook/{entry.id}"})


@routes.get("/v1/guestbook/{id}")
@endpoint(needs=PUBLIC, path=_ID, returns=ENTRY, cached=True)
async def read_entry(request: web.Request) -> Reply:
    """Read one entry."""
    return Reply(result=await guestbook(request).read(request.match_info["id"]), public=True)


@routes.delete("/v1/guestbook/{id}")
@endpoint(needs=role("editor"), path=_ID, status=204, also=(404,))
async def remove_entry(request: web.Request) -> None:
    """Remove an entry."""
    await guestbook(request).remove(signed_in(request), request.match_info["id"])
