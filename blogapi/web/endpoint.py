"""`@endpoint`: one declaration per route, from which it is served, guarded and documented.

The stages of a request stand here once, in the order in which the contract names its errors: body (413, 415, 400),
query and Idempotency-Key (400), who asks (401), how often (429), what it is about (404, 403), role (403), replay,
fields (422), If-Match (428), then the handler (412, 409). Of a long body only the beginning is read before it is known
who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial, wraps
from typing import Any, Protocol

import orjson
from aiohttp import hdrs, web
from marshmallow import ValidationError
from marshmallow.fields import Field

from blogapi.cache.reads import CACHED_READS
from blogapi.db.client import database_errors
from blogapi.deadline import LONGEST_WORK, Deadline
from blogapi.errors import FieldError, Invalid, Stale
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.idempotency.replay import IDEMPOTENCY, offered_key
from blogapi.paging.cursors import fitting, link_header, page_body, page_request
from blogapi.paging.page import Page
from blogapi.pool.turns import Turns
from blogapi.web.body import SMALL_BYTES, RequestBody, read_json
from blogapi.web.conditional import etag_of, expected_versions, revalidated
from blogapi.web.fields import Strict, field_errors
from blogapi.web.merge_patch import merge_patch, with_unknown
from blogapi.web.merging import (
    MERGE,
    PREFERENCE_APPLIED,
    is_mergeable,
    line_of_mergers,
    prefers_merge,
    retried,
)
from blogapi.web.middlewares.protect import count_write
from blogapi.web.query import NoQuery, read_query

JSON = "application/json"
_JSON_ONLY = frozenset({JSON})
_MERGE_PATCH = frozenset({JSON, "application/merge-patch+json"})
_SAFE = ("GET", "HEAD")
_PRIVATE = "private, no-store"
PUBLIC_CACHE_CONTROL = "public, max-age=0, must-revalidate"

ATTEMPT: web.RequestKey[Attempt] = web.RequestKey("attempt", Attempt)
EXPECTED: web.RequestKey[frozenset[int]] = web.RequestKey("expected_versions", frozenset)
MERGED: web.RequestKey[bool] = web.RequestKey("merged", bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """What the endpoints of an app have in common."""

    body_timeout_seconds: float = 30
    longest_work: timedelta = LONGEST_WORK
    public_cache_control: str = PUBLIC_CACHE_CONTROL
    line_of_mergers: Turns = field(default_factory=line_of_mergers)


SETTINGS: web.AppKey[EndpointSettings] = web.AppKey("endpoint_settings", EndpointSettings)


class Needs(Protocol):
    """Who may call a route."""

    @property
    def is_public(self) -> bool:
        """Whether anybody may, so that the answer can be kept by shared caches."""

    @property
    def says(self) -> str:
        """For the documentation: `public`, `signed in`, `role: editor`."""

    async def authenticate(self, request: web.Request) -> None:
        """Raises Unauthorized, and Forbidden for a cookie that comes from another site."""

    def authorize(self, request: web.Request) -> None:
        """Raises Forbidden."""

    def user_id(self, request: web.Request) -> str | None:
        """Who is signed in, where that is needed."""

    def caller(self, request: web.Request) -> str:
        """Whose Idempotency-Keys these are: the user, or the address of somebody who is not signed in."""


class NoBody(Strict):
    """For routes that take no field."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a model is shown: a plain function makes it JSON-ready, and a schema documents the result.

    Items of a list lack the `heavy` fields, unless `fields` asks for them. Only an answer of a shape that is
    `for_everybody` can be public. `says` who alone may read it, for the documentation of public routes, and decides
    nothing.
    """

    schema: type[Strict]
    view: Callable[[Any], Mapping[str, Any]]
    heavy: frozenset[str] = frozenset()
    says: str = ""
    for_everybody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A handler's result with something to add. `shape` is given where it is not the first that the route declares.

    `public`: the answer is the same for everybody, and may be kept by the read cache and by shared caches; its shape
    has to be `for_everybody`. Any other answer is for who asked alone, and is kept by nobody.

    `later`: it is not done yet. The answer is 202 in the shape of that name that the route declares.
    """

    result: Any
    shape: Shape | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] | None = None
    public: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The declaration of a route."""

    needs: Needs
    summary: str
    # The scope that an API key needs (`access.scopes`). Without one, the route accepts no API keys.
    scope: str = ""
    # Whether it is open to who has to have a second factor and has shown none: what setting one up takes.
    before_second_factor: bool = False
    on: Callable[[web.Request], Awaitable[Any]] | None = None
    path: Mapping[str, Field[Any]] = field(default_factory=dict)
    body: type[Strict] = NoBody
    max_bytes: int = SMALL_BYTES
    merge: Callable[[Any], dict[str, Any]] | None = None
    query: type[Strict] = NoQuery
    returns: tuple[Shape, ...] = ()
    # What is shown, with 202, `Location` and `Retry-After`, of what takes longer than a request.
    later: Shape | None = None
    listed: bool = False
    status: int = 200
    match: bool = False
    idempotent: bool = False
    cached: bool = False
    # The answer contains a secret that is shown once, so it is not stored for replays.
    shows_secret: bool = False
    content_type: str = JSON
    also: tuple[int, ...] = ()
    # Values of parameters by name, and of the `body`, with which the route succeeds on the demo content.
    examples: Mapping[str, Any] = field(default_factory=dict)
    documented: bool = True
    # What is wrong with the fields that the schema accepts, so that one answer names all that is wrong.
    faults: Callable[[web.Request, Mapping[str, Any]], list[FieldError]] | None = None

    @property
    def merges(self) -> bool:
        """Whether it takes `Prefer: merge`; what `on` finds is `Mergeable` then."""
        return self.match and self.merge is not None


def declared(handler: Any) -> Endpoint | None:
    """What a route's handler declares, if it does."""
    endpoint: Endpoint | None = getattr(handler, "__endpoint__", None)
    return endpoint


