"""Whether this process is well, over HTTP."""

from __future__ import annotations

from aiohttp import web

from blogapi.access.needs import PUBLIC
from blogapi.operations.health import HEALTH, READINESS, READY
from blogapi.web.endpoint import Reply, endpoint

routes = web.RouteTableDef()


@routes.get("/healthz")
@endpoint(needs=PUBLIC, returns=HEALTH)
async def read_health(_: web.Request) -> Reply:
    """Say that this process is alive. Asks nothing and nobody."""
    return Reply(result=True)


@routes.get("/readyz")
@endpoint(needs=PUBLIC, returns=READY)
async def read_readiness(request: web.Request) -> Reply:
    """Say whether requests should come here.

    503 while the server drains, or when the database does not answer or lacks an index; `checks` says which.
    """
    return Reply(result=await request.config_dict[READINESS].ensure())
