"""Every answer that a test gets is compared with the OpenAPI document of the app that gave it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import jsonschema
import jsonschema_rs
import orjson
from aiohttp.test_utils import TestServer
from jsonschema.exceptions import best_match

from blogapi.config import ServerConfig
from blogapi.openapi.pages import DOCUMENT
from blogapi.serving.server import Runner

# RFC 3339 leaves more freedom than our contract: milliseconds, always, and Z.
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PROBLEM = "application/problem+json"
# For a path that the document does not have, with a slash at its end maybe, and for a method that it does not have.
NOT_THERE = {
    "responses": {"404": {"content": {PROBLEM: {}}}, "308": {"headers": {"Location": {"required": True}}}},
}
# Pages for people, and the way to them, are not part of it.
PAGES = re.compile(r"/(docs/(assets/.*)?)?")
NOT_ALLOWED = {"responses": {"405": {"content": {PROBLEM: {}}, "headers": {"Allow": {"required": True}}}}}


class Violation(AssertionError):
    """The server answered what its document does not say."""


def is_date_time(value: Any) -> bool:
    """Whether it is a time as all answers show it; what is no string is not for a format to judge."""
    return not isinstance(value, str) or _DATE_TIME.fullmatch(value) is not None


class Schema:
    """A schema, compiled by a library that is a hundred times as fast as the one that explains what is wrong."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._validator = jsonschema_rs.Draft202012Validator(
            schema, formats={"date-time": is_date_time}, validate_formats=True
        )

    def fault_of(self, body: Any) -> str | None:
        """What is wrong, and where."""
        try:
            self._validator.validate(body)
        except jsonschema_rs.ValidationError as error:
            formats = jsonschema.FormatChecker(formats=())
            formats.checks("date-time")(is_date_time)
            best = best_match(jsonschema.Draft202012Validator(self._schema, format_checker=formats).iter_errors(body))
            return f"{best.json_path} is not what the document says: {best.message}" if best else str(error)
        return None


