"""Errors become problem documents (RFC 9457), wherever they come from."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from blogapi.errors import BlogError, InsufficientScope, Invalid, Stale
from blogapi.limits.limiter import LimitReached
from blogapi.translation.catalogue import all_in_language, in_language, load
from blogapi.translation.sentence import Sentence, say
from blogapi.web.fields import MAX_ERRORS
from blogapi.web.problems import CODE_OF_STATUS, PROBLEMS
from blogapi.web.requests import has_gone, language_of_reader, request_id, route_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONTENT_TYPE = "application/problem+json"

log = logging.getLogger("blogapi.errors")


def problem_body(
    request: web.BaseRequest, code: str, detail: str, *, language: str, members: Mapping[str, Any]
) -> bytes:
    """The problem document itself, with its texts in the language."""
    problem = PROBLEMS[code]
    document = {
        "type": f"/docs/problems/{code}",
        "title": in_language(problem.title, language),
        "status": problem.status,
        "detail": in_language(detail, language),
        "instance": request.path or "/",  # that of CONNECT is empty
        "code": code,
        "request_id": request_id(request),
        **all_in_language(members, language),
    }
    return orjson.dumps(document)


def problem_headers(language: str) -> dict[str, str]:
    """What the answer with a problem document in the language carries."""
    return {
        "Cache-Control": "private, no-store",
        "Content-Type": CONTENT_TYPE,
        "Content-Language": language,
        "Vary": "Accept-Language",
    }


async def problem_response(
    request: web.Request,
    code: str,
    detail: Sentence,
    *,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A finished answer with a problem document in the reader's language."""
    language = language_of_reader(request)
    await load(language)
    body = problem_body(request, code, detail, language=language, members=members or {})
    headers = {**problem_headers(language), **(headers or {})}
    return web.Response(status=PROBLEMS[code].status, body=body, headers=headers)


def describe(error: BlogError) -> tuple[dict[str, Any], dict[str, str]]:
    """The extra members and headers of an error's problem document."""
    members: dict[str, Any] = dict(error.members)
    headers: dict[str, str] = {}
    if isinstance(error, Invalid):
        members["errors"] = [
            {"pointer": wrong.pointer, "code": wrong.code, "detail": wrong.detail, "params": dict(wrong.params)}
            for wrong in error.errors[:MAX_ERRORS]
        ]
    elif isinstance(error, Stale):
        members["changed"] = error.changed
        if "etag" in members:
            headers["ETag"] = members["etag"]
    elif isinstance(error, LimitReached):
        headers |= error.standing.headers()
    elif isinstance(error, InsufficientScope):
        # RFC 6750 section 3.1.
        needed = f', scope="{error.scope}"' if error.scope else ""
        headers["WWW-Authenticate"] = f'Bearer realm="blogapi", error="insufficient_scope"{needed}'
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if PROBLEMS[error.code].status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="blogapi"'
    return members, headers


def allowed(methods: Iterable[str]) -> str:
    """The header `Allow` of a resource with these methods: OPTIONS is answered for all."""
    return ", ".join(sorted({*methods, "OPTIONS"}))


@web.middleware
async def render_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a problem document; nothing of an unexpected one leaves the server."""
    try:
        return await handler(request)
    except BlogError as error:
        members, headers = describe(error)
        more = isinstance(error, Invalid) and len(error.errors) > MAX_ERRORS
        first = say("{detail} These are the first {most:,}.", detail=error.detail, most=MAX_ERRORS)
        detail = first if more else error.detail
        return await problem_response(request, error.code, detail, members=members, headers=headers)
    except web.HTTPException as error:
        if error.status < 400:
            return error
        code = CODE_OF_STATUS.get(error.status, "bad_request" if error.status < 500 else "internal")
        kept = {"Retry-After": error.headers["Retry-After"]} if "Retry-After" in error.headers else {}
        if isinstance(error, web.HTTPMethodNotAllowed):
            kept["Allow"] = allowed(error.allowed_methods)
        return await problem_response(request, code, _detail(code, request), headers=kept)
    except RequestPayloadError:
        return await problem_response(request, "bad_request", say("The body is not valid HTTP."))
    except Exception as error:
        if isinstance(error, ConnectionError) and has_gone(request):
            raise  # there is nobody left to tell
        log.exception("unexpected error in %s %s", request.method, route_of(request))
        return await problem_response(request, "internal", say("Something went wrong on our side."))


def _detail(code: str, request: web.Request) -> Sentence:
    if code == "not_found":
        return say("There is nothing at {path}.", path=request.path)
    if code == "method_not_allowed":
        return say("{method} is not possible at {path}.", method=request.method, path=request.path)
    return titled(code)


def titled(code: str) -> Sentence:
    """The title of a problem as a detail, where there is nothing more to say."""
    return say("{title}.", title=PROBLEMS[code].title)
