"""The checker of answers has to see what is wrong, or it proves nothing."""

import orjson
import pytest
from aiohttp import web

from tests.contract import Contract, Violation, checked_client, chosen_in

THING = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "made_at": {"type": "string", "format": "date-time"}},
    "required": ["id", "made_at"],
    "additionalProperties": False,
}
PROBLEM = {"type": "object", "properties": {"status": {"type": "integer"}}, "required": ["status"]}
DOCUMENT = {
    "paths": {
        "/things/{id}": {
            "get": {
                "responses": {
                    "200": {
                        "headers": {"ETag": {"required": True}, "Link": {"required": False}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "304": {"headers": {"ETag": {"required": True}}},
                    "404": {"$ref": "#/components/responses/Problem404"},
                }
            },
            "delete": {"responses": {"204": {}}},
        },
        "/things/all": {"get": {"responses": {"200": {"content": {"*/*": {"schema": {"type": "string"}}}}}}},
    },
    "components": {
        "schemas": {"Thing": THING, "Problem": PROBLEM},
        "responses": {
            "Problem404": {
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            }
        },
    },
}
RIGHT = {"id": "1", "made_at": "2026-11-20T09:30:00.000Z"}
JSON = {"Content-Type": "application/json", "ETag": '"1-ab"'}
PROBLEM_JSON = {"Content-Type": "application/problem+json"}


@pytest.fixture
def contract():
    return Contract(DOCUMENT)


@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body"),
    [
        ("GET", "/things/1", 200, JSON, RIGHT),
        ("HEAD", "/things/1", 200, JSON, None),
        ("GET", "/things/1", 304, {"ETag": '"1-ab"'}, None),
        ("GET", "/things/1", 404, PROBLEM_JSON, {"status": 404}),
        ("DELETE", "/things/1", 204, {}, None),
        ("GET", "/things/all", 200, {"Content-Type": "text/css"}, None),
        ("GET", "/nothing", 404, PROBLEM_JSON, {"status": 404}),
        ("POST", "/things/1", 405, {**PROBLEM_JSON, "Allow": "GET"}, {"status": 405}),
    ],
)
def test_answer_that_is_documented_passes(contract, method, path, status, headers, body):
    contract.check(method, path, status, headers, b"" if body is None else orjson.dumps(body))


@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body", "says"),
    [
        ("GET", "/things/1", 201, JSON, RIGHT, "documented with 200, 304, 404"),
        ("GET", "/nothing", 200, JSON, RIGHT, "no such path"),
        ("GET", "/things/1/more", 200, JSON, RIGHT, "no such path"),
        ("PUT", "/things/1", 200, JSON, RIGHT, "documented with 405"),
        ("POST", "/things/1", 405, PROBLEM_JSON, {"status": 405}, "without Allow"),
        ("GET", "/things/1", 200, {"Content-Type": "application/json"}, RIGHT, "without ETag"),
        ("GET", "/things/1", 304, {}, None, "without ETag"),
        ("GET", "/things/1", 200, {**JSON, "Content-Type": "text/html"}, RIGHT, "'text/html'"),
        ("GET", "/things/1", 404, {"Content-Type": "application/json"}, {"status": 404}, "'application/json'"),
        ("GET", "/things/1", 404, PROBLEM_JSON, {"status": 400}, "says 400"),
        ("GET", "/things/1", 200, JSON, {**RIGHT, "secret": 1}, "'secret' was unexpected"),
        ("GET", "/things/1", 200, JSON, {"id": "1"}, "'made_at' is a required property"),
        ("GET", "/things/1", 200, JSON, {**RIGHT, "id": 1}, "$.id"),
        ("GET", "/things/1", 200, JSON, {**RIGHT, "made_at": "2026-11-20T09:30:00Z"}, "$.made_at"),
        ("GET", "/things/1", 200, JSON, {**RIGHT, "made_at": "2026-11-20T09:30:00.000+00:00"}, "$.made_at"),
        ("DELETE", "/things/1", 204, {}, RIGHT, "promises none"),
    ],
)
def test_answer_that_is_not_documented_fails(contract, method, path, status, headers, body, says):
    with pytest.raises(Violation) as caught:
        contract.check(method, path, status, headers, b"" if body is None else orjson.dumps(body))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("body", "is_right"),
    [
        ({"id": "1"}, True),
        ({"id": "1", "made_at": "2026-11-20T09:30:00.000Z"}, False),
        ({}, False),
    ],
)
def test_answer_to_who_chooses_fields_has_those_and_no_others(contract, body, is_right):
    def check():
        contract.check("GET", "/things/1", 200, JSON, orjson.dumps(body), chosen_in("fields=id&limit=3"))

    if is_right:
        check()
    else:
        with pytest.raises(Violation):
            check()


async def test_client_raises_when_the_server_answers_something_else(aiohttp_client, app):
    async def answer(_):
        return web.json_response({"undocumented": True})

    app.router.add_get("/v1/secret", answer)
    client = await checked_client(aiohttp_client, app)
    with pytest.raises(Violation, match="GET /v1/secret answered 200"):
        await client.get("/v1/secret")