class Contract:
    """An OpenAPI document, ready to be compared with."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        templates = sorted(document["paths"], key=lambda path: path.count("{"))
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in templates]
        self._schemas: dict[tuple[str, ...], Schema] = {}

    def check(
        self, method: str, path: str, status: int, headers: Any, body: bytes, chosen: frozenset[str] = frozenset()
    ) -> None:
        """Raises Violation. `chosen` are the fields that the request asked for; without any, all have to be there."""
        where = f"{method} {path} answered {status}"
        template = next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)
        operation = self._operation(method, template)
        response = self._resolved(operation["responses"].get(str(status)))
        if response is None:
            known = ", ".join(operation["responses"])
            cure = "Further statuses of a route are declared with @endpoint(also=...)."
            raise Violation(f"{where}; {template or 'no such path'} is documented with {known}. {cure}\n{body[:500]!r}")
        for name, header in response.get("headers", {}).items():
            if header["required"] and name not in headers:
                raise Violation(f"{where} without {name}, which the document promises.")
        if method == "HEAD" or status == 304:
            return
        media_type = headers.get("Content-Type", "").split(";")[0]
        key = (template or "", method, str(status), *(sorted(chosen) if status == 200 else ()))
        self._check_body(where, key, response.get("content", {}), media_type, body)
        if media_type == PROBLEM and (stated := orjson.loads(body)["status"]) != status:
            raise Violation(f"{where} with a problem document that says {stated}.")

    def _operation(self, method: str, template: str | None) -> dict[str, Any]:
        if template is None:
            return NOT_THERE
        methods = self._document["paths"][template]
        found: dict[str, Any] = methods.get("get" if method == "HEAD" else method.lower(), NOT_ALLOWED)
        return found

    def _resolved(self, response: dict[str, Any] | None) -> dict[str, Any] | None:
        if response is not None and "$ref" in response:
            name = response["$ref"].rpartition("/")[2]
            return self._document["components"]["responses"][name]
        return response

    def _check_body(
        self, where: str, key: tuple[str, ...], content: dict[str, Any], media_type: str, body: bytes
    ) -> None:
        if not content:
            if body:
                raise Violation(f"{where} with a body, the document promises none.\n{body[:500]!r}")
            return
        if media_type not in content and "*/*" not in content:
            raise Violation(f"{where} with {media_type!r}, the document says {', '.join(content)}.\n{body[:500]!r}")
        if not media_type.endswith("json"):
            return
        known = self._schemas.get(key)
        if known is None:
            schema = content[media_type].get("schema", {"$ref": "#/components/schemas/Problem"})
            schema = self._with_only(frozenset(key[3:]), schema) if key[3:] else schema
            known = self._schemas[key] = Schema({**schema, "components": self._document["components"]})
        fault = known.fault_of(orjson.loads(body))
        if fault is not None:
            raise Violation(f"{where}, and {fault[:500]}")

    def _with_only(self, chosen: frozenset[str], schema: dict[str, Any]) -> dict[str, Any]:
        """The schema of an answer to a request that chose its fields: those, `id`, and nothing else."""
        if "$ref" in schema:
            return self._with_only(chosen, self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return {"anyOf": [self._with_only(chosen, each) for each in choices]}
        known = schema["properties"]
        if "items" in known:
            items = {"type": "array", "items": self._with_only(chosen, known["items"]["items"])}
            return {**schema, "properties": {**known, "items": items}}
        kept = {name: member for name, member in known.items() if name in chosen | {"id"}}
        return {"type": "object", "properties": kept, "required": [*kept], "additionalProperties": False}


def chosen_in(query: str) -> frozenset[str]:
    """The fields that a query string asks for."""
    values = (value for name, value in parse_qsl(query) if name == "fields")
    return frozenset(name.strip() for value in values for name in value.split(",") if name.strip())


@cache
def contract_of(document: bytes) -> Contract:
    """Kept between tests: all apps have the same document, and compiling it takes longer than most tests."""
    return Contract(orjson.loads(document))


async def checked_client(aiohttp_client: Any, app: aiohttp.web.Application, **options: Any) -> Any:
    """A test client on whose requests any violation of the document is raised."""
    contract = contract_of(app[DOCUMENT].body)

    async def check(_: aiohttp.ClientSession, __: Any, sent: Any) -> None:
        response = sent.response
        if sent.method == "OPTIONS" and response.status == 204:
            return  # which every path answers
        if PAGES.fullmatch(response.url.raw_path):
            return
        # A redirect's body has been dropped when it is followed; read() of anything else is kept for the test.
        body = await response.read() if response.content_type.endswith("json") else b""
        try:
            path, chosen = response.url.raw_path, chosen_in(response.url.raw_query_string)
            contract.check(sent.method, path, response.status, response.headers, body, chosen)
        except Violation:
            response.close()
            raise

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(check)
    trace.on_request_redirect.append(check)
    return await aiohttp_client(AppServer(app), trace_configs=[trace], **options)


class AppServer(TestServer):
    """Serves an app as blogapi does, and not as aiohttp would."""

    __test__ = False

    async def _make_runner(self, **_: Any) -> Runner:
        return Runner(self.app, ServerConfig())


def pointers(problem: dict[str, Any]) -> set[str]:
    """The wrong fields of a problem document."""
    return {error["pointer"] for error in problem["errors"]}


def codes(problem: dict[str, Any]) -> set[tuple[str, str]]:
    """The wrong fields of a problem document, each with what is wrong."""
    return {(error["pointer"], error["code"]) for error in problem["errors"]}


async def faults(response: aiohttp.ClientResponse) -> dict[str, str]:
    """The wrong fields of what was sent, each with what is wrong."""
    assert response.status == 422, await response.text()
    return {error["pointer"]: error["code"] for error in (await response.json())["errors"]}
