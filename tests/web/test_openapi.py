import re
from pathlib import Path

import pytest
from aiohttp import web
from apispec import APISpec
from jsonschema import Draft202012Validator
from marshmallow import fields
from openapi_spec_validator import validate

from blogapi.app import ROUTES, add_routes
from blogapi.auth.needs import PUBLIC
from blogapi.web.endpoint import endpoint
from blogapi.web.fields import Choice, CommaList, FullMatch, Items, Moment, QueryFlag, QueryWhole, Record, Size, Text
from blogapi.web.fields import Strict as StrictSchema
from blogapi.web.json_schemas import JsonSchemas
from blogapi.web.openapi import build_document, documented_routes
from blogapi.web.problems import PROBLEMS
from blogapi.web.reference import api_page, errors_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def document_of(routes):
    app = web.Application()
    add_routes(app, tuple(routes))
    return build_document(documented_routes(app), public_url="https://blog.example", version="1.2.3")


@pytest.fixture(scope="module")
def document():
    return document_of(ROUTES)


def operations(document):
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def accepts(document, name, value):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(schema).is_valid(value)


def test_document_is_valid(document):
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    assert document["servers"] == [{"url": "https://blog.example"}]


def test_every_route_is_documented(document):
    served = {(route.method.lower(), re.sub(r"\{(\w+):.*?\}+", r"{\1}", route.path)) for route in ROUTES}
    assert {(method, path) for method, path, _ in operations(document)} == served


def test_handlers_of_one_name_are_refused():
    routes = web.RouteTableDef()
    for path in ("/one", "/two"):

        @routes.get(path)
        @endpoint(needs=PUBLIC)
        async def read_something(_):
            """Read something."""

    with pytest.raises(ValueError, match="read_something"):
        document_of(routes)


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/v1/tags", {200, 304, 400, 429, 500, 503}),
        ("get", "/v1/tags/{slug}", {200, 304, 400, 404, 429, 500, 503}),
        ("get", "/v1/posts/{id}", {200, 304, 400, 401, 403, 404, 410, 429, 500, 503}),
        ("get", "/v1/me", {200, 304, 400, 401, 403, 429, 500, 503}),
        ("post", "/v1/posts", {201, 400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503}),
        (
            "patch",
            "/v1/posts/{id}",
            {200, 400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 422, 428, 429, 500, 503},
        ),
        ("post", "/v1/auth/logout", {204, 400, 401, 403, 408, 413, 415, 422, 429, 500, 503}),
    ],
)
def test_statuses_follow_from_the_declaration(document, method, path, statuses):
    assert {int(status) for status in document["paths"][path][method]["responses"]} == statuses


def test_redirect_is_documented_with_its_location(document):
    response = document["paths"]["/v1/posts/by-slug/{slug}"]["get"]["responses"]["301"]
    assert response["headers"]["Location"]["required"]


def test_problem_responses_list_the_codes_of_their_status(document):
    documented = {
        (int(name.removeprefix("Problem")), code)
        for name, response in document["components"]["responses"].items()
        for code in response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    statuses = {status for status, _ in documented}
    assert documented == {(each.status, code) for code, each in PROBLEMS.items() if each.status in statuses}
    # What no route can be said to answer: the router's and the parser's own.
    assert {each.status for each in PROBLEMS.values()} - statuses == {405, 414, 417, 431, 505}


@pytest.mark.parametrize(
    ("method", "path", "security", "says"),
    [
        ("get", "/v1/tags", [], "Access: public."),
        ("get", "/v1/posts", [{}, {"token": []}, {"cookie": []}], "Access: public, more for some."),
        ("get", "/v1/me", [{"token": []}, {"cookie": []}], "Access: signed in."),
        ("post", "/v1/users", [{"token": []}, {"cookie": []}], "Access: role: admin."),
    ],
)
def test_access_is_documented(document, method, path, security, says):
    operation = document["paths"][path][method]
    assert operation["security"] == security
    assert operation["description"].endswith(says)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("get", "/v1/posts", {"If-None-Match": False}),
        ("post", "/v1/posts", {"Idempotency-Key": False}),
        ("patch", "/v1/posts/{id}", {"If-Match": True}),
        ("post", "/v1/posts/{id}/publish", {"If-Match": True, "Idempotency-Key": False}),
        ("post", "/v1/auth/login", {}),
    ],
)
def test_request_headers_follow_from_the_declaration(document, method, path, headers):
    parameters = document["paths"][path][method]["parameters"]
    assert {each["name"]: each["required"] for each in parameters if each["in"] == "header"} == headers


def test_path_parameters_keep_their_pattern(document):
    parameters = document["paths"]["/v1/posts/{id}/revisions/{n}"]["get"]["parameters"]
    schemas = {each["name"]: each["schema"] for each in parameters if each["in"] == "path"}
    assert schemas == {"id": {"type": "string"}, "n": {"type": "integer", "minimum": 0}}


@pytest.mark.parametrize(
    ("path", "method", "required", "media_types"),
    [
        ("/v1/posts/{id}", "patch", True, {"application/json", "application/merge-patch+json"}),
        ("/v1/posts/{id}/publish", "post", False, {"application/json"}),
        ("/v1/auth/login", "post", True, {"application/json"}),
    ],
)
def test_body_is_required_for_a_patch_and_when_one_of_its_fields_is(document, path, method, required, media_types):
    body = document["paths"][path][method]["requestBody"]
    assert body["required"] is required
    assert set(body["content"]) == media_types


def test_route_without_fields_has_no_body(document):
    assert "requestBody" not in document["paths"]["/v1/posts/{id}/archive"]["post"]


