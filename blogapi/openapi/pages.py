"""What developers read: the OpenAPI document, Swagger UI on it, and a page for each problem. Nothing from elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from aiohttp import hdrs, web

from blogapi.errors import NotFound
from blogapi.openapi.document import Route, build_document, documented_routes
from blogapi.translation.sentence import say
from blogapi.web.conditional import etag_of
from blogapi.web.endpoint import JSON, SETTINGS
from blogapi.web.problems import PROBLEMS

HTML = "text/html"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What the state of the blog changes in the document: the same with the same `key`."""

    key: Hashable
    apply: Callable[[dict[str, Any]], None]


class Document:
    """The OpenAPI document: what follows from the routes, and how the state of the blog amends it."""

    def __init__(self, plain: Finished, amend: Sequence[Callable[[], Awaitable[Amendment]]] = ()) -> None:
        self._plain, self._amend = plain, amend
        self._made: tuple[Sequence[Hashable], Finished] | None = None

    @property
    def body(self) -> bytes:
        """As it follows from the routes."""
        return self._plain.body

    async def present(self) -> Finished:
        """As it is now. Made anew when an amendment has become another one."""
        amendments = [await amend() for amend in self._amend]
        keys = [amendment.key for amendment in amendments]
        if self._made is None or self._made[0] != keys:
            document = orjson.loads(self.body)
            for amendment in amendments:
                amendment.apply(document)
            self._made = keys, _finish(orjson.dumps(document), JSON)
        return self._made[1]


DOCUMENT: web.AppKey[Document] = web.AppKey("openapi_document", Document)


def set_up_docs(
    app: web.Application, *, public_url: str, version: str, amend: Sequence[Callable[[], Awaitable[Amendment]]] = ()
) -> None:
    """Make the OpenAPI document of all routes that the app has by now."""
    app[DOCUMENT] = Document(_document(documented_routes(app), public_url, version), amend)


@cache
def _document(documented: tuple[Route, ...], public_url: str, version: str) -> Finished:
    # Kept, because tests make an app each, and all of them have the same routes.
    return _finish(orjson.dumps(build_document(documented, public_url=public_url, version=version)), JSON)


@cache
def _assets() -> dict[str, Path]:
    """Under names that change with their contents."""
    # Found, not imported: the package would bring a template engine along, and only its files are of use.
    package = find_spec("swagger_ui")
    assert package is not None  # it is a requirement of ours
    theirs = Path(str(package.origin)).parent / "static"
    files = [*(_STATIC / name for name in _OURS), *(theirs / name for name in _SWAGGER_UI)]
    return {f"{file.stem}.{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}{file.suffix}": file for file in files}


def _page(template: str, **texts: str) -> Finished:
    known = {file.name: f"/docs/assets/{name}" for name, file in _assets().items()} | texts
    html = re.sub(r"\{([a-z0-9.-]+)\}", lambda found: known[found[1]], (_STATIC / template).read_text("utf-8"))
    return _finish(html.encode(), HTML)


@cache
def docs_page() -> Finished:
    """Swagger UI on the OpenAPI document."""
    return _page("docs.html")


@cache
def problem_page(code: str) -> Finished:
    """What a problem means, and what helps. Raises NotFound."""
    if code not in PROBLEMS:
        raise NotFound(say("There is no problem with the code {code!r}.", code=code))
    problem = PROBLEMS[code]
    content = (
        f"<h1>{escape(problem.title)}</h1>\n"
        f"<p>Code <code>{code}</code>, status {problem.status}</p>\n"
        f"<p>{_with_code(problem.cure)}</p>"
    )
    return _page("problem.html", title=escape(problem.title), content=content)


@cache
def problem_index() -> Finished:
    """All problems."""
    rows = "\n".join(
        f'<tr><td>{problem.status}</td><td><a href="/docs/problems/{code}"><code>{code}</code></a></td>'
        f"<td>{escape(problem.title)}</td></tr>"
        for code, problem in PROBLEMS.items()
    )
    head = "<tr><th>Status</th><th>Code</th><th>Title</th></tr>"
    return _page("problem.html", title="Problems", content=f"<h1>Problems</h1>\n<table>\n{head}\n{rows}\n</table>")


def _with_code(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def send(request: web.Request, finished: Finished) -> web.Response:
    """A finished answer."""
    headers: dict[str, str] = {
        hdrs.ETAG: finished.etag,
        hdrs.CACHE_CONTROL: request.config_dict[SETTINGS].public_cache_control,
    }
    if finished.content_type == HTML:
        headers["Content-Security-Policy"] = _POLICY
    return web.Response(body=finished.body, content_type=finished.content_type, charset="utf-8", headers=headers)


def send_asset(name: str) -> web.FileResponse:
    """A script, style or picture of these pages. Raises NotFound."""
    file = _assets().get(name)
    if file is None:
        raise NotFound(say("There is no file {name!r}.", name=name))
    return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: _FOREVER})
