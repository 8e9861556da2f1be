"""What one request may cost: bodies, numbers of errors, pages of long items."""

import asyncio
import subprocess
import sys

import pytest

from blogapi.paging import cursors
from blogapi.paging import keyset as paging
from tests.contract import codes, pointers
from tests.servers import LONG, ROOT

KIB = 1024
SMALL = ("/v1/auth/login", "/v1/auth/refresh", "/v1/auth/register", "/v1/users", "/v1/posts/0/publish")


@pytest.mark.any_driver
@pytest.mark.parametrize("path", SMALL)
async def test_small_things_take_small_bodies(client, path):
    response = await client.post(path, json={"x": "y" * 64 * KIB})
    assert response.status == 413
    assert "64 KiB" in (await response.json())["detail"]


@pytest.mark.any_driver
async def test_body_of_unknown_length_is_bounded_by_the_route(client):
    async def pieces():
        for _ in range(80):
            yield b" " * KIB

    response = await client.post("/v1/auth/login", data=pieces(), headers={"Content-Type": "application/json"})
    assert response.status == 413


async def test_long_body_is_read_and_checked_like_a_short_one(client, ada):
    response = await client.post("/v1/posts", json={"title": 7, "body": "word " * 40 * KIB}, headers=ada.headers)
    assert response.status == 422
    assert codes(await response.json()) == {("/title", "invalid_type")}
    response = await client.post("/v1/posts", json={"title": "T", "body": "word " * 40 * KIB}, headers=ada.headers)
    assert response.status == 201


@pytest.mark.any_driver
@pytest.mark.parametrize("nest", [lambda unknown: unknown, lambda unknown: {"seo": unknown}])
async def test_some_of_very_many_unknown_fields_are_named(client, ada, nest):
    unknown = {f"unknown-{number}": 1 for number in range(1_000)}
    response = await client.post("/v1/posts", json=nest(unknown), headers=ada.headers)
    assert response.status == 422
    problem = await response.json()
    assert len(problem["errors"]) == 100
    assert {error["code"] for error in problem["errors"]} == {"unknown_field"}
    assert "first 100" in problem["detail"]


@pytest.mark.any_driver
async def test_items_of_an_array_that_is_too_long_are_not_looked_at(client, ada):
    response = await client.post("/v1/posts", json={"tags": [1] * 20_000}, headers=ada.headers)
    assert response.status == 422
    assert codes(await response.json()) == {("/tags", "too_long")}


def members(count, first=0):
    return ",".join(f'"a{number}":0' for number in range(first, first + count))


MANY = {
    "arrays": ("[[]" + ",[]" * 20_000 + "]", "arrays and objects"),
    "arrays that do not end": ('[{}, "\\"' + "[" * 30_000, None),
    "values": ("[0" + ",0" * 20_001 + "]", "values"),
    "members of one object": (f"{{{members(1_001)}}}", "an object has more than 1,000 members"),
    "members": ("[" + ",".join(f"{{{members(20)}}}" for _ in range(1_001)) + "]", "members"),
    "members beside texts": (
        '["\\\\","' + ":" * 9 + '",' + ",".join(f"{{{members(999)}}}" for _ in range(21)) + "]",
        "members",
    ),
    "members of which there is a second one": (f'{{{members(30_000)}, "a0": 1}}', "members"),
}


@pytest.mark.any_driver
@pytest.mark.parametrize("what", MANY)
async def test_body_with_too_much_in_it_is_not_read(client, ada, what):
    many, why = MANY[what]
    headers = {**ada.headers, "Content-Type": "application/json"}
    response = await client.post("/v1/posts", data=f'{{"custom": {{"a": {many}}}}}', headers=headers)
    assert response.status == 400
    problem = await response.json()
    assert problem["code"] == "malformed_json"
    assert why is None or why in problem["detail"]


async def test_as_much_as_may_be_in_a_body_is_read(client, ada):
    full = ",".join(f"{{{members(1_000)}}}" for _ in range(19))
    body = f'{{"unknown": [{full}, {{{members(900)}}}]}}'
    headers = {**ada.headers, "Content-Type": "application/json"}
    response = await client.post("/v1/posts", data=body, headers=headers)
    assert codes(await response.json()) == {("/unknown", "unknown_field")}


@pytest.mark.parametrize("text", ['\\"[{', "\\:,", '\\\\":', '",:"[', "\\"], ids=repr)
async def test_marks_in_a_text_are_only_text(client, ada, text):
    post = {"body_format": "html", "body": text * 30_000}
    response = await client.post("/v1/posts", json=post, headers=ada.headers)
    assert response.status == 201


