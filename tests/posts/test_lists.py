"""Lists: filters, sorts, cursors, fields."""

from urllib.parse import parse_qs, urlsplit

import pytest
from yarl import URL

from tests.conftest import matching


async def walk(client, path, headers=None):
    """All items of a list, page by page, following `Link`."""
    found = []
    while path:
        response = await client.get(path, headers=headers or {})
        assert response.status == 200, await response.text()
        page = await response.json()
        found += page["items"]
        link = response.links.get("next")
        path = str(link["url"].relative()) if link else None
        assert bool(path) == bool(page["page"]["next"])
    return found


async def titles(client, query="", headers=None):
    return [item["title"] for item in await walk(client, f"/v1/posts?{query}", headers)]


@pytest.fixture
async def shelf(ada, bob, editor, write):
    """Five published posts, p1 the oldest, and a draft."""
    await write(ada, title="p1", status="published", tags=["red"], lang="en")
    await write(ada, title="p2", status="published", tags=["red", "blue"], lang="de")
    await write(bob, title="p3", status="published", tags=["blue"], lang="en")
    await write(bob, title="p4", status="published")
    await write(editor, title="p5", status="published", featured=True, tags=["green"], lang="de-AT")
    await write(ada, title="d1", tags=["red"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["p5", "p4", "p3", "p2", "p1"]),
        ("status=published", ["p5", "p4", "p3", "p2", "p1"]),
        ("sort=published_at", ["p1", "p2", "p3", "p4", "p5"]),
        ("limit=2", ["p5", "p4", "p3", "p2", "p1"]),
        ("limit=2&sort=published_at", ["p1", "p2", "p3", "p4", "p5"]),
        ("tag=red", ["p2", "p1"]),
        ("tag=red,green&limit=1", ["p5", "p2", "p1"]),
        ("tag=nonesuch", []),
        ("author=bob", ["p4", "p3"]),
        ("author=BOB,edith", ["p5", "p4", "p3"]),
        ("author=nobody", []),
        ("lang=en", ["p4", "p3", "p1"]),
        ("lang=de,de-AT", ["p5", "p2"]),
        ("lang=EN,en", ["p4", "p3", "p1"]),
        ("lang=DE-at", ["p5"]),
        ("featured=true", ["p5"]),
        ("featured=false&tag=blue", ["p3", "p2"]),
        ("tag=red&author=ada&lang=en", ["p1"]),
        ("published_at[gte]=2000-01-01T00:00:00Z&published_at[lt]=2001-01-01T00:00:00Z", []),
        ("published_at[gte]=2000-01-01T00:00:00Z&limit=2", ["p5", "p4", "p3", "p2", "p1"]),
    ],
)
async def test_public_list_is_filtered_and_sorted(client, shelf, query, expected):
    assert await titles(client, query) == expected


async def test_author_is_also_an_id(client, shelf, bob):
    assert await titles(client, f"author={bob.id}") == ["p4", "p3"]


async def test_empty_list_is_an_empty_page(client):
    response = await client.get("/v1/posts")
    assert await response.json() == {"items": [], "page": {"limit": 20, "next": None}}
    assert "Link" not in response.headers


async def test_total_is_counted_only_when_asked(client, shelf):
    assert "total" not in (await (await client.get("/v1/posts")).json())["page"]
    page = (await (await client.get("/v1/posts?count=exact&limit=1&tag=red")).json())["page"]
    assert page["total"] == 2


async def test_items_are_light_unless_fields_asks(client, shelf):
    item = (await walk(client, "/v1/posts?limit=1"))[0]
    assert item.keys().isdisjoint({"body", "html", "toc", "custom"})
    assert {"id", "title", "excerpt_auto", "authors", "tags", "published_at"} <= item.keys()
    item = (await walk(client, "/v1/posts?limit=1&fields=title,body"))[0]
    assert item.keys() == {"id", "title", "body"}


async def test_one_post_takes_fields_too(client, ada, write):
    post = await write(ada, status="published")
    response = await client.get(f"/v1/posts/{post['id']}?fields=slug")
    assert await response.json() == {"id": post["id"], "slug": post["slug"]}


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("limit=0", "invalid_parameter", "limit"),
        ("limit=101", "invalid_parameter", "limit"),
        ("limit=ten", "invalid_parameter", "limit"),
        ("sort=password", "invalid_parameter", "sort"),
        ("sort=-updated_at", "invalid_parameter", "sort"),
        ("tag=Not%20A%20Slug", "invalid_parameter", "tag"),
        ("featured=maybe", "invalid_parameter", "featured"),
        ("published_at[gte]=yesterday", "invalid_parameter", "published_at[gte]"),
        ("updated_at[gte]=2020-01-01T00:00:00Z", "invalid_parameter", "updated_at[gte]"),
        ("limit=1&limit=1", "invalid_parameter", "limit"),
        ("count=roughly", "invalid_parameter", "count"),
        ("tags=a", "unknown_parameter", "tags"),
        ("published_at[ne]=2020-01-01T00:00:00Z", "unknown_parameter", "published_at[ne]"),
        ("q[$ne]=1", "unknown_parameter", "q[$ne]"),
        ("fields=titel", "unknown_parameter", "fields"),
        ("fields=email", "unknown_parameter", "fields"),
    ],
)
async def test_bad_parameter_is_refused(client, query, code, parameter):
    response = await client.get(f"/v1/posts?{query}")
    assert response.status == 400
    problem = await response.json()
    assert (problem["code"], problem["errors"][0]["parameter"]) == (code, parameter)


