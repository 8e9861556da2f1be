"""Headers as nobody should send them, and what must not become of them."""

import json
import re

import pytest
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from blogapi.paging.cursors import link_header
from tests.conftest import PASSWORD, matching
from tests.servers import raw

ODD = [b"M\xfcller", b"M\xc3\xbcller", b"\xff\xfe\x80", b"\xed\xa0\x80"]


def escaped(raw_bytes):
    return b"".join(b"%%%02X" % byte for byte in raw_bytes)


@pytest.fixture
def exchange(client):
    """Send a request whose head is bytes; the status and the body: `await exchange("GET", "/", {"X-A": b"b"})`."""

    async def exchange(method, path, headers, body=b""):
        lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers.items())
        head = f"{method} ".encode() + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + lines
        head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        async with raw(f"http://127.0.0.1:{client.port}") as connection:
            await connection.write(head + body)
            answer = ""
            while more := await connection.answer():
                answer += more
        head, _, content = answer.partition("\r\n\r\n")
        return int(head.split()[1]), head, content

    return exchange


@pytest.mark.parametrize("odd", ODD)
async def test_token_of_odd_bytes_is_refused(exchange, odd):
    status, _, content = await exchange("GET", b"/v1/me", {"Authorization": b"Bearer " + odd})
    assert status == 401
    assert json.loads(content)["code"] == "unauthenticated"


@pytest.mark.parametrize("odd", ODD)
async def test_device_of_odd_bytes_signs_in(exchange, ada, database, odd):
    body = json.dumps({"login": "ada", "password": PASSWORD}).encode()
    status, _, content = await exchange("POST", b"/v1/auth/login", {"User-Agent": odd}, body)
    assert status == 200, content
    is_name = odd in ODD[:2]
    assert (await database["sessions"].count_documents({"device": "Müller"})) == is_name


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "name",
    ["X-Request-Id", "Origin", "If-Match", "If-None-Match", "Cookie", "X-Forwarded-For", "Referer", "Sec-Fetch-Site"],
)
async def test_odd_bytes_in_other_headers_break_nothing(exchange, ada, write, odd, name):
    post = await write(ada, status="published")
    value = b"session=" + odd if name == "Cookie" else odd
    status, head, _ = await exchange("GET", f"/v1/posts/{post['id']}".encode(), {name: value})
    assert status == 200
    assert head.isascii()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", b"/v1/posts?author=%s"),
        ("GET", b"/v1/posts?author=%s&limit=1"),
        ("GET", b"/v1/posts?tag=%s"),
        ("GET", b"/v1/posts?fields=%s"),
        ("GET", b"/v1/posts?%s=1"),
        ("GET", b"/v1/posts?cursor=%s"),
        ("GET", b"/v1/posts/%s"),
        ("GET", b"/v1/posts/by-slug/%s"),
        ("GET", b"/v1/users/by-username/%s"),
        ("GET", b"/%s"),
        ("PUT", b"/v1/posts/%s"),
    ],
)
@pytest.mark.parametrize("is_escaped", [False, True])
async def test_odd_bytes_in_the_target_are_answered(exchange, method, path, odd, is_escaped):
    status, head, _ = await exchange(method, path % (escaped(odd) if is_escaped else odd), {})
    assert status in (200, 400, 404, 405)
    assert head.isascii()


@pytest.mark.parametrize(
    "path",
    [b"//", b"//evil.example/", b"//evil.example/v1/posts/", b"/v1/nonsense/", b"/%5Cevil.example/", b"/\\evil/"],
)
async def test_slash_at_the_end_leads_to_no_other_host(exchange, path):
    status, head, _ = await exchange("GET", path, {})
    assert status == 404
    assert "Location" not in head


@pytest.mark.parametrize("odd", ODD)
async def test_slash_behind_odd_bytes_leads_to_the_same_address(exchange, odd):
    status, head, _ = await exchange("GET", b"/v1/posts/by-slug/" + escaped(odd) + b"/?a=" + escaped(odd), {})
    assert status == 308
    assert f"Location: /v1/posts/by-slug/{escaped(odd).decode()}?a={escaped(odd).decode()}\r\n" in head


@pytest.mark.parametrize("key", [b"", b"with space", b"x" * 256, b"\xff"])
async def test_bad_idempotency_key_is_told_before_anything_else(exchange, key):
    status, _, content = await exchange("POST", b"/v1/posts", {"Idempotency-Key": key})
    assert status == 400
    assert "Idempotency-Key" in json.loads(content)["detail"]


@pytest.mark.parametrize("path", ["/v1/posts?status=draft", "/v1/me/posts?", "/v1/posts/0/revisions?"])
async def test_bad_cursor_is_told_before_who_asks(client, path):
    response = await client.get(f"{path}&cursor=bad")
    assert response.status == 400
    assert (await response.json())["code"] == "invalid_cursor"


async def test_link_is_percent_encoded(client, admin, sign_up):
    for name in ("ada", "bob"):
        await sign_up(name)
    response = await client.get("/v1/users?view=admin&limit=1&fields=%20username,%20email", headers=admin.headers)
    link = response.headers["Link"]
    assert link.startswith("</v1/users?view=admin&limit=1&fields=+username%2C+email&cursor=")
    following = await client.get(link[1 : link.index(">")], headers=admin.headers)
    assert following.status == 200


@pytest.mark.parametrize("odd", [*map(escaped, ODD), b"%0D%0AX-A:b", b"a%E2%80%A8b", b"%3E;a=%22"])
async def test_link_with_odd_bytes_leads_to_the_next_page(client, ada, write, exchange, odd):
    for _ in range(2):
        await write(ada, status="published")
    status, head, _ = await exchange("GET", b"/v1/posts?limit=1&author=ada," + odd, {})
    assert status == 200
    assert head.isascii()
    link = re.search("^Link: <([!-~]+)>", head, re.MULTILINE)[1]
    status, _, content = await exchange("GET", link.encode(), {})
    assert status == 200
    assert len(json.loads(content)["items"]) == 1


def test_link_holds_what_another_parser_lets_through():
    target = URL.build(path="/v1/posts", query_string="author=\udcff", encoded=True)
    request = make_mocked_request("GET", "/").clone(rel_url=target)
    assert link_header(request, "here") == '</v1/posts?author=%FF&cursor=here>; rel="next"'


async def test_known_etag_counts_in_any_of_the_headers(client, ada, write, exchange):
    post = await write(ada, status="published")
    etag = (await client.get(f"/v1/posts/{post['id']}")).headers["ETag"].encode()
    one_header = b'"other"\r\nIf-None-Match: ' + etag
    assert (await exchange("GET", f"/v1/posts/{post['id']}".encode(), {"If-None-Match": one_header}))[0] == 304


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/auth/login"])
async def test_null_is_not_the_absence_of_a_body(client, ada, path):
    response = await client.post(path, data=b"null", headers={**ada.headers, "Content-Type": "application/json"})
    assert response.status == 422
    assert [(error["pointer"], error["code"]) for error in (await response.json())["errors"]] == [("", "invalid_type")]


async def test_change_without_a_body_is_refused(client, ada, write):
    post = await write(ada)
    response = await client.patch(f"/v1/posts/{post['id']}", headers=matching(ada, post))
    assert response.status == 400
    assert (await response.json())["code"] == "malformed_json"


async def test_post_without_a_body_takes_the_defaults(client, ada):
    assert (await client.post("/v1/posts", headers=ada.headers)).status == 201
