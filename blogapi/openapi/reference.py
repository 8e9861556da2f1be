"""The pages docs/reference/api.md and errors.md, written from the OpenAPI document and the table of problems."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from blogapi.openapi.document import resolved
from blogapi.openapi.json_schemas import MEANINGS
from blogapi.web.problems import PROBLEMS

_GENERATED = "<!-- Written by scripts/docs from what the server declares. Change it there. -->"
# How a resource is called in a list.
_ITEM = "Item"
_HEADERS = {"If-Match": "M", "Prefer": "P", "Idempotency-Key": "K"}
_LIMITS = (
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("minimum", "from {}"),
    ("maximum", "to {}"),
)


def errors_page() -> str:
    """docs/reference/errors.md."""
    rows = ((str(problem.status), f"`{code}`", problem.title, problem.cure) for code, problem in PROBLEMS.items())
    text = [
        "Every error is a problem document (RFC 9457), `application/problem+json`. Its `code` is one of these; it",
        "never changes and is never translated. Its `type` is the path of a page that says the same as this table.",
    ]
    table = _table(("Status", "Code", "Title", "What helps"), rows)
    return "\n".join([_GENERATED, "", "# Errors", "", *text, "", *table, ""])


def api_page(document: dict[str, Any]) -> str:
    """docs/reference/api.md."""
    lines = [_GENERATED, "", "# The API", "", "## Routes", ""]
    lines += [
        "The same as `/openapi.json` and `/docs` of a running server, to be read without one. **M**: needs",
        "`If-Match`. **P**: honours `Prefer: merge`. **K**: honours `Idempotency-Key`. Every route may also answer",
        "400, 429, 500 and 503, every unsafe one 403, 408, 413, 415 and 422: see [errors](errors.md).",
    ]
    for tag in (tag["name"] for tag in document["tags"]):
        lines += ["", f"### {tag}", "", *_routes(document, tag)]
    lines += ["", "## Query parameters", "", *_parameters(document)]
    lines += ["", "## Schemas", ""]
    lines += ["What is required is in every answer, unless the request has chosen others with `fields`."]
    schemas = document["components"]["schemas"]
    for name, schema in sorted(schemas.items()):
        if MEANINGS in schema:
            rows = ((f"`{word}`", meaning) for word, meaning in schema[MEANINGS].items())
            lines += ["", f"### {name}", "", schema["description"], "", *_table(("Value", "Meaning"), rows)]
        elif not name.endswith(_ITEM):
            fields = _fields(schema, schemas.get(name + _ITEM, schema))
            lines += ["", f"### {name}", "", schema["description"], "", *fields]
    return "\n".join([*lines, ""])


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parameters = [resolved(document, each) for each in operation["parameters"]]
            yield f"`{method.upper()} {path}`", {**operation, "parameters": parameters}


def _routes(document: dict[str, Any], tag: str) -> list[str]:
    rows = []
    for route, operation in _operations(document):
        if tag in operation["tags"]:
            *_, access = operation["description"].split("Access: ")
            marks = " ".join(_HEADERS[each["name"]] for each in operation["parameters"] if each["name"] in _HEADERS)
            body = _schema_of(operation.get("requestBody", {}))
            status, response = next(iter(operation["responses"].items()))
            answer = f"{status} {_schema_of(response)}".strip()
            rows.append((route, operation["summary"], access.rstrip("."), marks, body, answer))
    return _table(("Route", "What it does", "Access", "", "Body", "Answer"), rows)


def _parameters(document: dict[str, Any]) -> list[str]:
    rows = [
        (route, f"`{each['name']}`", _type(each["schema"]), each.get("description", ""))
        for route, operation in _operations(document)
        for each in operation["parameters"]
        if each["in"] == "query"
    ]
    return _table(("Route", "Parameter", "Type", "Meaning"), rows)


def _fields(schema: dict[str, Any], item: dict[str, Any]) -> list[str]:
    def sure(name: str) -> str:
        if name not in schema.get("required", ()):
            return ""
        return "yes" if name in item["required"] else "not in lists"

    rows = [
        (f"`{name}`", _type(member), sure(name), member.get("description", ""))
        for name, member in schema["properties"].items()
    ]
    return _table(("Field", "Type", "Required", "Meaning"), rows)


def _schema_of(content_holder: dict[str, Any]) -> str:
    if "content" not in content_holder:
        return ""
    media_type, content = next(iter(content_holder["content"].items()))
    schema = content["schema"]
    if "items" in schema.get("properties", {}):
        return f"page of {_type(schema['properties']['items']['items'])}"
    return _type(schema) if media_type.endswith("json") else f"`{media_type}`"


def _type(schema: dict[str, Any]) -> str:
    """One line that says what a value looks like."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2].removesuffix(_ITEM)
        return f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(each) for each in choices)
    if "enum" in schema:
        said = ["null" if each is None else f"`{each}`" for each in schema["enum"]]
    else:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        said = [f"array of {_type(schema['items'])}" if kind == "array" else kind for kind in kinds]
    extra = [schema["format"]] if "format" in schema else []
    extra += [_limit(words, schema[key]) for key, words in _LIMITS if key in schema]
    extra += [f"default `{json.dumps(schema['default'])}`"] if schema.get("default", "") != "" else []
    return ", ".join([" or ".join(said), *extra])


def _limit(words: str, value: Any) -> str:
    said = words.format(value)
    return said.removesuffix("s") if value == 1 else said


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    columns = list(head)
    lines = [columns, ["--"] * len(columns), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
