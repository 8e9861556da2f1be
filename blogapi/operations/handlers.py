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
    """Check that the process is alive. The database is not asked."""
    return Reply(result=True)


@routes.get("/readyz")
@endpoint(needs=PUBLIC, returns=READY)
async def read_readiness(request: web.Request) -> Reply:
    """Check that the server can take requests.

    The answer is 503 while the server shuts down, when the database does not answer, and when an index is missing.
    `checks` tells which of these it is.
    """
    return Reply(result=await request.config_dict[READINESS].ensure())
