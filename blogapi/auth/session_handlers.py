"""Sessions over HTTP. API keys are not accepted."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.cookie import clear_cookie
from blogapi.access.credentials import credential_of, signed_in
from blogapi.access.needs import SIGNED_IN
from blogapi.auth.handlers import auth
from blogapi.auth.session_schemas import EXAMPLE_ID, SESSION, SessionListQuery, SessionQuery
from blogapi.paging.cursors import page_request
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Identifier

routes = web.RouteTableDef()
_ID = {"id": Identifier(metadata={"description": "The id of the session."})}


@routes.get("/v1/auth/sessions")
@endpoint(needs=SIGNED_IN, query=SessionListQuery, returns=SESSION, listed=True, also=(404,))
async def list_sessions(request: web.Request, query: dict[str, Any]) -> Reply:
    """List your sessions, newest first.

    An administrator can list those of another user.
    """
    who, page = signed_in(request), page_request(request, query)
    return Reply(result=await auth(request).sessions.list(who, query["user"], page))


@routes.delete("/v1/auth/sessions")
@endpoint(needs=SIGNED_IN, query=SessionQuery, status=204, also=(404,))
async def end_other_sessions(request: web.Request, query: dict[str, Any]) -> None:
    """End all of your sessions but this one.

    An administrator can end all sessions of another user.
    """
    await auth(request).sessions.end_others(signed_in(request), query["user"])


@routes.delete("/v1/auth/sessions/{id}")
@endpoint(needs=SIGNED_IN, path=_ID, query=SessionQuery, status=204, examples={"id": EXAMPLE_ID})
async def end_session(request: web.Request, query: dict[str, Any]) -> None:
    """End one of your sessions. Whoever uses it is signed out at once.

    An administrator can end a session of another user.
    """
    who, session_id = signed_in(request), request.match_info["id"]
    await auth(request).sessions.end(who, query["user"], session_id)
    credential = credential_of(request)
    if session_id == who.session_id and credential is not None and credential.is_sent_unasked:
        await clear_cookie(request)
