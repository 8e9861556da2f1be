import re
from pathlib import Path

import pytest
from aiohttp import web
from apispec import APISpec
from jsonschema import Draft202012Validator
from marshmallow import fields
from openapi_spec_validator import validate

from blogapi.access.needs import PUBLIC
from blogapi.audit.model import ACTIONS
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.openapi.document import build_document, documented_routes, resolved
from blogapi.openapi.json_schemas import JsonSchemas
from blogapi.openapi.reference import api_page, errors_page
from blogapi.translation.sentence import verbatim
from blogapi.web.endpoint import endpoint
from blogapi.web.fields import Choice, CommaList, FullMatch, Items, QueryFlag, QueryWhole, Record, Size, Text, Timestamp
from blogapi.web.fields import Strict as StrictSchema
from blogapi.web.problems import PROBLEMS
from blogapi.web.routes import add_routes

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def document_of(routes):
    app = web.Application()
    add_routes(app, tuple(routes))
    return build_document(documented_routes(app), public_url="https://blog.example", version="1.2.3")


@pytest.fixture(scope="module")
def document():
    return document_of(routes_of(FEATURES))


def operations(document):
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def parameters_of(document, path, method):
    return [resolved(document, each) for each in document["paths"][path][method]["parameters"]]


def accepts(document, name, value):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(schema).is_valid(value)


def test_document_is_valid(document):
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    assert document["servers"] == [{"url": "https://blog.example"}]


def test_every_route_but_the_pages_is_documented(document):
    served = {(route.method.lower(), re.sub(r"\{(\w+):.*?\}+", r"{\1}", route.path)) for route in routes_of(FEATURES)}
    pages = {("get", "/"), ("get", "/docs/"), ("get", "/docs/assets/{name}")}
    assert {(method, path) for method, path, _ in operations(document)} == served - pages


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
        ("get", "/v1/tags/{slug}", {200, 301, 304, 400, 401, 403, 404, 429, 500, 503}),
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
        for code in re.findall("`(.+?)`", response["description"])
    }
    statuses = {status for status, _ in documented}
    assert documented == {(each.status, code) for code, each in PROBLEMS.items() if each.status in statuses}
    # What no route can be said to answer: the router's and the parser's own, and what stands in an address (502).
    assert {each.status for each in PROBLEMS.values()} - statuses == {405, 417, 431, 502, 505}


def test_problems_have_one_schema_that_allows_more_than_is_known_today(document):
    for response in document["components"]["responses"].values():
        assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert document["components"]["schemas"]["Problem"]["additionalProperties"] is True
    assert document["components"]["schemas"]["ProblemError"]["additionalProperties"] is True


@pytest.mark.parametrize(
    ("method", "path", "security", "says"),
    [
        ("get", "/v1/tags", [], "Access: public."),
        (
            "get",
            "/v1/posts",
            [{}, {"token": []}, {"cookie": []}, {"key": ["posts:read"]}],
            "Access: public; authors and editors can also read working copies; an API key needs `posts:read`.",
        ),
        ("patch", "/v1/me", [{"token": []}, {"cookie": []}], "Access: any signed-in user."),
        (
            "post",
            "/v1/users",
            [{"token": []}, {"cookie": []}, {"key": ["users:admin"]}],
            "Access: the role admin; an API key needs `users:admin`.",
        ),
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
        ("patch", "/v1/posts/{id}", {"If-Match": True, "Prefer": False}),
        ("delete", "/v1/posts/{id}", {"If-Match": True}),
        ("post", "/v1/posts/{id}/publish", {"If-Match": True, "Idempotency-Key": False}),
        ("post", "/v1/auth/login", {}),
    ],
)
def test_request_headers_follow_from_the_declaration(document, method, path, headers):
    parameters = parameters_of(document, path, method)
    assert {each["name"]: each["required"] for each in parameters if each["in"] == "header"} == headers


