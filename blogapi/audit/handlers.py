"""The audit log over HTTP. It can only be read."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.credentials import signed_in
from blogapi.access.needs import role
from blogapi.access.scopes import EVENTS_READ
from blogapi.audit.schemas import ENTRY, AuditQuery
from blogapi.audit.service import AuditService
from blogapi.paging.cursors import page_request
from blogapi.web.endpoint import Reply, endpoint

routes = web.RouteTableDef()
SERVICE: web.AppKey[AuditService] = web.AppKey("audit", AuditService)


@routes.get("/v1/audit")
@endpoint(needs=role("admin"), scope=EVENTS_READ, query=AuditQuery, returns=ENTRY, listed=True)
async def read_audit_log(request: web.Request, query: dict[str, Any]) -> Reply:
    """Read the audit log: who did what to what, newest first."""
    page = page_request(request, query)
    return Reply(result=await request.config_dict[SERVICE].list(signed_in(request), query["filter"], page))