async def test_unknown_parameter_names_the_nearest(client):
    problem = await (await client.get("/v1/posts?pubished_at[gte]=2020-01-01T00:00:00Z")).json()
    assert problem["errors"][0]["nearest"] == "published_at[gte]"


@pytest.mark.parametrize("query", ["zzz=1", "fields=zzz", "%00=1"])
async def test_unknown_parameter_names_the_nearest_however_far(client, query):
    error = (await (await client.get(f"/v1/posts?{query}")).json())["errors"][0]
    assert error["nearest"]
    assert "Did you mean" not in error["detail"]


async def test_cursor_belongs_to_its_filter_and_sort(client, shelf):
    cursor = (await (await client.get("/v1/posts?limit=1&tag=red")).json())["page"]["next"]
    assert (await client.get(f"/v1/posts?limit=3&tag=red&cursor={cursor}")).status == 200
    for other in ("", "&tag=blue", "&tag=red&sort=published_at", "&tag=red&lang=en"):
        response = await client.get(f"/v1/posts?limit=1{other}&cursor={cursor}")
        assert response.status == 400
        assert (await response.json())["code"] == "invalid_cursor"


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "a" * 500, "%00", "ü"])
async def test_bad_cursor_is_refused(client, cursor):
    response = await client.get(f"/v1/posts?cursor={cursor}")
    assert (response.status, (await response.json())["code"]) == (400, "invalid_cursor")


async def test_altered_cursor_is_refused(client, shelf):
    cursor = (await (await client.get("/v1/posts?limit=1")).json())["page"]["next"]
    for position in range(0, len(cursor), 7):
        altered = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        assert (await client.get(f"/v1/posts?limit=1&cursor={altered}")).status == 400


async def test_link_keeps_the_query(client, shelf):
    response = await client.get("/v1/posts?limit=1&tag=red&fields=title")
    query = parse_qs(urlsplit(str(response.links["next"]["url"])).query)
    assert {name: query[name] for name in ("limit", "tag", "fields")} == {
        "limit": ["1"],
        "tag": ["red"],
        "fields": ["title"],
    }


async def test_list_that_the_client_has_is_not_sent_again(client, shelf):
    first = await client.get("/v1/posts")
    again = await client.get("/v1/posts", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"]


async def test_other_statuses_need_credentials(client, shelf):
    assert (await client.get("/v1/posts?status=draft")).status == 401


@pytest.mark.parametrize(
    ("who", "query", "expected"),
    [
        ("ada", "status=draft", ["d1"]),
        ("ada", "status=draft,published", ["d1", "p2", "p1"]),
        ("ada", "status=draft,published&tag=red&limit=1", ["d1", "p2", "p1"]),
        ("ada", "status=draft,published&author=bob", []),
        ("bob", "status=draft", []),
        ("edith", "status=draft", ["d1"]),
        ("edith", "status=draft,published&author=bob,ada&sort=updated_at", ["p1", "p2", "p3", "p4", "d1"]),
        ("edith", "status=draft,published&updated_at[lt]=2000-01-01T00:00:00Z", []),
    ],
)
async def test_working_list_holds_what_the_caller_may_edit(client, shelf, ada, bob, editor, who, query, expected):
    person = {"ada": ada, "bob": bob, "edith": editor}[who]
    assert await titles(client, query, person.headers) == expected


async def test_own_posts_leave_out_the_trash_unless_asked(client, ada, write):
    kept, thrown = await write(ada, title="kept"), await write(ada, title="thrown")
    await client.delete(f"/v1/posts/{thrown['id']}", headers=matching(ada, thrown))
    assert [item["id"] for item in await walk(client, "/v1/me/posts", ada.headers)] == [kept["id"]]
    assert [item["id"] for item in await walk(client, "/v1/me/posts?status=trashed", ada.headers)] == [thrown["id"]]


async def test_list_that_is_repeated_is_the_one_with_commas(client, ada, write):
    for tags in (["a"], ["b"], ["c"]):
        await write(ada, tags=tags, status="published")
    repeated = await (await client.get("/v1/posts?tag=a&tag=b&fields=title&fields=tags")).json()
    assert {tag for item in repeated["items"] for tag in item["tags"]} == {"a", "b"}
    assert set(repeated["items"][0]) == {"id", "title", "tags"}
    first = await (await client.get("/v1/posts?tag=a,b&limit=1")).json()
    rest = await client.get(f"/v1/posts?tag=a&tag=b&limit=1&cursor={first['page']['next']}")
    assert len((await rest.json())["items"]) == 1


@pytest.mark.parametrize(
    "query", ["limit=1&limit=1", "sort=-published_at&sort=-published_at", "count=exact&count=exact"]
)
async def test_one_value_that_is_repeated_is_refused(client, query):
    response = await client.get(f"/v1/posts?{query}")
    assert response.status == 400
    assert [error["code"] for error in (await response.json())["errors"]] == ["repeated"]


async def test_plus_that_became_a_blank_is_explained(client):
    said = [
        (await (await client.get(URL(f"/v1/posts?published_at[gte]={moment}", encoded=True))).json())["errors"][0][
            "detail"
        ]
        for moment in ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00+99:99", "yesterday")
    ]
    assert ["%2B" in detail for detail in said] == [True, False, False]
    moment = "2026-01-01T00:00:00%2B02:00"
    assert (await client.get(URL(f"/v1/posts?published_at[gte]={moment}", encoded=True))).status == 200