@pytest.mark.parametrize(
    ("path", "limits"),
    [
        ("/v1/posts/{id}", {"id": {"type": "string", "pattern": "^(?:[0-9a-f]{24})$"}}),
        ("/v1/posts/{id}/revisions/{n}", {"n": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}}),
        ("/v1/users/by-username/{name}", {"name": {"type": "string", "minLength": 1, "maxLength": 32}}),
        ("/v1/tags/{slug}", {"slug": {"type": "string", "minLength": 1, "maxLength": 60}}),
    ],
)
def test_path_parameters_have_the_limits_that_the_server_checks(document, path, limits):
    schemas = {each["name"]: each["schema"] for each in parameters_of(document, path, "get") if each["in"] == "path"}
    assert schemas.items() >= limits.items()


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("tag", {"type": "string", "pattern": "^(?:[a-z0-9]+(?:-[a-z0-9]+)*)$", "maxLength": 60}),
        ("author", {"type": "string", "minLength": 1, "maxLength": 32}),
        ("status", {"type": "string", "enum": ["draft", "in_review", "scheduled", "published", "archived", "trashed"]}),
    ],
)
def test_filters_have_the_limits_that_the_server_checks(document, name, items):
    (schema,) = [each["schema"] for each in parameters_of(document, "/v1/posts", "get") if each["name"] == name]
    assert schema == {"type": "array", "items": items, "minItems": 1, "maxItems": 20}


def test_parameters_of_several_operations_are_described_once(document):
    shared = document["components"]["parameters"]
    own = [each for _, _, operation in operations(document) for each in operation["parameters"] if "$ref" not in each]
    texts = [repr(each) for each in [*shared.values(), *own]]
    assert len(set(texts)) == len(texts)
    assert {"limit", "cursor", "count", "fields", "If_None_Match"} <= set(shared)


