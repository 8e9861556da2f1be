"""What developers read: the OpenAPI document, Swagger UI on it, and a page for each problem. Nothing from elsewhere."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path

import orjson
from aiohttp import hdrs, web

from blogapi.auth.needs import PUBLIC
from blogapi.errors import NotFound
from blogapi.web.conditional import etag_of, is_known
from blogapi.web.endpoint import JSON, SETTINGS, endpoint
from blogapi.web.openapi import Route, build_document, documented_routes
from blogapi.web.problems import PROBLEMS

routes = web.RouteTableDef()

_HTML = "text/html"
_OURS = ("docs.css", "docs.js")
_SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_FOREVER = "public, max-age=31536000, immutable"
_STATIC = Path(__file__).parent / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Finished:
    """An answer that stays the same until the next start."""

    body: bytes
    content_type: str
    etag: str


def _finish(body: bytes, content_type: str) -> Finished:
    return Finished(body, content_type, etag_of(body, None))


DOCUMENT: web.AppKey[Finished] = web.AppKey("openapi_document", Finished)


def set_up_docs(app: web.Application, *, public_url: str, version: str) -> None:
    """Make the OpenAPI document of all routes that the app has by now."""
    app[DOCUMENT] = _document(documented_routes(app), public_url, version)


@cache
def _document(documented: tuple[Route, ...], public_url: str, version: str) -> Finished:
    # Kept, because tests make an app each, and all of them have the same routes.
    return _finish(orjson.dumps(build_document(documented, public_url=public_url, version=version)), JSON)


@cache
def assets() -> dict[str, Path]:
    """The files that the pages load, under names that change with their contents."""
    # Not imported, for its own handlers would come with it: only its files are of use.
    package = find_spec("swagger_ui")
    assert package is not None  # it is a requirement of ours
    theirs = Path(str(package.origin)).parent / "static"
    files = [*(_STATIC / name for name in _OURS), *(theirs / name for name in _SWAGGER_UI)]
    return {f"{file.stem}.{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}{file.suffix}": file for file in files}


def _page(template: str, **texts: str) -> Finished:
    known = {file.name: f"/docs/assets/{name}" for name, file in assets().items()} | texts
    html = re.sub(r"\{([a-z0-9.-]+)\}", lambda found: known[found[1]], (_STATIC / template).read_text("utf-8"))
    return _finish(html.encode(), _HTML)


@cache
def _docs_page() -> Finished:
    return _page("docs.html")


@cache
def _problem_page(code: str) -> Finished:
    problem = PROBLEMS[code]
    content = (
        f"<h1>{escape(problem.title)}</h1>\n"
        f"<p>Code <code>{code}</code>, status {problem.status}</p>\n"
        f"<p>{_with_code(problem.cure)}</p>"
    )
    return _page("problem.html", title=escape(problem.title), content=content)


@cache
def _problem_index() -> Finished:
    rows = "\n".join(
        f'<tr><td>{problem.status}</td><td><a href="/docs/problems/{code}"><code>{code}</code></a></td>'
        f"<td>{escape(problem.title)}</td></tr>"
        for code, problem in PROBLEMS.items()
    )
    head = "<tr><th>Status</th><th>Code</th><th>Title</th></tr>"
    return _page("problem.html", title="Problems", content=f"<h1>Problems</h1>\n<table>\n{head}\n{rows}\n</table>")


def _with_code(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _send(request: web.Request, finished: Finished) -> web.Response:
    headers: dict[str, str] = {
        hdrs.ETAG: finished.etag,
        hdrs.CACHE_CONTROL: request.config_dict[SETTINGS].public_cache_control,
    }
    if is_known(request, finished.etag):
        return web.Response(status=304, headers=headers)
    if finished.content_type == _HTML:
        headers["Content-Security-Policy"] = _POLICY
    return web.Response(body=finished.body, content_type=finished.content_type, charset="utf-8", headers=headers)


@routes.get("/openapi.json")
@endpoint(needs=PUBLIC)
async def read_openapi_document(request: web.Request) -> web.Response:
    """Read this API's OpenAPI 3.1 document."""
    return _send(request, request.config_dict[DOCUMENT])


@routes.get("/docs")
@endpoint(needs=PUBLIC, content_type=_HTML)
async def read_docs(request: web.Request) -> web.Response:
    """Show the OpenAPI document in Swagger UI."""
    return _send(request, _docs_page())


@routes.get("/docs/assets/{name}")
@endpoint(needs=PUBLIC, content_type="*/*")
async def read_docs_asset(request: web.Request) -> web.StreamResponse:
    """Load a script, style or picture of these pages."""
    file = assets().get(request.match_info["name"])
    if file is None:
        raise NotFound(f"There is nothing at {request.path}.")
    return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: _FOREVER})


@routes.get("/docs/problems")
@endpoint(needs=PUBLIC, content_type=_HTML)
async def list_problem_pages(request: web.Request) -> web.Response:
    """List the problems that this API answers with."""
    return _send(request, _problem_index())


@routes.get("/docs/problems/{code}")
@endpoint(needs=PUBLIC, content_type=_HTML)
async def read_problem_page(request: web.Request) -> web.Response:
    """Explain a problem, and what helps."""
    code = request.match_info["code"]
    if code not in PROBLEMS:
        raise NotFound(f"There is no problem with the code {code!r}.")
    return _send(request, _problem_page(code))
