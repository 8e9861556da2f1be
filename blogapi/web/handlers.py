"""The server's own routes: its documentation and its health."""

from __future__ import annotations

from aiohttp import hdrs, web

from blogapi.auth.needs import PUBLIC
from blogapi.web.docs import DOCUMENT, HTML, docs_page, problem_index, problem_page, send, send_asset
from blogapi.web.endpoint import SETTINGS, Reply, endpoint
from blogapi.web.fields import Choice, Text
from blogapi.web.health import HEALTH, READINESS, READY
from blogapi.web.problems import PROBLEMS

routes = web.RouteTableDef()
_CODE = Text(validate=Choice(list(PROBLEMS)), metadata={"description": "The `code` of the problem."})


@routes.get("/")
@endpoint(needs=PUBLIC, status=302, documented=False)
async def find_docs(request: web.Request) -> web.Response:
    """Lead who looks around to the documentation."""
    caching = request.config_dict[SETTINGS].public_cache_control
    return web.Response(status=302, headers={hdrs.LOCATION: "/docs", hdrs.CACHE_CONTROL: caching})


@routes.get("/openapi.json")
@endpoint(needs=PUBLIC, examples={"answer": {"openapi": "3.1.0", "info": {"title": "blogapi", "version": "0.1.0"}}})
async def read_openapi_document(request: web.Request) -> web.Response:
    """Read this API's OpenAPI 3.1 document."""
    return send(request, request.config_dict[DOCUMENT])


@routes.get("/docs")
@endpoint(needs=PUBLIC, content_type=HTML)
async def read_docs(request: web.Request) -> web.Response:
    """Show the OpenAPI document in Swagger UI."""
    return send(request, docs_page())


@routes.get("/docs/assets/{name}")
@endpoint(needs=PUBLIC, content_type="*/*", documented=False)
async def read_docs_asset(request: web.Request) -> web.StreamResponse:
    """Load a script, style or picture of these pages."""
    return send_asset(request.match_info["name"])


@routes.get("/docs/problems")
@endpoint(needs=PUBLIC, content_type=HTML)
async def list_problem_pages(request: web.Request) -> web.Response:
    """List the problems that this API answers with."""
    return send(request, problem_index())


@routes.get("/docs/problems/{code}")
@endpoint(needs=PUBLIC, path={"code": _CODE}, content_type=HTML, examples={"code": "stale"})
async def read_problem_page(request: web.Request) -> web.Response:
    """Explain a problem, and what helps."""
    return send(request, problem_page(request.match_info["code"]))


@routes.get("/healthz")
@endpoint(needs=PUBLIC, returns=HEALTH)
async def read_health(_: web.Request) -> Reply:
    """Say that this process is alive. Asks nothing and nobody."""
    return Reply(result=True, private=True)


@routes.get("/readyz")
@endpoint(needs=PUBLIC, returns=READY)
async def read_readiness(request: web.Request) -> Reply:
    """Say whether requests should come here.

    503 while the server drains, or when the database does not answer or lacks an index; `checks` says which.
    """
    return Reply(result=await request.config_dict[READINESS].ensure(), private=True)
