"""Lists of posts by fields of one's own."""

from dataclasses import replace

import pytest

from blogapi.config import CacheConfig
from blogapi.posts.custom.store import CustomStore
from blogapi.posts.service import PostService
from blogapi.wiring import SERVICES
from tests.caching import fill
from tests.conftest import matching

SCHEMA = {
    "type": "object",
    "properties": {
        "series": {"type": "string"},
        "part": {"type": "integer"},
        "rating": {"type": "number"},
        "sponsored": {"type": "boolean"},
        "people": {"type": "array", "items": {"type": "string"}},
        "deep": {"type": "object"},
    },
}
FIELDS = ["series", "part", "rating", "sponsored", "people"]


@pytest.fixture
async def declared(put):
    response = await put(custom_schema=SCHEMA, filterable=FIELDS)
    assert response.status == 200, await response.text()
    assert (await response.json())["filterable"] == FIELDS


@pytest.fixture
async def shelf(write, ada, declared):
    for title, custom in {
        "a": {"series": "Bees", "part": 1, "rating": 4.5, "sponsored": True, "people": ["Noor", "Ada"]},
        "b": {"series": "Bees", "part": 2, "rating": 4, "sponsored": False, "people": ["Noor"]},
        "c": {"series": "Bread", "part": 1},
        "d": {},
    }.items():
        await write(ada, title=title, custom=custom, status="published")


async def titles(client, query, who=None):
    response = await client.get(f"/v1/posts?{query}", headers=who.headers if who else {})
    assert response.status == 200, await response.text()
    return [post["title"] for post in (await response.json())["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("custom.series=Bees", ["b", "a"]),
        ("custom.series=bees", []),
        ("custom.series=Bees,Bread&custom.part=1", ["c", "a"]),
        ("custom.series=Bees&custom.series=Bread", ["c", "b", "a"]),
        ("custom.part=2", ["b"]),
        ("custom.rating=4.0", ["b"]),
        ("custom.rating=4.5,4", ["b", "a"]),
        ("custom.sponsored=true", ["a"]),
        ("custom.sponsored=false", ["b"]),
        ("custom.people=Ada", ["a"]),
        ("custom.people=Noor&sort=published_at", ["a", "b"]),
        ("custom.people=Noor&limit=1&count=exact", ["b"]),
    ],
)
async def test_lists_are_filtered_by_fields_of_ones_own(client, shelf, ada, query, expected):
    assert await titles(client, query) == expected
    working = query.replace("&sort=published_at", "&sort=updated_at")
    assert await titles(client, f"{working}&status=published,draft", ada) == expected


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("custom.deep=1", "unknown_parameter", "custom.deep"),
        ("custom.serie=Bees", "unknown_parameter", "custom.serie"),
        ("custom.=Bees", "unknown_parameter", "custom."),
        ("custom=Bees", "unknown_parameter", "custom"),
        ("custom.$where=1", "unknown_parameter", "custom.$where"),
        ("custom.part=one", "invalid_parameter", "custom.part"),
        ("custom.part=1.5", "invalid_parameter", "custom.part"),
        ("custom.part=", "invalid_parameter", "custom.part"),
        ("custom.rating=1e999", "invalid_parameter", "custom.rating"),
        ("custom.rating=NaN", "invalid_parameter", "custom.rating"),
        ("custom.sponsored=1", "invalid_parameter", "custom.sponsored"),
        ("custom.series=%00", "invalid_parameter", "custom.series"),
        ("custom.part=" + ",".join(map(str, range(21))), "invalid_parameter", "custom.part"),
    ],
)
async def test_bad_filter_is_refused(client, declared, query, code, parameter):
    response = await client.get(f"/v1/posts?{query}")
    problem = await response.json()
    assert (response.status, problem["code"], problem["errors"][0]["parameter"]) == (400, code, parameter)
    if parameter == "custom.serie":
        assert problem["errors"][0]["nearest"] == "custom.series"


@pytest.mark.parametrize(
    ("wish", "pointers"),
    [
        ({"filterable": ["deep"]}, {"/filterable/0"}),
        ({"filterable": ["series", "unknown"]}, {"/filterable/1"}),
        ({"filterable": ["series", "live.title"]}, {"/filterable/1"}),
        ({"filterable": ["$where"]}, {"/filterable/0"}),
        ({"filterable": [f"f{number}" for number in range(9)]}, {"/filterable"}),
        ({"custom_schema": None}, {f"/filterable/{number}" for number in range(5)}),
    ],
)
async def test_only_declared_values_can_be_filtered_by(put, declared, wish, pointers):
    response = await put(**wish)
    assert response.status == 422
    assert {error["pointer"] for error in (await response.json())["errors"]} == pointers


async def test_indexes_come_and_go_with_the_fields(client, database, put, declared):
    store, custom = CustomStore(database), client.app[SERVICES][PostService].custom
    assert await store.indexed() == {*FIELDS}
    await put(filterable=["series"])
    assert await store.indexed() == {"series"}
    await store.drop_indexes(())
    await store.create_indexes(["part"])
    assert await custom.unindexed() == {"series"}
    assert await custom.index_filters() == 1
    assert await store.indexed() == {"series"}
    await put(filterable=None)
    assert await store.indexed() == set()


async def test_document_shows_the_filters(client, declared):
    document = await (await client.get("/openapi.json")).json()
    for path in ("/v1/posts", "/v1/me/posts"):
        parameters = document["paths"][path]["get"]["parameters"]
        own = [each for each in parameters if each.get("name", "").startswith("custom.")]
        assert [each["name"] for each in own] == [f"custom.{name}" for name in FIELDS]
        assert [each["schema"]["items"]["type"] for each in own] == ["string", "integer", "number", "boolean", "string"]


class TestKept:
    """Answers of the read cache."""

    pytestmark = [pytest.mark.mongod, pytest.mark.parametrize("database", ["mongod"], indirect=True)]

    @pytest.fixture
    def config(self, config):
        return replace(config, cache=CacheConfig(enabled=True))

    async def test_list_goes_with_a_post_that_joins_it_or_leaves_it(self, client, shelf, ada, write):
        path, by_one_of_many = "/v1/posts?custom.series=Bees", "/v1/posts?custom.people=Lin"
        await fill(client, path, by_one_of_many)
        custom = {"series": "Bees", "people": ["Ada", "Lin"]}
        new = await write(ada, title="e", custom=custom, status="published")
        assert await titles(client, "custom.series=Bees") == ["e", "b", "a"]
        assert await titles(client, "custom.people=Lin") == ["e"]
        await fill(client, path)
        address = f"/v1/posts/{new['id']}"
        edited = await client.patch(address, json={"custom": {"series": "Birds"}}, headers=matching(ada, new))
        headers = {**ada.headers, "If-Match": edited.headers["ETag"]}
        assert (await client.post(f"{address}/publish", headers=headers)).status == 200
        assert await titles(client, "custom.series=Bees") == ["b", "a"]

    async def test_list_goes_with_the_filter(self, client, shelf, put):
        path = "/v1/posts?custom.series=Bees"
        await fill(client, path)
        await put(filterable=["part"])
        assert (await client.get(path)).status == 400

    async def test_list_stays_while_others_are_written(self, client, shelf, ada, write):
        path = "/v1/posts?custom.series=Bees"
        await fill(client, path)
        await write(ada, title="e", custom={"series": "Birds"}, status="published")
        assert (await client.get(path)).headers["Cache-Status"] == "blogapi; hit"
