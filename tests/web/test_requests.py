"""What comes in: bodies, media types, methods, ids; and the order in which errors are named."""

import io
import json
import re

import pytest
from yarl import URL

from tests.conftest import PASSWORD, matching

JSON = {"Content-Type": "application/json"}


async def post(client, ada, body, headers=JSON):
    return await client.post("/v1/posts", data=body, headers={**ada.headers, **headers})


@pytest.mark.any_driver
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"title": "a", "title": "b"}',
        b'{"title": NaN}',
        b'{"title": 1e999}',
        b'{"title": 9223372036854775808}',
        b'{"title": ' + b"9" * 400 + b"}",
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b"[" * 33 + b"]" * 33,
        b"[" * 5000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"'{}'",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_malformed_json_is_refused(client, ada, body):
    response = await post(client, ada, body)
    assert response.status == 400
    assert (await response.json())["code"] == "malformed_json"


@pytest.mark.parametrize("value", [1.0, 9223372036854775807, "\U0001f600", [[[[]]]]])
async def test_unusual_but_valid_json_is_read(client, ada, value):
    response = await post(client, ada, json.dumps({"title": "T", "custom": {"a": value}}).encode())
    assert response.status == (201 if not isinstance(value, list) else 422)


@pytest.mark.any_driver
@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b""])
async def test_body_that_is_no_object_is_refused(client, ada, body):
    response = await client.post("/v1/auth/login", data=body, headers=JSON)
    assert response.status == 422


@pytest.mark.any_driver
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/merge-patch+json"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_other_media_types_are_refused(client, ada, headers):
    response = await post(client, ada, b"{}", headers)
    assert response.status == 415
    assert (await response.json())["code"] == "unsupported_media_type"


async def test_charset_utf_8_is_accepted(client, ada):
    response = await post(client, ada, b'{"title": "T"}', {"Content-Type": "application/json; charset=UTF-8"})
    assert response.status == 201


@pytest.mark.any_driver
@pytest.mark.parametrize("chunked", [False, True])
async def test_body_over_2_mib_is_refused(client, ada, chunked):
    body = b'{"title": "' + b"x" * (2 * 1024 * 1024) + b'"}'

    async def pieces():
        yield body

    response = await client.post(
        "/v1/posts", data=pieces() if chunked else io.BytesIO(body), headers={**ada.headers, **JSON}
    )
    assert response.status == 413
    assert (await response.json())["code"] == "too_large"


async def test_unknown_path_is_a_problem_document(client):
    response = await client.get("/v1/nonsense")
    assert response.status == 404
    assert response.content_type == "application/problem+json"
    problem = await response.json()
    assert problem["type"] == "/docs/problems/not_found"
    assert problem["instance"] == "/v1/nonsense"
    assert problem["request_id"] == response.headers["X-Request-Id"]


async def test_wrong_method_says_which_are_right(client):
    response = await client.put("/v1/posts", json={})
    assert response.status == 405
    assert (
        response.headers["Allow"] == "GET, HEAD, OPTIONS, POST" == (await client.options("/v1/posts")).headers["Allow"]
    )
    assert (await response.json())["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/posts", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/v1/posts/abc/publish", {"POST", "OPTIONS"}),
        ("/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_options_says_what_is_possible(client, path, methods):
    response = await client.options(path)
    assert response.status == 204
    assert set(response.headers["Allow"].split(", ")) == methods
    assert await response.read() == b""


async def test_options_of_nothing_is_not_found(client):
    assert (await client.options("/v1/nonsense")).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH"])
@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/v1/posts/", "/v1/posts"),
        ("/v1/posts//?tag=a%20b&x=/", "/v1/posts?tag=a%20b&x=/"),
        ("/v1/posts/by-slug/caf%C3%A9/", "/v1/posts/by-slug/caf%C3%A9"),
        ("/healthz/", "/healthz"),
    ],
)
async def test_slash_at_the_end_leads_to_the_address_without(client, method, path, location):
    response = await client.request(method, URL(path, encoded=True), allow_redirects=False)
    assert response.status == 308
    assert response.headers["Location"] == location


@pytest.mark.parametrize("bad", ["x", "0" * 24, "z" * 24, "$ne", "%00", "..%2f..", "a" * 300])
async def test_id_that_belongs_to_nothing_is_not_found(client, ada, bad):
    assert (await client.get(f"/v1/posts/{bad}", headers=ada.headers)).status == 404
    assert (await client.get(f"/v1/posts/by-slug/{bad}")).status == 404