@pytest.mark.parametrize(
    ("patch", "is_valid"),
    [
        ({}, True),
        ({"title": None, "seo": None}, True),
        ({"visibility": None}, False),
        ({"seo": {"title": None}, "cover": {"alt": "A tree"}}, True),
        ({"cover": {"url": None}}, False),
        ({"visibility": "secret"}, False),
        ({"titel": "x"}, False),
    ],
)
def test_merge_patch_requires_nothing_and_takes_null(document, patch, is_valid):
    assert accepts(document, "PostEditPatch", patch) is is_valid


def test_list_is_an_envelope_of_partial_items(document):
    operation = document["paths"]["/v1/posts"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["items", "page"]
    assert schema["properties"]["items"]["items"]["anyOf"][0] == {"$ref": "#/components/schemas/PartialPublicPost"}
    assert document["components"]["schemas"]["PartialPublicPost"]["required"] == ["id"]
    assert "title" in document["components"]["schemas"]["PublicPost"]["required"]


def test_all_schemas_are_closed_and_described(document):
    for name, schema in document["components"]["schemas"].items():
        assert schema["additionalProperties"] is False, name
        assert schema["description"], name


def patterns_in(value):
    if isinstance(value, list):
        return [pattern for each in value for pattern in patterns_in(each)]
    if not isinstance(value, dict):
        return []
    own = [value["pattern"]] if isinstance(value.get("pattern"), str) else []
    return own + [pattern for each in value.values() for pattern in patterns_in(each)]


def test_patterns_can_be_read_by_javascript(document):
    """ECMA-262 with the flag `u`, which validators set, refuses needless escapes and what only Python knows."""
    found = patterns_in(document)
    assert found
    for pattern in found:
        assert set(re.findall(r"\\(.)", pattern)) <= set(r"^$\.*+?()[]{}|/-dDsSwWbBx"), pattern
        assert "(?P" not in pattern


def test_what_comes_in_and_what_goes_out_have_names_of_their_own(document):
    schemas = document["components"]["schemas"]
    assert "maxLength" in schemas["LinkInput"]["properties"]["label"]
    assert "maxLength" not in schemas["Link"]["properties"]["label"]


@pytest.mark.parametrize(
    ("name", "text"), [("api.md", lambda document: api_page(document)), ("errors.md", lambda _: errors_page())]
)
def test_reference_is_up_to_date(document, name, text):
    assert (REFERENCE / name).read_text("utf-8") == text(document), "run scripts/docs"


class _InnerSchema(StrictSchema):
    """Inside."""

    word = Text(required=True, validate=FullMatch("[a-z]+", "no"))


class _ThingSchema(StrictSchema):
    """A thing.

    More about it.
    """

    words = CommaList(str.islower, of="word", load_default=())
    flag = QueryFlag(load_default=None)
    count = QueryWhole(1, 9, load_default=5)
    since = Moment(data_key="since[gte]", load_default=None, metadata={"description": "From then on."})
    sort = Text(load_default=None, validate=Choice(["up", "down"]))
    name = Text(load_default="", validate=[Size(min=2, max=3), FullMatch("[a-z]+|[0-9]+", "no")])
    inner = Record(_InnerSchema, load_default=None)
    inners = Items(Record(_InnerSchema), load_default=())


class _ThingShape(StrictSchema):
    """A thing, as it is answered."""

    id = fields.Str(required=True)
    name = fields.Str(required=True)


@pytest.fixture
def schemas():
    schemas = JsonSchemas()
    schemas.spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[schemas])
    return schemas


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("words", {"style": "form", "explode": False, "schema": {"type": "array", "items": {"type": "string"}}}),
        ("flag", {"schema": {"type": "boolean"}}),
        ("count", {"schema": {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}}),
        ("since[gte]", {"description": "From then on.", "schema": {"type": "string", "format": "date-time"}}),
        ("sort", {"schema": {"type": "string", "enum": ["up", "down"]}}),
    ],
)
def test_query_field_becomes_a_parameter(schemas, name, parameter):
    found = {each["name"]: each for each in schemas.parameters(_ThingSchema)}
    assert found[name] == {"in": "query", "name": name, "required": False, **parameter}


def test_validators_become_limits(schemas):
    schemas.body(_ThingSchema)
    assert schemas.spec.components.schemas["_Thing"]["properties"]["name"] == {
        "type": "string",
        "default": "",
        "minLength": 2,
        "maxLength": 3,
        "pattern": "^(?:[a-z]+|[0-9]+)$",
    }


def test_schema_is_described_by_its_first_paragraph(schemas):
    schemas.body(_ThingSchema)
    assert schemas.spec.components.schemas["_Thing"]["description"] == "A thing."


def test_body_gives_way_to_an_answer_of_its_name(schemas):
    assert schemas.answer(_ThingShape) == {"$ref": "#/components/schemas/_Thing"}
    assert schemas.body(_ThingSchema) == {"$ref": "#/components/schemas/_ThingInput"}


def test_merge_patch_reaches_into_objects_but_not_into_arrays(schemas):
    schemas.merge_patch(_ThingSchema)
    known = schemas.spec.components.schemas
    assert known["_ThingPatch"]["properties"]["inner"]["anyOf"][0] == {"$ref": "#/components/schemas/_InnerPatch"}
    assert known["_ThingPatch"]["properties"]["inners"]["items"] == {"$ref": "#/components/schemas/_Inner"}


def test_partial_answer_is_sure_of_its_id_only(schemas):
    assert schemas.answer(_ThingShape, partial=True) == {"$ref": "#/components/schemas/Partial_Thing"}
    assert schemas.spec.components.schemas["Partial_Thing"]["required"] == ["id"]
    assert schemas.spec.components.schemas["_Thing"]["required"] == ["id", "name"]
