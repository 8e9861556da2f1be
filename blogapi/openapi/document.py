"""The OpenAPI 3.1 document, made from what the routes declare: what is served and what is documented cannot differ."""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web
from apispec import APISpec

from blogapi.openapi.json_schemas import JsonSchema, JsonSchemas
from blogapi.web.body import size_text
from blogapi.web.endpoint import JSON, Endpoint, NoBody, declared
from blogapi.web.errors import CONTENT_TYPE as PROBLEM
from blogapi.web.problems import PROBLEMS
from blogapi.web.query import NoQuery

_ABOUT = """\
The JSON API of a blog. What holds everywhere:

* **Bodies** are JSON in UTF-8 with `snake_case` names, at most 2 MiB, or 64 KiB where no post is written. Unknown
  fields and parameters are refused.
* **Times** are RFC 3339 in UTC with milliseconds; their names end in `_at`. **Ids** are opaque strings.
* **Lists** are pages: follow `page.next` as `cursor`, or the `Link` header. In a parameter, a comma means *any of*;
  different parameters mean *all of*.
* **Fields** that a schema requires are in every answer, unless the request has chosen others with `fields`.
* **Errors** are problem documents (RFC 9457). `code` is stable; [/docs/problems](/docs/problems) explains each. A path
  that does not exist answers 404, a method that a path does not have 405 with `Allow`.
* **Edits** need `If-Match` with the ETag of what was read, so that nobody overwrites somebody else's work.
* **Retries** of a `POST` are safe with an `Idempotency-Key`.
* **Credentials** are a Bearer token or the session cookie, never both. Requests that change something with the cookie
  have to come from this site or an allowed origin.
"""
_PATH_PARAMETER = re.compile(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))+)\)")
_ANY_SEGMENT = "[^{}/]+"
_ALWAYS, _UNSAFE = (400, 429, 500, 503), (403, 408, 413, 415, 422)
_SCHEMAS, _PARAMETERS = "#/components/schemas/", "#/components/parameters/"
_REQUEST_ID = "0b8f6c1e5d7a4f2c9e3b1a6d8c0f7e24"
# A tag of the first version, which is the one that most of the demo content has.
_FIRST_VERSION = '"1-0"'

_SECURITY: JsonSchema = {
    "token": {"type": "http", "scheme": "bearer", "description": "The access token of a sign-in."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-session",
        "description": "From a sign-in with `mode: cookie`; `session` over plain http. Browsers send it unasked.",
    },
}
_PAGE: JsonSchema = {
    "type": "object",
    "description": "Which part of a list this is.",
    "properties": {
        "limit": {"type": "integer", "minimum": 1, "maximum": 100},
        "next": {"type": ["string", "null"], "description": "The `cursor` of the next page; null on the last one."},
        "total": {"type": "integer", "minimum": 0, "description": "Only with `count=exact`."},
    },
    "required": ["limit", "next"],
    "additionalProperties": False,
}
_PAGE_EXAMPLE: JsonSchema = {"limit": 20, "next": None}
_PROBLEM_ERROR: JsonSchema = {
    "type": "object",
    "description": "One thing that is wrong: with a field (`pointer`) or with a query parameter (`parameter`).",
    "properties": {
        "pointer": {"type": "string", "description": "JSON Pointer into the body (RFC 6901)."},
        "parameter": {"type": "string"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "params": {"type": "object", "description": "The numbers and words that `detail` mentions."},
        "nearest": {"type": "string", "description": "The name that may have been meant."},
    },
    "required": ["code", "detail"],
    "additionalProperties": True,
}
_PROBLEM: JsonSchema = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Ignore members that you do not know.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "A page that explains it."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "code": {"type": "string", "description": "Stable, never translated."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"$ref": f"{_SCHEMAS}ProblemError"},
            "description": "All wrong fields or parameters at once.",
        },
        "version": {"type": "integer", "description": "With `stale`: the present version."},
        "etag": {"type": "string", "description": "With `stale`: the present ETag."},
        "changed": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "description": "With `stale`: the fields that changed since; null when that is too long ago.",
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "With `invalid_transition`: the steps that the present state allows.",
        },
        "checks": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "From `/readyz`: what is `ok` and what is not.",
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "additionalProperties": True,
}