async def test_head_is_get_without_the_body(client, ada, write):
    post = await write(ada, status="published")
    get, head = await client.get(f"/v1/posts/{post['id']}"), await client.head(f"/v1/posts/{post['id']}")
    assert head.status == 200
    assert await head.read() == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize("tag", ["{0}", "W/{0}", '"other", {0}', "*"])
async def test_what_the_client_has_is_not_sent_again(client, ada, write, tag):
    post = await write(ada, status="published")
    etag = (await client.get(f"/v1/posts/{post['id']}")).headers["ETag"]
    response = await client.get(f"/v1/posts/{post['id']}", headers={"If-None-Match": tag.format(etag)})
    assert response.status == 304
    assert response.headers["ETag"] == etag


@pytest.mark.parametrize(
    "sane",
    [
        "1",
        "from-the-front-end.1",
        "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8",
        "AAABk+/8Zg==",
        "a" * 128,
    ],
    ids=lambda text: text[:24],
)
async def test_caller_may_choose_a_sane_request_id(client, sane):
    response = await client.get("/v1/posts", headers={"X-Request-Id": sane})
    assert response.headers["X-Request-Id"] == sane


@pytest.mark.parametrize("bad", ["", "with space", "a" * 129, "<script>", 'a"b', "a\\b", "\u00e9"])
async def test_request_id_that_is_not_sane_is_replaced(client, bad):
    response = await client.get("/v1/posts", headers={"X-Request-Id": bad})
    assert re.fullmatch("[0-9a-f]{16}", response.headers["X-Request-Id"])


async def test_errors_are_named_in_the_order_of_the_contract(client, ada, bob, write):
    """Each request has all the faults of those after it; the first one is told."""
    post = await write(ada)
    path, stale = f"/v1/posts/{post['id']}", {"If-Match": '"9-00"'}
    bad = {"title": 3}

    async def status(headers, **body):
        return (await client.patch(path, headers=headers, **body)).status

    assert await status({"Content-Type": "text/plain"}, data=b"{") == 415
    assert await status(JSON, data=b"{") == 400
    assert await status({}, json=bad) == 401
    assert await status(bob.headers, json=bad) == 404
    published = await client.post(f"{path}/publish", headers=matching(ada, post))
    assert published.status == 200
    assert await status(bob.headers, json=bad) == 403
    assert await status(ada.headers, json=bad) == 422
    assert await status(ada.headers, json={}) == 428
    assert await status({**ada.headers, **stale}, json={"slug": "x"}) == 412


async def test_unexpected_error_tells_nothing_of_its_cause(client, ada, database, write):
    post = await write(ada, status="published")
    await database["posts"].update_one({}, {"$set": {"live.authors": 7}})
    response = await client.get(f"/v1/posts/{post['id']}")
    assert response.status == 500
    problem = await response.json()
    assert problem["code"] == "internal"
    assert "int" not in problem["detail"]


async def test_unexpected_error_is_logged_with_its_route_only(client, ada, database, write, caplog):
    post = await write(ada, status="published")
    await database["posts"].update_one({}, {"$set": {"live.authors": 7}})
    await client.get(f"/v1/posts/{post['id']}")
    assert "unexpected error in GET /v1/posts/{id}" in caplog.messages


async def test_every_answer_carries_the_security_headers(client):
    for path in ("/v1/posts", "/v1/nonsense", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "blogapi"
        assert "Origin" in headers["Vary"].split(", ")


@pytest.mark.parametrize("path", ["/v1/nonsense", "/v1/me"])
async def test_errors_are_not_kept_by_caches(client, path):
    assert (await client.get(path)).headers["Cache-Control"] == "private, no-store"


async def test_pages_of_others_may_embed_what_is_public(client, ada, write):
    post = await write(ada, status="published")
    policies = {
        path: (await client.get(path, headers=headers)).headers["Cross-Origin-Resource-Policy"]
        for path, headers in ((f"/v1/posts/{post['id']}", {}), ("/v1/me", ada.headers), ("/v1/nonsense", {}))
    }
    assert list(policies.values()) == ["cross-origin", "same-origin", "same-origin"]


async def test_password_never_comes_back(client, ada):
    for path in ("/v1/me",):
        assert PASSWORD not in await (await client.get(path, headers=ada.headers)).text()
