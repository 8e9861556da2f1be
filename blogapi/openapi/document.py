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

from blogapi.openapi.conventions import ABOUT, FURTHER, PAGE, PAGE_EXAMPLE, PROBLEM_ERROR, PROBLEM_SCHEMA, SECURITY
from blogapi.openapi.json_schemas import COMPONENTS, JsonSchema, JsonSchemas, share_words
from blogapi.web.body import size_text
from blogapi.web.endpoint import JSON, Endpoint, NoBody, Shape, declared
from blogapi.web.errors import CONTENT_TYPE as PROBLEM
from blogapi.web.merging import PREFER, PREFERENCE_APPLIED
from blogapi.web.problems import PROBLEMS
from blogapi.web.query import NoQuery

_PATH_PARAMETER = re.compile(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))+)\)")
_ANY_SEGMENT = "[^{}/]+"
_ALWAYS, _UNSAFE = (400, 429, 500, 503), (403, 408, 413, 415, 422)
_PARAMETERS = "#/components/parameters/"
_REQUEST_ID = "0b8f6c1e5d7a4f2c9e3b1a6d8c0f7e24"
# A tag of the first version, which is the one that most of the demo content has.
_FIRST_VERSION = '"1-0"'


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
        info={"description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": public_url}],
        tags=[{"name": tag} for tag in dict.fromkeys(_tag(route) for route in routes)],
    )
    for name, schema in (("Problem", PROBLEM_SCHEMA), ("ProblemError", PROBLEM_ERROR), ("Page", PAGE)):
        spec.components.schema(name, schema)
    for name, scheme in SECURITY.items():
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
    share_words(document)
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
    names, taken = dict[str, str](), Counter[str]()
    for text, name in plain.items():
        full = name if often[name] == 1 else f"{shared[text]}_{name}"
        taken[full] += 1
        # One tag can have several, such as an `id` with another example.
        names[text] = full if taken[full] == 1 else f"{full}_{taken[full]}"
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
            **({} if endpoint.later is None else {"202": _later(endpoint.later, schemas)}),
            **{str(status): _done(status) for status in endpoint.also if status < 300},
            **{str(status): _moved() for status in endpoint.also if 300 <= status < 400},
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
    more = [shape.says for shape in endpoint.returns if shape.says] if endpoint.needs.is_public else []
    keys = [f"an API key needs `{endpoint.scope}`"] if _takes_keys(endpoint) else []
    return "; ".join([endpoint.needs.says, *more, *keys])


def _takes_keys(endpoint: Endpoint) -> bool:
    return bool(endpoint.scope) and (not endpoint.needs.is_public or _shows_more_to_some(endpoint))


def _security(endpoint: Endpoint) -> list[JsonSchema]:
    anybody: list[JsonSchema] = [{}] if endpoint.needs.is_public else []
    if endpoint.needs.is_public and not _shows_more_to_some(endpoint):
        return []
    keys: list[JsonSchema] = [{"key": [endpoint.scope]}] if _takes_keys(endpoint) else []
    return [*anybody, {"token": []}, {"cookie": []}, *keys]


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
        text = "The `ETag` that came with what you read. `*` is not accepted."
        found.append(_header_parameter("If-Match", text, required=True, minLength=1))
    if endpoint.merges:
        text = (
            "`merge`: apply the change on top of what others have written since the version of `If-Match`, as long as "
            "they have changed other fields. Without it, or if a field was changed by both, the answer is 412."
        )
        found.append(_header_parameter(PREFER, text))
    if endpoint.idempotent:
        text = "A text of your own. A repetition within 24 hours gets the first answer again."
        key: JsonSchema = {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        found.append(_header_parameter("Idempotency-Key", text, **key))
    if route.is_read:
        found.append(
            _header_parameter(
                "If-None-Match", "The `ETag` of the copy that you have. If it is still current, the answer is 304."
            )
        )
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
    kind = "A JSON Merge Patch (RFC 7396); it may also be sent as `application/merge-patch+json`. " if merges else ""
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
        headers |= _header(
            "ETag",
            "The validator of this answer: send it as `If-Match` to change, as `If-None-Match` to read again.",
            required=answers,
        )
    if endpoint.listed:
        headers |= _header("Link", 'The address of the next page, as `rel="next"` (RFC 8288). The last page has none.')
    if endpoint.status == 201:
        headers |= _header("Location", "The path of the new resource.", required=True)
    if endpoint.merges:
        headers |= _header(PREFERENCE_APPLIED, "`merge` if the change was applied on top of those of others.")
    if endpoint.idempotent:
        headers |= _header(
            "Idempotency-Replayed", "`true` if this is the stored answer of an earlier request with this key."
        )
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
        found = [schemas.answer(schema) for schema in dict.fromkeys(each.schema for each in endpoint.returns)]
        return {"schema": schemas.any_of(found), "example": shape.schema.example}
    items = [schemas.item(each.schema, each.heavy) for each in endpoint.returns]
    example = {name: value for name, value in shape.schema.example.items() if name not in shape.heavy}
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": schemas.any_of(items)},
            "page": {"$ref": f"{COMPONENTS}Page"},
        },
        "required": ["items", "page"],
        "additionalProperties": False,
    }
    return {"schema": schema, "example": {"items": [example], "page": PAGE_EXAMPLE}}


def _not_modified() -> JsonSchema:
    etag = _header("ETag", "The ETag that you sent.", required=True)
    return {"description": "Not modified: your copy is still current.", "headers": {**_headers(), **etag}}


def _done(status: int) -> JsonSchema:
    return {"description": HTTPStatus(status).phrase, "headers": _headers()}


def _later(shape: Shape, schemas: JsonSchemas) -> JsonSchema:
    headers = _headers() | _header("Location", "Where it says how far it is.", required=True)
    headers |= _header("Retry-After", "After how many seconds to look there.", required=True)
    answer = {JSON: {"schema": schemas.answer(shape.schema), "example": shape.schema.example}}
    return {
        "description": "Accepted: it takes longer, and is done in the background.",
        "headers": headers,
        "content": answer,
    }


def _moved() -> JsonSchema:
    location = _header("Location", "The path to follow.", required=True)
    return {"description": "Moved permanently: follow `Location`.", "headers": {**_headers(), **location}}


def _problem_response(status: int) -> JsonSchema:
    codes = {code: problem for code, problem in PROBLEMS.items() if problem.status == status}
    headers = _headers() | _header("Content-Language", "The language of `title` and `detail`.", required=True)
    if status == 401:
        headers |= _header("WWW-Authenticate", "Which credential is needed.", required=True)
    if status in (429, 503):
        headers |= _header("Retry-After", "How many seconds to wait before you try again.", required=True)
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
        **FURTHER.get(code, {}),
    }
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "headers": headers,
        "content": {PROBLEM: {"schema": {"$ref": f"{COMPONENTS}Problem"}, "example": example}},
    }


def _limit_headers(*, required: bool) -> JsonSchema:
    policy = _header("RateLimit-Policy", "The limit: `q` requests within `w` seconds.", required=required)
    left = _header("RateLimit", "What is left: `r` requests for the next `t` seconds.", required=required)
    return policy | left


def _headers() -> JsonSchema:
    """What every answer has."""
    return _header(
        "X-Request-Id", "The name of this request in the server's log. If you sent one, it is yours.", required=True
    )


def _header(name: str, text: str, *, required: bool = False) -> JsonSchema:
    return {name: {"description": text, "required": required, "schema": {"type": "string"}}}