@dataclass(frozen=True, slots=True)
class Route:
    """A documented route. `patterns` are those of its path parameters."""

    method: str
    path: str
    patterns: tuple[tuple[str, str], ...]
    handler: Callable[..., Any]

    @property
    def endpoint(self) -> Endpoint:
        """Its declaration."""
        known = declared(self.handler)
        assert known is not None  # the app refuses routes without
        return known

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"


def documented_routes(app: web.Application) -> tuple[Route, ...]:
    """The routes of the app that are for clients. HEAD goes without saying."""
    return tuple(
        Route(route.method, *_path_of(route.resource), route.handler)
        for route in app.router.routes()
        if route.method != "HEAD"
        and route.resource is not None
        and (known := declared(route.handler)) is not None
        and known.documented
    )


def _path_of(resource: web.AbstractResource) -> tuple[str, tuple[tuple[str, str], ...]]:
    info = resource.get_info()
    pattern = info.get("pattern")
    return resource.canonical, () if pattern is None else tuple(_PATH_PARAMETER.findall(pattern.pattern))


def build_document(routes: Iterable[Route], *, public_url: str, version: str) -> JsonSchema:
    """The OpenAPI document. Raises ValueError when two handlers have one name, which would be their operation's id."""
    routes = tuple(routes)
    names = Counter(route.handler.__name__ for route in routes)
    if repeated := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"Operations are named after their handlers, and these names are there twice: {repeated}")
    schemas = JsonSchemas()
    spec = APISpec(
        title="blogapi",
        version=version,
        openapi_version="3.1.0",
        plugins=[schemas],
        info={"description": _ABOUT, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": public_url}],
        tags=[{"name": tag} for tag in dict.fromkeys(_tag(route) for route in routes)],
    )
    for name, schema in (("Problem", _PROBLEM), ("ProblemError", _PROBLEM_ERROR), ("Page", _PAGE)):
        spec.components.schema(name, schema)
    for name, scheme in _SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for route in routes:
        for shape in route.endpoint.returns:
            schemas.answer(shape.schema)
    statuses = set()
    for route in routes:
        operation = _operation(route, schemas)
        statuses |= {int(status) for status in operation["responses"] if int(status) >= 400}
        spec.path(path=route.path, operations={route.method.lower(): operation})
    for status in sorted(statuses):
        spec.components.response(f"Problem{status}", _problem_response(status))
    schemas.say_defaults()
    document: JsonSchema = spec.to_dict()
    _share_parameters(document)
    return document


def _share_parameters(document: JsonSchema) -> None:
    """Describe once what several operations say in the same words."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    uses: dict[str, list[str]] = {}
    for operation in operations:
        for parameter in operation["parameters"]:
            uses.setdefault(json.dumps(parameter), []).append(operation["tags"][0])
    shared = {text: tags[0] for text, tags in uses.items() if len(tags) > 1}
    plain = {text: re.sub(r"\W+", "_", json.loads(text)["name"]).strip("_") for text in shared}
    often = Counter(plain.values())
    names = {text: name if often[name] == 1 else f"{shared[text]}_{name}" for text, name in plain.items()}
    document["components"]["parameters"] = {name: json.loads(text) for text, name in names.items()}
    for operation in operations:
        operation["parameters"] = [
            {"$ref": _PARAMETERS + names[text]} if (text := json.dumps(each)) in names else each
            for each in operation["parameters"]
        ]


def resolved(document: JsonSchema, member: JsonSchema) -> JsonSchema:
    """What a member of the document says itself or refers to."""
    while "$ref" in member:
        *_, kind, name = member["$ref"].split("/")
        member = document["components"][kind][name]
    return member


def _tag(route: Route) -> str:
    parts = route.path.split("/")
    return parts[2] if parts[1] == "v1" else "server"


def _operation(route: Route, schemas: JsonSchemas) -> JsonSchema:
    endpoint, handler = route.endpoint, route.handler
    more = "\n".join(inspect.cleandoc(handler.__doc__ or "").split("\n")[1:]).strip()
    operation: JsonSchema = {
        "operationId": handler.__name__,
        "summary": endpoint.summary,
        "description": "\n\n".join(filter(None, [more, f"Access: {_access(endpoint)}."])),
        "tags": [_tag(route)],
        "security": _security(endpoint),
        "parameters": _parameters(route, schemas),
        "responses": {
            str(endpoint.status): _success(route, schemas) if endpoint.status < 300 else _moved(),
            **({"304": _not_modified()} if route.is_read else {}),
            **{str(status): _moved() for status in endpoint.also if status < 400},
            **{str(status): f"Problem{status}" for status in _problem_statuses(route)},
        },
    }
    if endpoint.body is not NoBody:
        operation["requestBody"] = _request_body(route, schemas)
    return operation


def _shows_more_to_some(endpoint: Endpoint) -> bool:
    """A public route with several shapes has one that is not for everybody."""
    return endpoint.needs.is_public and len(endpoint.returns) > 1


def _access(endpoint: Endpoint) -> str:
    return endpoint.needs.says + (", more for some" if _shows_more_to_some(endpoint) else "")


def _security(endpoint: Endpoint) -> list[JsonSchema]:
    anybody: list[JsonSchema] = [{}] if endpoint.needs.is_public else []
    if endpoint.needs.is_public and not _shows_more_to_some(endpoint):
        return []
    return [*anybody, {"token": []}, {"cookie": []}]


def _problem_statuses(route: Route) -> list[int]:
    endpoint = route.endpoint
    statuses = {*_ALWAYS, *(status for status in endpoint.also if status >= 400)}
    statuses |= set() if route.is_read else set(_UNSAFE)
    if _security(endpoint):
        statuses |= {401, 403}
    if route.patterns:
        statuses |= {404}
    if "{id}" in route.path:
        statuses |= {410}  # an id never comes back
    if endpoint.match:
        statuses |= {409, 412, 428}
    if endpoint.idempotent:
        statuses |= {409}
    return sorted(statuses)


def _parameters(route: Route, schemas: JsonSchemas) -> list[JsonSchema]:
    endpoint = route.endpoint
    found = [_path_parameter(name, pattern, endpoint, schemas) for name, pattern in route.patterns]
    found += [] if endpoint.query is NoQuery else schemas.parameters(endpoint.query)
    if endpoint.match:
        text = "The `ETag` of what you read. Only the version in it is compared; `*` counts as missing."
        found.append(_header_parameter("If-Match", text, required=True, minLength=1))
    if endpoint.idempotent:
        text = "Any text of your own. Repeated with the same body within 24 hours, it gets the first answer again."
        key: JsonSchema = {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        found.append(_header_parameter("Idempotency-Key", text, **key))
    if route.is_read:
        found.append(_header_parameter("If-None-Match", "The `ETag` of what you have: 304 when it is still right."))
    examples = {"If-Match": _FIRST_VERSION, **endpoint.examples}
    return [{**each, "example": examples[each["name"]]} if each["name"] in examples else each for each in found]


def _path_parameter(name: str, pattern: str, endpoint: Endpoint, schemas: JsonSchemas) -> JsonSchema:
    if name in endpoint.path:
        return schemas.parameter("path", name, endpoint.path[name], required=True)
    own = {} if pattern == _ANY_SEGMENT else {"pattern": f"^(?:{pattern})$"}
    return {"in": "path", "name": name, "required": True, "schema": {"type": "string", **own}}


def _header_parameter(name: str, text: str, *, required: bool = False, **schema: Any) -> JsonSchema:
    return {
        "in": "header",
        "name": name,
        "required": required,
        "description": text,
        "schema": {"type": "string", **schema},
    }


def _request_body(route: Route, schemas: JsonSchemas) -> JsonSchema:
    endpoint = route.endpoint
    merges = endpoint.merge is not None
    schema = schemas.merge_patch(endpoint.body) if merges else schemas.body(endpoint.body)
    # Of the two media types that a patch may have, the one that every generator of clients knows.
    kind = "A JSON Merge Patch (RFC 7396); `application/merge-patch+json` is accepted, too. " if merges else ""
    example = endpoint.examples.get("body", endpoint.body.example)
    return {
        "description": f"{kind}At most {size_text(endpoint.max_bytes)}.",
        "required": merges or any(field.required for field in endpoint.body().fields.values()),
        "content": {JSON: {"schema": schema, "example": example}},
    }


def _success(route: Route, schemas: JsonSchemas) -> JsonSchema:
    endpoint, headers = route.endpoint, _headers()
    answers = bool(endpoint.returns) and endpoint.status != 204
    if endpoint.returns:
        headers |= _header("ETag", "The strong validator of this representation.", required=answers)
    if endpoint.listed:
        headers |= _header("Link", 'The next page (RFC 8288), `rel="next"`; not on the last one.')
    if endpoint.status == 201:
        headers |= _header("Location", "Where the new resource is.", required=True)
    if endpoint.idempotent:
        headers |= _header("Idempotency-Replayed", "`true`: this is the answer of the first request with this key.")
    if not route.is_read:
        headers |= _limit_headers(required=False)
    response: JsonSchema = {"description": HTTPStatus(endpoint.status).phrase, "headers": headers}
    if answers or endpoint.status == 200:
        response["content"] = {endpoint.content_type: _answer(endpoint, schemas)}
    return response


def _answer(endpoint: Endpoint, schemas: JsonSchemas) -> JsonSchema:
    if endpoint.content_type != JSON:
        return {"schema": {"type": "string"}}
    if not endpoint.returns:
        return {"schema": {"type": "object"}, "example": endpoint.examples["answer"]}
    shape = endpoint.returns[0]
    if not endpoint.listed:
        found = [schemas.answer(each.schema) for each in endpoint.returns]
        return {"schema": schemas.any_of(found), "example": shape.schema.example}
    items = [schemas.item(each.schema, each.heavy) for each in endpoint.returns]
    example = {name: value for name, value in shape.schema.example.items() if name not in shape.heavy}
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": schemas.any_of(items)},
            "page": {"$ref": f"{_SCHEMAS}Page"},
        },
        "required": ["items", "page"],
        "additionalProperties": False,
    }
    return {"schema": schema, "example": {"items": [example], "page": _PAGE_EXAMPLE}}


def _not_modified() -> JsonSchema:
    etag = _header("ETag", "The validator that you sent.", required=True)
    return {"description": "You have it already.", "headers": {**_headers(), **etag}}


def _moved() -> JsonSchema:
    location = _header("Location", "Where it is now.", required=True)
    return {"description": "It is elsewhere now.", "headers": {**_headers(), **location}}


def _problem_response(status: int) -> JsonSchema:
    codes = {code: problem for code, problem in PROBLEMS.items() if problem.status == status}
    headers = _headers()
    if status == 401:
        headers |= _header("WWW-Authenticate", "How to sign in.", required=True)
    if status in (429, 503):
        headers |= _header("Retry-After", "Seconds to wait.", required=True)
    if status == 429:
        headers |= _limit_headers(required=True)
    code, problem = next(iter(codes.items()))
    example = {
        "type": f"/docs/problems/{code}",
        "title": problem.title,
        "status": status,
        "detail": f"{problem.title}.",
        "instance": "/v1/posts",
        "code": code,
        "request_id": _REQUEST_ID,
    }
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "headers": headers,
        "content": {PROBLEM: {"schema": {"$ref": f"{_SCHEMAS}Problem"}, "example": example}},
    }


def _limit_headers(*, required: bool) -> JsonSchema:
    policy = _header("RateLimit-Policy", "The limit: `q` requests in `w` seconds.", required=required)
    left = _header("RateLimit", "What is left of it: `r` requests, for `t` seconds.", required=required)
    return policy | left


def _headers() -> JsonSchema:
    """What every answer has."""
    return _header("X-Request-Id", "Names this request in the server's log: yours if you sent one.", required=True)


def _header(name: str, text: str, *, required: bool = False) -> JsonSchema:
    return {name: {"description": text, "required": required, "schema": {"type": "string"}}}