@pytest.mark.parametrize(
    ("path", "method", "required", "media_types"),
    [
        ("/v1/posts/{id}", "patch", True, {"application/json"}),
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


def answer_of(document, path, method="get", status="200"):
    return document["paths"][path][method]["responses"][status]["content"]["application/json"]


def test_list_is_an_envelope_of_items_without_what_may_be_long(document):
    schema = answer_of(document, "/v1/posts")["schema"]
    assert schema["required"] == ["items", "page"]
    assert schema["properties"]["items"]["items"]["oneOf"][0] == {"$ref": "#/components/schemas/PublicPostItem"}
    schemas = document["components"]["schemas"]
    for name in ("PublicPost", "WorkingPost", "Revision"):
        whole, item = schemas[name], schemas[f"{name}Item"]
        assert set(whole["required"]) == set(whole["properties"]) == set(item["properties"])
        assert set(whole["required"]) - set(item["required"]) == {"body", "html", "toc", "custom"}


def test_everything_is_in_an_answer_whose_fields_can_be_chosen(document):
    assert "fields" in {each["name"] for each in parameters_of(document, "/v1/tags", "get")}
    items = answer_of(document, "/v1/tags")["schema"]["properties"]["items"]["items"]
    assert items == {"$ref": "#/components/schemas/Tag"}
    assert "name" in resolved(document, items)["required"]


@pytest.mark.parametrize("suffix", ["", "Item"])
def test_views_of_a_post_are_told_apart_by_a_field(document, suffix):
    schema = answer_of(document, "/v1/posts" if suffix else "/v1/posts/{id}")["schema"]
    union = schema["properties"]["items"]["items"] if suffix else schema
    names = {"public": f"PublicPost{suffix}", "working": f"WorkingPost{suffix}"}
    mapping = {view: f"#/components/schemas/{name}" for view, name in names.items()}
    assert union == {
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "view", "mapping": mapping},
    }
    for view, name in names.items():
        schema = document["components"]["schemas"][name]
        assert schema["properties"]["view"]["enum"] == [view]
        assert "view" in schema["required"]


def test_richer_one_of_two_views_of_a_person_comes_first(document):
    assert answer_of(document, "/v1/users/{id}")["schema"] == {
        "anyOf": [{"$ref": "#/components/schemas/AdminUser"}, {"$ref": "#/components/schemas/Profile"}]
    }


def test_bodies_say_defaults_in_words(document):
    """Generators of clients make a field that has a `default` required."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for member, limits in schema.get("properties", {}).items():
            assert "default" not in limits, f"{name}.{member}"
    assert schemas["NewPost"]["properties"]["body_format"]["description"] == "Default: `markdown`."
    assert "required" not in schemas["NewPost"]


def json_contents(document):
    """Everything in JSON that goes in or out, with what it is."""
    for method, path, operation in operations(document):
        answers = {status: resolved(document, answer) for status, answer in operation["responses"].items()}
        for kind, holder in {"body": operation.get("requestBody", {}), **answers}.items():
            for media_type, content in holder.get("content", {}).items():
                if media_type.endswith("json"):
                    yield f"{method} {path} {kind}", content


def test_every_body_and_every_answer_has_an_example_that_fits_its_schema(document):
    for what, content in json_contents(document):
        assert content["example"], what
        validator = Draft202012Validator({**content["schema"], "components": document["components"]})
        assert list(validator.iter_errors(content["example"])) == [], what


def test_every_problem_has_an_example_of_its_status(document):
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                example = resolved(document, answer)["content"]["application/problem+json"]["example"]
                assert example["status"] == int(status) == PROBLEMS[example["code"]].status, (method, path)


@pytest.mark.parametrize(
    ("status", "members"), [(412, {"version", "etag", "changed"}), (422, {"errors"})], ids=["stale", "invalid_fields"]
)
def test_example_of_a_problem_has_what_its_code_adds(document, status, members):
    example = document["components"]["responses"][f"Problem{status}"]["content"]["application/problem+json"]["example"]
    assert members <= example.keys()


def test_what_has_to_be_sent_has_an_example_that_fits_its_schema(document):
    for method, path, _ in operations(document):
        for parameter in parameters_of(document, path, method):
            if parameter["required"]:
                assert Draft202012Validator(parameter["schema"]).is_valid(parameter["example"]), (path, parameter)


# What browsers make has members that a later version of WebAuthn brings.
OF_BROWSERS = {"Attestation", "AttestationResponse", "Assertion", "AssertionResponse"}


def test_all_schemas_are_described_and_all_but_problems_closed(document):
    for name, schema in document["components"]["schemas"].items():
        assert "enum" in schema or schema["additionalProperties"] is (
            name.startswith("Problem") or name in OF_BROWSERS
        ), name
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


def test_words_that_have_meanings_are_described_once(document):
    known = document["components"]["schemas"]
    reference = {"$ref": "#/components/schemas/AuditAction", "description": "What was done."}
    assert known["Entry"]["properties"]["action"] == reference
    (action,) = (each for each in parameters_of(document, "/v1/audit", "get") if each["name"] == "action")
    assert action["schema"]["items"] == reference
    assert known["AuditAction"]["enum"] == list(known["AuditAction"]["x-enumDescriptions"]) == list(ACTIONS)
    assert not accepts(document, "AuditAction", "user.promoted")


class _InnerSchema(StrictSchema):
    """Inside."""

    word = Text(required=True, validate=FullMatch("[a-z]+", "no"))


class _ThingSchema(StrictSchema):
    """A thing.

    More about it.
    """

    words = CommaList(str.islower, otherwise=verbatim, load_default=())
    flag = QueryFlag(load_default=None)
    count = QueryWhole(1, 9, load_default=5)
    since = Timestamp(data_key="since[gte]", load_default=None, metadata={"description": "From then on."})
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
        (
            "words",
            {
                "style": "form",
                "explode": False,
                "schema": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20},
            },
        ),
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


def test_item_lacks_what_is_heavy(schemas):
    assert schemas.item(_ThingShape, frozenset({"name"})) == {"$ref": "#/components/schemas/_ThingItem"}
    assert schemas.spec.components.schemas["_ThingItem"]["required"] == ["id"]
    assert schemas.spec.components.schemas["_Thing"]["required"] == ["id", "name"]