async def test_all_of_a_few_wrong_fields_are_named(client, ada):
    wrong = {"title": 1, "tags": ["A B", 7], "seo": {"x": 1}, "y": 2}
    problem = await (await client.post("/v1/posts", json=wrong, headers=ada.headers)).json()
    assert pointers(problem) == {"/title", "/tags/0", "/tags/1", "/seo/x", "/y"}
    assert "first" not in problem["detail"]


async def pages(client, path, headers):
    """The ids of each page, following the cursors."""
    found, cursor = [], ""
    while cursor is not None:
        answer = await (await client.get(path + cursor, headers=headers)).json()
        found.append([item["id"] for item in answer["items"]])
        cursor = answer["page"]["next"] and f"&cursor={answer['page']['next']}"
    return found


@pytest.mark.parametrize("path", ["/v1/posts?", "/v1/me/posts?"])
@pytest.mark.parametrize(
    ("module", "bound", "most", "sizes"),
    [
        (cursors, "_PAGE_BYTES", 2500, [2, 2, 1]),
        (cursors, "_PAGE_BYTES", 500, [1] * 5),
        (cursors, "_PAGE_BYTES", 100_000, [5]),
        (paging, "_MOST_HELD", 500, [1] * 5),
        (paging, "_MOST_HELD", 100_000, [5]),
    ],
)
async def test_page_of_long_items_ends_early(client, ada, write, monkeypatch, path, module, bound, most, sizes):
    monkeypatch.setattr(module, bound, most)
    written = [(await write(ada, title=f"Post {n}", body="x" * KIB, status="published"))["id"] for n in range(5)]
    found = await pages(client, f"{path}fields=body&limit=100", ada.headers)
    assert [len(page) for page in found] == sizes
    assert [post_id for page in found for post_id in page] == written[::-1]


def test_odd_address_is_refused_in_no_time():
    """In another process, since it would take hours if there were many ways to read it."""
    ask = "from blogapi.web.fields import Url; Url().deserialize('https://a/' + '?#' * 30000 + ' ')"
    ran = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, timeout=60, check=False, capture_output=True, text=True)
    assert "ValidationError" in ran.stderr


def long_post(size=1000 * KIB):
    return {"title": "T", "excerpt": "x" * size}


HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {type}\r\n{more}\r\n"


async def send_beginning(client, *more, path="/v1/posts", type="application/json", size=64 * KIB):
    """Send so much of a long body and no more, and read what is answered to that."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    lines = "".join(f"{line}\r\n" for line in more)
    writer.write(HEAD.format(path=path, type=type, more=lines).encode())
    if "Transfer-Encoding: chunked" in more:
        writer.write(b"%x\r\n" % (size + 1))
    writer.write(b" " * size)
    await writer.drain()
    async with asyncio.timeout(LONG):
        status = await reader.readline()
    writer.close()
    return int(status.split()[1])


ANNOUNCED, CHUNKED = f"Content-Length: {2000 * KIB}", "Transfer-Encoding: chunked"


@pytest.mark.any_driver
@pytest.mark.parametrize("credential", [None, "Authorization: Bearer nonsense", "Cookie: session=nonsense"])
@pytest.mark.parametrize(("length", "size"), [(ANNOUNCED, 0), (ANNOUNCED, 64 * KIB), (CHUNKED, 64 * KIB + 1)])
async def test_who_is_nobody_is_told_so_before_a_long_body_is_read(client, credential, length, size):
    lines = [length] + [credential] * (credential is not None)
    assert await send_beginning(client, *lines, size=size) == 401


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 401),
        ({"path": "/v1/posts?unknown=1"}, 400),
        ({"path": "/v1/posts/0/publish"}, 413),
        ({"type": "text/plain"}, 415),
        ({"path": "/v1/nothing"}, 404),
    ],
)
async def test_errors_of_a_long_body_come_in_the_usual_order(client, more, status):
    assert await send_beginning(client, ANNOUNCED, size=0, **more) == status


async def test_too_long_a_body_is_told_so_before_anything_else(client):
    assert await send_beginning(client, f"Content-Length: {3000 * KIB}", size=0) == 413
    assert await send_beginning(client, CHUNKED, size=65 * KIB, path="/v1/auth/login") == 413


async def test_answer_reaches_who_sends_all_of_a_long_body_all_the_same(client, ada):
    response = await client.post("/v1/posts", json=long_post())
    assert response.status == 401
    response = await client.post("/v1/posts", json=long_post(), headers=ada.headers)
    assert codes(await response.json()) == {("/excerpt", "too_long")}


async def test_long_body_in_pieces_is_read_from_who_is_signed_in(client, ada):
    async def pieces():
        yield b'{"title": "T", "body": "'
        for _ in range(300):
            yield b"word " * 200
        yield b'"}'

    headers = {**ada.headers, "Content-Type": "application/json"}
    response = await client.post("/v1/posts", data=pieces(), headers=headers)
    assert response.status == 201
    assert (await response.json())["body"] == "word " * 60_000