def attempt(request: web.Request) -> Attempt:
    """This attempt at an idempotent request."""
    known: Attempt = request.get(ATTEMPT, ONCE)
    return known


def if_match(request: web.Request) -> frozenset[int]:
    """The versions that the caller's If-Match allows; the route declares `match=True`."""
    return request[EXPECTED]


def endpoint(*, returns: Shape | tuple[Shape, ...] = (), **members: Any) -> Callable[[Any], Any]:
    """Declare a route; takes the fields of `Endpoint`.

    The handler is called with the request, then, each only if declared: what `on` found, the loaded body, the loaded
    query. It returns a model (or a Page of models) for the first of `returns`, a Reply, or a web.StreamResponse.
    """
    shapes = returns if isinstance(returns, tuple) else (returns,)

    def decorate(handler: Callable[..., Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        summary = (handler.__doc__ or "").strip().split("\n")[0]
        declaration = Endpoint(returns=shapes, summary=summary, **members)
        serve = _Server(declaration, handler)

        @wraps(handler)
        async def run(request: web.Request) -> web.StreamResponse:
            with database_errors():
                sent = await serve.read_body(request)
                if request.method not in _SAFE:
                    return await serve(request, sent)
                reads = request.config_dict[CACHED_READS] if declaration.cached else None
                make = partial(serve, request, sent)
                return revalidated(request, await (make() if reads is None else reads.through(request, make)))

        run.__endpoint__ = declaration  # type: ignore[attr-defined]  # how the OpenAPI document and the app find it
        return run

    return decorate


class _Server:
    """Serves one endpoint."""

    def __init__(self, declaration: Endpoint, handler: Callable[..., Awaitable[Any]]) -> None:
        self._declaration, self._handler = declaration, handler
        self._body, self._query = declaration.body(), declaration.query()
        self._takes_body = declaration.body is not NoBody
        self._takes_query = declaration.query is not NoQuery

    async def __call__(self, request: web.Request, sent: RequestBody) -> web.StreamResponse:
        async with Deadline(request.config_dict[SETTINGS].longest_work):
            return await self._serve(request, sent)

    async def _serve(self, request: web.Request, sent: RequestBody) -> web.StreamResponse:
        declaration = self._declaration
        query = self._read_head(request)
        await declaration.needs.authenticate(request)
        if request.method not in _SAFE and not declaration.needs.is_public:
            await count_write(request, declaration.needs.caller(request))
        subject = await self._find(request)

        async def work(attempt: Attempt) -> web.StreamResponse:
            request[ATTEMPT] = attempt
            try:
                if not declaration.merges or not prefers_merge(request):
                    return await self._act(request, sent, query, *subject)
                act, find = partial(self._act, request, sent, query), partial(self._find_one, request)
                return await retried(request.config_dict[SETTINGS].line_of_mergers, subject[0], act, find)
            except Stale as error:
                raise self._with_present(request, error) from None

        if not declaration.idempotent:
            return await work(ONCE)
        return await request.config_dict[IDEMPOTENCY].run(
            request,
            caller=declaration.needs.caller(request),
            user_id=declaration.needs.user_id(request),
            body=sent.value,
            work=work,
            shows_secret=declaration.shows_secret,
        )

    async def _find(self, request: web.Request) -> tuple[Any, ...]:
        """What the request is about, if the route has such a thing, for who may call it."""
        on = self._declaration.on
        subject: tuple[Any, ...] = () if on is None else (await on(request),)
        self._declaration.needs.authorize(request)
        return subject

    async def _find_one(self, request: web.Request) -> Any:
        (subject,) = await self._find(request)
        return subject

    async def _act(self, request: web.Request, sent: RequestBody, query: Any, *subject: Any) -> web.StreamResponse:
        """The stages behind the replay."""
        arguments = [*subject]
        if request.method not in _SAFE:
            wish = await self._wish(request, sent, *subject)
            arguments += [wish] if self._takes_body else []
        if self._declaration.match:
            request[EXPECTED] = self._expected(request, sent.value, subject[0])
        if self._takes_query:
            arguments.append(query)
        response = respond(request, self._declaration, await self._handler(request, *arguments))
        if MERGED in request:
            response.headers[PREFERENCE_APPLIED] = MERGE
        return response

    def _expected(self, request: web.Request, patch: Any, subject: Any) -> frozenset[int]:
        """The versions of If-Match, and the present one where the patch is to be and can be merged into it."""
        asked, merge = expected_versions(request, subject.id), self._declaration.merge
        if merge is None or subject.version in asked or not prefers_merge(request):
            return asked
        before = merge(subject)
        if not is_mergeable(subject, asked, patch, before, merge_patch(before, patch)):
            return asked
        request[MERGED] = True
        return asked | {subject.version}

    async def read_body(self, request: web.Request) -> RequestBody:
        """The parsed body; an empty object for methods that take none."""
        if request.method in _SAFE:
            return RequestBody({})
        media_types = _MERGE_PATCH if request.method == "PATCH" else _JSON_ONLY
        seconds = request.config_dict[SETTINGS].body_timeout_seconds

        async def admit() -> None:
            self._read_head(request)
            await self._declaration.needs.authenticate(request)

        return await read_json(
            request,
            media_types=media_types,
            timeout_seconds=seconds,
            admit=admit,
            max_bytes=self._declaration.max_bytes,
        )

    def _read_head(self, request: web.Request) -> Any:
        """The loaded query. What else can be malformed in the head is refused with it."""
        query = read_query(request, self._query)
        if self._declaration.listed:
            page_request(request, query)
        if self._declaration.idempotent:
            offered_key(request)
        return query

    async def _wish(self, request: web.Request, sent: RequestBody, *subject: Any) -> Any:
        if sent.is_large:
            return await asyncio.to_thread(self._load, request, sent.value, *subject)
        return self._load(request, sent.value, *subject)

    def _load(self, request: web.Request, value: Any, *subject: Any) -> Any:
        if self._declaration.merge is not None and isinstance(value, dict):
            value = with_unknown(self._body, value, merge_patch(self._declaration.merge(subject[0]), value))
        try:
            return self._body.load(value)
        except ValidationError as error:
            faults = field_errors(error.messages)
            if self._declaration.faults is not None and isinstance(error.valid_data, dict):
                faults += self._declaration.faults(request, error.valid_data)
            raise Invalid(faults) from None

    def _with_present(self, request: web.Request, error: Stale) -> Stale:
        if self._declaration.merges:  # it may have been tried with later versions than the caller's
            since = expected_versions(request, error.current.id)
            error = Stale(error.current, error.current.changed_since(since))
        view = self._declaration.returns[0].view(error.current)
        error.members = {"version": view["version"], "etag": etag_of(orjson.dumps(view), view["version"], view["id"])}
        return error


def respond(request: web.Request, declaration: Endpoint, result: Any) -> web.StreamResponse:
    """The answer: JSON with a strong ETag. Raises TypeError for a public one of a shape that is not for everybody."""
    if isinstance(result, web.StreamResponse):
        return result
    reply = result if isinstance(result, Reply) else Reply(result=result)
    headers = {hdrs.CACHE_CONTROL: _PRIVATE, **reply.headers}
    if reply.result is None:
        return web.Response(status=declaration.status, headers=headers)
    status = 202 if reply.later else declaration.status
    shape = (declaration.later if reply.later else reply.shape) or declaration.returns[0]
    if reply.public and request.method in _SAFE:
        headers[hdrs.CACHE_CONTROL] = request.config_dict[SETTINGS].public_cache_control
    is_public = reply.public or headers[hdrs.CACHE_CONTROL].startswith("public")
    if is_public and not shape.for_everybody:
        raise TypeError(f"{shape.schema.__name__} is not shown to everybody: its Shape does not say `for_everybody`.")
    body, headers[hdrs.ETAG] = _render(request, shape, reply, headers)
    if status == 204:
        return web.Response(status=204, headers=headers)
    headers[hdrs.CONTENT_TYPE] = declaration.content_type
    return web.Response(status=status, body=body, headers=headers)


def _render(request: web.Request, shape: Shape, reply: Reply, headers: dict[str, str]) -> tuple[bytes, str]:
    """The body and its ETag."""
    if isinstance(reply.result, Page):
        items, after = fitting(reply.result, lambda item: orjson.dumps(select(shape.view(item), reply.fields)))
        envelope = page_body(request, reply.result, items, after)
        if envelope["page"]["next"]:
            headers[hdrs.LINK] = link_header(request, envelope["page"]["next"])
        body = orjson.dumps(envelope)
        return body, etag_of(body, None)
    view = shape.view(reply.result)
    body = orjson.dumps(select(view, reply.fields))
    return body, etag_of(body, view.get("version"), view.get("id", ""))


def select(view: Mapping[str, Any], fields: tuple[str, ...] | None) -> Mapping[str, Any]:
    """Only the fields that were asked for; `id` is always there."""
    return view if fields is None else {"id": view["id"], **{name: view[name] for name in fields if name in view}}
