"""Fields of one's own: what a schema may be, and what posts are refused by it."""

import asyncio
import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from openapi_spec_validator import validate

from blogapi.access.administrator import as_operator
from blogapi.access.identity import Identity
from blogapi.errors import Invalid
from blogapi.posts.model import Draft, Origin
from blogapi.posts.service import PostService
from blogapi.settings.custom import compiled
from blogapi.settings.service import SettingsService
from blogapi.wiring import SERVICES, build_services
from tests.conftest import matching, with_etag
from tests.contract import faults

SCHEMA = {
    "type": "object",
    "properties": {
        "series": {"type": "string", "minLength": 2},
        "part": {"type": "integer", "minimum": 1},
        "mood": {"enum": ["glad", "sad"]},
        "people": {"type": "array", "items": {"$ref": "#/$defs/person"}, "uniqueItems": True},
        "on": {"type": "string", "format": "date"},
    },
    "required": ["series"],
    "additionalProperties": False,
    "$defs": {"person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}
GOOD = {"series": "Bees", "part": 1, "people": [{"name": "Noor"}], "on": "2026-02-28"}


@pytest.fixture
async def declared(put):
    response = await put(custom_schema=SCHEMA)
    assert response.status == 200, await response.text()


async def test_schema_is_answered_as_it_was_sent(client, put):
    assert (await (await put(custom_schema=SCHEMA)).json())["custom_schema"] == SCHEMA
    assert (await (await client.get("/v1/settings")).json())["custom_schema"] == SCHEMA
    merged = await (await put(custom_schema={"properties": {"mood": None, "tone": {"type": "string"}}})).json()
    assert list(merged["custom_schema"]["properties"]) == ["series", "part", "people", "on", "tone"]
    assert (await (await put(custom_schema=None)).json())["custom_schema"] is None


async def test_fields_that_the_schema_does_not_allow_are_named(client, ada, write, declared):
    wrong = {"part": 0, "mood": "mad", "people": [{"name": "Noor"}, {"nome": "Noor"}, 3], "on": "2026-02-30", "x/y": 1}
    wrong["x_y"] = wrong.pop("x/y")
    response = await client.post("/v1/posts", json={"title": "T", "custom": wrong}, headers=ada.headers)
    assert await faults(response) == {
        "/custom/series": "required",
        "/custom/part": "out_of_range",
        "/custom/mood": "invalid_choice",
        "/custom/people/1/name": "required",
        "/custom/people/2": "invalid_type",
        "/custom/on": "invalid_format",
        "/custom/x_y": "unknown_field",
    }
    post = await write(ada, custom=GOOD)
    response = await client.patch(
        f"/v1/posts/{post['id']}", json={"custom": {"part": "one"}}, headers=matching(ada, post)
    )
    assert await faults(response) == {"/custom/part": "invalid_type"}


async def test_refused_post_leaves_its_slug_free(client, ada, write, declared):
    wish = {"title": "A year with the bees", "slug": "bees"}
    response = await client.post("/v1/posts", json=wish, headers=ada.headers)
    assert await faults(response) == {"/custom/series": "required"}
    assert (await write(ada, **wish, custom=GOOD))["slug"] == "bees"


async def test_former_revision_that_does_not_fit_is_not_restored(client, ada, write, put):
    post = await write(ada, custom={"series": 1})
    path = f"/v1/posts/{post['id']}"
    edited = await with_etag(await client.patch(path, json={"custom": {"series": "Bees"}}, headers=matching(ada, post)))
    assert (await put(custom_schema=SCHEMA)).status == 200
    response = await client.post(f"{path}/revisions/1/restore", headers=matching(ada, edited))
    assert await faults(response) == {"/custom/series": "invalid_type"}
    response = await client.post(f"{path}/publish", json={"revision": 1}, headers=matching(ada, edited))
    assert await faults(response) == {"/custom/series": "invalid_type"}
    assert (await client.post(f"{path}/publish", headers=matching(ada, edited))).status == 200


async def test_import_says_what_does_not_fit(client, ada, declared):
    posts, who = client.app[SERVICES][PostService], Identity(user_id=ada.id, role="editor")
    with pytest.raises(Invalid) as raised:
        await posts.writing.create(who, Draft(title="T"), origin=Origin(source="blog", path="a.md"))
    assert [fault.pointer for fault in raised.value.errors] == ["/custom/series"]


async def test_schema_that_posts_break_is_refused_with_the_first_ten(client, ada, write, put):
    ids = [(await write(ada, title=str(number), custom={"series": number}))["id"] for number in range(12)]
    await write(ada, custom=GOOD)
    response = await put(custom_schema=SCHEMA)
    problem = await response.json()
    assert (response.status, problem["code"], problem["count"]) == (409, "schema_conflict", 12)
    assert [post["id"] for post in problem["posts"]] == sorted(ids)[:10]
    assert problem["posts"][0]["errors"][0]["pointer"] == "/custom/series"
    assert (await (await client.get("/v1/settings")).json())["custom_schema"] is None


async def test_what_readers_see_has_to_fit_too(client, ada, write, put):
    post = await write(ada, custom={"series": 1}, status="published")
    path = f"/v1/posts/{post['id']}"
    await client.patch(path, json={"custom": {"series": "Bees"}}, headers=matching(ada, post))
    assert (await put(custom_schema=SCHEMA)).status == 409


async def test_document_shows_the_fields(client, put):
    before = await client.get("/openapi.json")
    await put(custom_schema=SCHEMA)
    response = await client.get("/openapi.json", headers={"If-None-Match": before.headers["ETag"]})
    assert response.status == 200
    document = await response.json()
    validate(document)
    schemas = document["components"]["schemas"]
    assert schemas["NewPost"]["properties"]["custom"] == {"$ref": "#/components/schemas/Custom"}
    people = schemas["Custom"]["properties"]["people"]
    assert people["items"] == {"$ref": "#/components/schemas/Custom/$defs/person"}
    await put(custom_schema=None)
    assert (await client.get("/openapi.json")).headers["ETag"] == before.headers["ETag"]


# Races


async def test_post_that_comes_while_a_schema_is_set_undoes_it(client, ada, write, put):
    """Between the first look at all posts and the new schema."""
    settings = client.app[SERVICES][SettingsService]
    written = []

    async def meanwhile(before, after):
        if not written:
            written.append(await write(ada, custom={"series": 1}))

    settings.preparations.append(meanwhile)
    response = await put(custom_schema=SCHEMA, title="The garden")
    problem = await response.json()
    assert (response.status, [post["id"] for post in problem["posts"]]) == (409, [written[0]["id"]])
    answer = await (await client.get("/v1/settings")).json()
    assert (answer["custom_schema"], answer["title"], answer["version"]) == (None, "Blog", 3)


@pytest.fixture
def behind(client):
    """Whoever serves goes by what the settings were, as a process does that has not heard of a change yet."""
    settings = client.app[SERVICES][SettingsService]

    async def stay():
        known = await settings.fresh()

        async def get():
            return known

        settings.kept.get = get

    return stay


async def elsewhere(config, database, **wish):
    settings = build_services(config, database)[SettingsService]
    before = await settings.fresh()
    await settings.edit(as_operator(), before, replace(before.wish, **wish), frozenset({before.version}))


async def test_post_by_a_former_schema_is_taken_back(client, config, database, ada, write, behind):
    post = await write(ada, custom={"series": "Bees"})
    await behind()
    await elsewhere(config, database, custom_schema=json.dumps(SCHEMA))
    response = await client.post("/v1/posts", json={"title": "T", "slug": "mine"}, headers=ada.headers)
    assert await faults(response) == {"/custom/series": "required"}
    path = f"/v1/posts/{post['id']}"
    response = await client.patch(path, json={"title": "U", "custom": None}, headers=matching(ada, post))
    assert await faults(response) == {"/custom/series": "required"}
    now = await (await client.get(f"{path}?view=working", headers=ada.headers)).json()
    assert (now["title"], now["custom"], now["working_revision"]) == ("A title", {"series": "Bees"}, 3)
    assert [post async for post in client.app[SERVICES][PostService].custom.broken()] == []
    response = await client.post("/v1/posts", json={"title": "T", "slug": "mine", "custom": GOOD}, headers=ada.headers)
    assert response.status == 201, await response.text()


async def test_publication_by_a_former_schema_is_taken_back(client, config, database, ada, write, behind):
    post = await write(ada, custom={"series": 1})
    path = f"/v1/posts/{post['id']}"
    edited = await with_etag(await client.patch(path, json={"custom": {"series": "Bees"}}, headers=matching(ada, post)))
    await behind()
    await elsewhere(config, database, custom_schema=json.dumps(SCHEMA))
    response = await client.post(f"{path}/publish", json={"revision": 1}, headers=matching(ada, edited))
    assert await faults(response) == {"/custom/series": "invalid_type"}
    assert (await client.get(path)).status == 404
    assert (await (await client.get(f"{path}?view=working", headers=ada.headers)).json())["status"] == "draft"


IN_A_WEEK = "2126-01-08T09:00:00Z"


async def test_scheduled_revision_has_to_fit_as_long_as_it_waits(client, ada, write, put):
    post = await write(ada, custom={"series": 1})
    path = f"/v1/posts/{post['id']}"
    scheduled = await with_etag(
        await client.post(f"{path}/publish", json={"at": IN_A_WEEK}, headers=matching(ada, post))
    )
    correction = {"custom": {"series": "Bees"}}
    edited = await with_etag(await client.patch(path, json=correction, headers=matching(ada, scheduled)))
    problem = await (await put(custom_schema=SCHEMA)).json()
    assert (problem["code"], [each["id"] for each in problem["posts"]]) == ("schema_conflict", [post["id"]])
    response = await client.post(
        f"{path}/publish", json={"at": IN_A_WEEK, "revision": 2}, headers=matching(ada, edited)
    )
    corrected = await with_etag(response)
    assert (await put(custom_schema=SCHEMA)).status == 200
    former = {"at": IN_A_WEEK, "revision": 1}
    response = await client.post(f"{path}/publish", json=former, headers=matching(ada, corrected))
    assert await faults(response) == {"/custom/series": "invalid_type"}


async def test_schedule_by_a_former_schema_is_taken_back(client, config, database, ada, write, behind):
    post = await write(ada, custom={"series": 1})
    path = f"/v1/posts/{post['id']}"
    edited = await with_etag(await client.patch(path, json={"custom": {"series": "Bees"}}, headers=matching(ada, post)))
    await behind()
    await elsewhere(config, database, custom_schema=json.dumps(SCHEMA))
    former = {"at": IN_A_WEEK, "revision": 1}
    response = await client.post(f"{path}/publish", json=former, headers=matching(ada, edited))
    assert await faults(response) == {"/custom/series": "invalid_type"}
    now = await (await client.get(f"{path}?view=working", headers=ada.headers)).json()
    assert (now["status"], now["scheduled_at"]) == ("draft", None)


async def test_doctor_finds_posts_that_slipped_through(client, database, ada, write, declared):
    post = await write(ada, custom=GOOD)
    await database["posts"].update_many({}, {"$set": {"working.custom": {}}})
    assert [found async for found in client.app[SERVICES][PostService].custom.broken()] == [post["id"]]


async def test_others_have_their_turn_between_two_posts_that_are_checked(client, database, ada, write, declared):
    """A check takes a while, and many posts come at once from the database."""
    for _ in range(2):
        await write(ada, custom=GOOD)
    await database["posts"].update_many({}, {"$set": {"working.custom": {}}})
    broken, turns = client.app[SERVICES][PostService].custom.broken(), []
    async for _ in broken:
        asyncio.get_running_loop().call_soon(turns.append, None)
    assert len(turns) == 2


async def test_settings_are_asked_once_for_each_write(client, database, ada, write, declared):
    """Behind it, which is what decides. Before it, what was known is good enough."""
    await write(ada, custom=GOOD)
    asked = []
    database.on_read.append(asked.append)
    post = await write(ada, custom=GOOD)
    assert asked.count("settings") == 1
    path = f"/v1/posts/{post['id']}"
    post = await with_etag(await client.patch(path, json={"title": "T"}, headers=matching(ada, post)))
    assert asked.count("settings") == 1
    assert (await client.post(f"{path}/publish", headers=matching(ada, post))).status == 200
    assert asked.count("settings") == 2


# Hostile schemas


def chain(length):
    """Each definition doubles the one before it."""
    doubled = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n - 1}"}] * 2} for n in range(1, length)}
    return {"$ref": f"#/$defs/d{length - 1}", "$defs": {"d0": {"type": "object"}, **doubled}}


def closed(levels, by):
    """Each level asks what those within it have looked at, which goes through them again."""
    schema = {}
    for _ in range(levels):
        schema = {**by(schema), "unevaluatedProperties": False}
    return schema


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "/$ref"),
        ({"$ref": "file:///etc/passwd"}, "/$ref"),
        ({"$ref": "#"}, "/$ref"),
        ({"$ref": "#/properties/a", "properties": {"a": {}}}, "/$ref"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "/$defs/a/$ref"),
        ({"$ref": "#/$defs/a", "$defs": ["a"]}, "/$ref"),
        ({"$defs": "a"}, "/$defs"),
        ({"$ref": "#/$defs/%61", "$defs": {"%61": {}, "a": {}}}, "/$ref"),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a~1b": {}, "a/b": {"$ref": "#/$defs/a~1b"}}}, "/$defs/a~1b/$ref"),
        ({"$ref": "#/$defs/a/b", "$defs": {"a/b": {}, "a": {"b": {"$ref": "#"}}}}, "/$ref"),
        ({"$dynamicRef": "#x"}, "/$dynamicRef"),
        ({"$id": "http://127.0.0.1:9/"}, "/$id"),
        ({"items": {"dependencies": {"a": {"$ref": "#"}}}}, "/items/dependencies"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"properties": {"a": {"pattern": r"(a)\1"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "(a{1000}){1000}"}}}, "/properties/a/pattern"),
        ({"patternProperties": {"(": {}}}, "/patternProperties/("),
        ({"properties": {"a": {"type": "text"}}}, "/properties/a/type"),
        ({"properties": {"a": {"format": "colour"}}}, "/properties/a/format"),
        (chain(20), "/$defs/d7"),
        (closed(3, lambda inner: {"allOf": [inner]}), ""),
        ({"properties": {"a": closed(3, lambda inner: {"dependentSchemas": {"b": inner}})}}, "/properties/a"),
        ({**closed(1, lambda _: {"$ref": "#/$defs/a"}), "$defs": {"a": closed(2, lambda one: {"if": one})}}, ""),
        ({"description": "x" * 17_000}, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_hostile_schema_is_refused(client, put, schema, pointer):
    assert await faults(await put(custom_schema=schema)) == {f"/custom_schema{pointer}": "invalid_schema"}


@pytest.mark.parametrize(
    ("property_schema", "says"),
    [
        ({"type": "text"}, "Must be one of: string, integer, number, boolean, object, array, null."),
        (
            {"pattern": "(?=a)"},
            "Must be a regular expression of moderate size, without look-around and backreferences.",
        ),
        ({"format": "colour"}, "This format is not known here."),
        ({"minLength": -1}, "Must be at least 0."),
        ({"enum": 1}, "Must be of the type: array."),
    ],
    ids=repr,
)
async def test_what_is_wrong_with_a_schema_is_said_in_plain_words(put, property_schema, says):
    response = await put(custom_schema={"properties": {"a": property_schema}})
    (error,) = (await response.json())["errors"]
    assert error["detail"] == says


def test_nothing_is_fetched():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    for schema in ({"$ref": address}, {"$id": address, "$ref": "x"}, {"$schema": address}, {"x": {"$ref": address}}):
        try:
            compiled(json.dumps(schema))
        except Invalid:
            continue
    server.shutdown()
    server.server_close()
    assert asked == []


def test_pattern_is_matched_in_linear_time():
    """By one that goes back, this would take longer than the universe has lasted."""
    schema = compiled(json.dumps({"patternProperties": {"^(a+)+$": {"pattern": "^(a|aa)+$"}}}))
    assert schema.faults({"a" * 64: "a" * 30_000 + "b"})[0].code == "invalid_format"


def test_members_of_members_can_be_closed():
    schema = compiled(json.dumps(closed(4, lambda inner: {"allOf": [{"properties": {"a": inner}}]})))
    assert schema.faults({"a": {"a": {"a": {"a": 1}}}}) == []
    assert "/a/a/a/b" in [fault.pointer for fault in schema.faults({"a": {"a": {"a": {"b": 1}}}})]


def test_large_value_against_a_large_schema_is_refused_before_it_is_checked():
    kinds = [{"not": {"minimum": number}} for number in range(-240, 0)]
    schema = compiled(json.dumps({"properties": {"x": {"items": {"anyOf": kinds}}}}))
    assert [fault.code for fault in schema.faults({"x": [0] * 15_000})] == ["too_complex"]
    assert len(schema.faults({"x": [0] * 1_000})) == 1
    assert len(schema.faults({"x": [0] * 3})) == 3


@pytest.mark.parametrize(
    "keyword", ["additionalItems", "contentSchema", "definitions", "disallow", "divisibleBy", "extends", "id", "x-note"]
)
def test_schemas_in_keywords_that_are_none_of_this_dialect_are_not_gone_by(keyword):
    """So they need not be measured."""
    for refusing in (False, {"not": {}}, [{"not": {}}], {"x": {"not": {}}}, {"x": False}):
        try:
            schema = compiled(json.dumps({"properties": {"x": {keyword: refusing, "prefixItems": [{}]}}}))
        except Invalid:
            continue  # of another type than the dialect knows
        for value in (1, "1", [1, 2], {"x": 1}):
            assert schema.faults({"x": value}) == []


# Of each kind that a text can meet, by a schema and a value with that text: its pattern has to remember all ways at
# once, so one text takes a second by it, and these take minutes.
SLOW = [{"pattern": f"[ab]*a[ab]{{{800 + number}}}c"} for number in range(200)]
SLOW_NAMES = {each["pattern"]: {} for each in SLOW}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"x": {"anyOf": SLOW}}}, lambda text: {"x": text}),
        ({"properties": {"x": {"items": {"not": {"anyOf": SLOW}}}}}, lambda text: {"x": [1, text]}),
        ({"properties": {"x": {"prefixItems": [{}, {"anyOf": SLOW}]}}}, lambda text: {"x": [1, text]}),
        ({"additionalProperties": {"if": {"anyOf": SLOW}}}, lambda text: {"x": text}),
        (
            {"patternProperties": {"x": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"anyOf": SLOW}}},
            lambda text: {"x": text},
        ),
        ({"properties": {"x": {"patternProperties": SLOW_NAMES}}}, lambda text: {"x": {text: 1}}),
        ({"dependentSchemas": {"x": {"propertyNames": {"anyOf": SLOW}}}}, lambda text: {"x": 1, text: 1}),
    ],
    ids=["text", "items", "prefix", "others", "reference", "names", "all names"],
)
def test_text_that_would_take_long_to_match_is_refused_before(schema, value):
    schema = compiled(json.dumps(schema))
    assert [fault.code for fault in schema.faults(value("abba" * 7_000))] == ["too_complex"]
    assert "too_complex" not in [fault.code for fault in schema.faults(value("ab"))]


def test_many_short_texts_with_large_patterns_are_matched():
    fields = {f"f{number}": {"pattern": "^.{1,80}$"} for number in range(30)}
    schema = compiled(json.dumps({"properties": {**fields, "text": {"pattern": "^<"}}}))
    value = {**dict.fromkeys(fields, "x" * 80), "text": "<p>" + "é" * 15_000}
    assert schema.faults(value) == []
    assert [fault.pointer for fault in schema.faults({**value, "f7": "x" * 81})] == ["/f7"]
