"""The documentation, over HTTP."""

from __future__ import annotations

from aiohttp import hdrs, web

from blogapi.access.needs import PUBLIC
from blogapi.openapi.pages import DOCUMENT, HTML, docs_page, problem_index, problem_page, send, send_asset
from blogapi.web.endpoint import SETTINGS, endpoint
from blogapi.web.fields import Choice, Text
from blogapi.web.problems import PROBLEMS

routes = web.RouteTableDef()
_CODE = Text(validate=Choice(list(PROBLEMS)), metadata={"description": "The `code` of the problem."})


@routes.get("/")
@endpoint(needs=PUBLIC, status=302, documented=False)
async def find_docs(request: web.Request) -> web.Response:
    """Redirect to the documentation."""
    caching = request.config_dict[SETTINGS].public_cache_control
    return web.Response(status=302, headers={hdrs.LOCATION: "/docs", hdrs.CACHE_CONTROL: caching})


@routes.get("/openapi.json")
@endpoint(needs=PUBLIC, examples={"answer": {"openapi": "3.1.0", "info": {"title": "blogapi", "version": "0.1.0"}}})
async def read_openapi_document(request: web.Request) -> web.Response:
    """Read the OpenAPI 3.1 document of this API, with the fields of one's own that administrators have declared."""
    return send(request, await request.config_dict[DOCUMENT].present())


@routes.get("/docs")
@endpoint(needs=PUBLIC, content_type=HTML)
async def read_docs(request: web.Request) -> web.Response:
    """Read this documentation as a page."""
    return send(request, docs_page())


@routes.get("/docs/assets/{name}")
@endpoint(needs=PUBLIC, content_type="*/*", documented=False)
async def read_docs_asset(request: web.Request) -> web.StreamResponse:
    """Load a script, style or picture of these pages."""
    return send_asset(request.match_info["name"])


@routes.get("/docs/problems")
@endpoint(needs=PUBLIC, content_type=HTML)
async def list_problem_pages(request: web.Request) -> web.Response:
    """Read a page that lists every problem code."""
    return send(request, problem_index())


@routes.get("/docs/problems/{code}")
@endpoint(needs=PUBLIC, path={"code": _CODE}, content_type=HTML, examples={"code": "stale"})
async def read_problem_page(request: web.Request) -> web.Response:
    """Read a page that explains one problem code."""
    return send(request, problem_page(request.match_info["code"]))
