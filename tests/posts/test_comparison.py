"""What changed from one revision to another."""

import asyncio
import os
import signal

import pytest

from blogapi.pool import renderer as module
from blogapi.pool.renderer import LONG_TEXTS, SHORT_BYTES
from blogapi.wiring import SERVICES
from tests.conftest import until
from tests.posts.steps import edit


async def diff(client, who, post, number=1, query=""):
    return await client.get(f"/v1/posts/{post['id']}/revisions/{number}/diff{query}", headers=who.headers)


async def fields_of(client, who, post, number=1, query=""):
    response = await diff(client, who, post, number, query)
    assert response.status == 200
    return {field.pop("name"): field for field in (await response.json())["fields"]}


async def test_what_changed_is_told_field_by_field(client, ada, bob, write):
    before = {
        "title": "An old dog",
        "body": "One.\n\nTwo 😀 three.\n",
        "tags": ["a", "b"],
        "custom": {"a": 1, "b": {"c": [1]}},
    }
    post = await write(ada, slug="dog", lang="en", **before)
    after = {
        "title": "A new dog",
        "body": "One.\n\nTwo 😀 four.\n",
        "tags": ["b", "c"],
        "custom": {"a": True, "b": {"c": [1], "d": 0}, "f": 0},
        "authors": [ada.id, bob.id],
        "lang": "de",
        "seo": {"noindex": True},
        "cover": {"url": "https://example.org/a.png"},
    }
    await edit(client, ada, post, **after)
    found = await fields_of(client, ada, post)
    assert found["title"] == {
        "before": "An old dog",
        "after": "A new dog",
        "spans": [{"op": "replace", "from": [0, 6], "to": [0, 5]}],
        "coarse": False,
    }
    assert found["body"] == {
        "unified": "--- 1/body\n+++ 2/body\n@@ -1,3 +1,3 @@\n One.\n \n-Two 😀 three.\n+Two 😀 four.\n",
        "spans": [{"op": "replace", "from": [12, 17], "to": [12, 16]}],
        "coarse": False,
    }
    assert found["tags"] == {"before": ["a", "b"], "after": ["b", "c"], "added": ["c"], "removed": ["a"]}
    assert [author["username"] for author in found["authors"].pop("after")] == ["ada", "bob"]
    assert (found["authors"]["added"], found["authors"]["removed"]) == ([bob.id], [])
    assert found["lang"] == {"before": "en", "after": "de"}
    assert found["custom"]["changed"] == ["/a", "/b/d", "/f"]
    assert found["seo"]["changed"] == ["/noindex"]
    assert found["cover"]["changed"] == [""]
    assert found.keys() == after.keys()


async def test_any_two_revisions_are_compared(client, ada, write):
    post = await write(ada, excerpt="1")
    post = await edit(client, ada, post, excerpt="2")
    post = await edit(client, ada, post, excerpt="3", title="Another")
    for number, query, expected in ((1, "", [1, 3]), (3, "?to=1", [3, 1]), (2, "?to=1", [2, 1]), (2, "?to=2", [2, 2])):
        answer = await (await diff(client, ada, post, number, query)).json()
        assert [answer["from"], answer["to"]] == expected
        excerpts = [(f["before"], f["after"]) for f in answer["fields"] if f["name"] == "excerpt"]
        assert excerpts == ([] if expected[0] == expected[1] else [tuple(str(number) for number in expected)])
    assert await fields_of(client, ada, post, 2, "?to=2") == {}


async def test_comparison_has_an_etag(client, ada, write):
    post = await write(ada)
    first = await diff(client, ada, post)
    again = await client.get(first.url.path, headers={**ada.headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status, first.headers["Cache-Control"]) == (304, "private, no-store")


async def test_revision_that_never_was_cannot_be_compared(client, ada, write):
    post = await write(ada)
    for number, query in ((2, ""), (0, ""), (1, "?to=2"), (1, "?to=0")):
        assert (await diff(client, ada, post, number, query)).status == 404
    for query in ("?to=x", "?to=-1", "?to=1&to=1", "?from=1"):
        assert (await diff(client, ada, post, 1, query)).status == 400


async def test_comparisons_are_for_authors_and_editors(client, ada, bob, editor, write):
    published, draft = await write(ada, status="published"), await write(ada)
    assert (await client.get(f"/v1/posts/{published['id']}/revisions/1/diff")).status == 401
    assert (await diff(client, bob, published)).status == 403
    assert (await diff(client, bob, draft)).status == 404
    assert (await diff(client, editor, draft)).status == 200


async def test_comparison_shows_authors_under_their_present_names(client, sign_up, ada, admin, editor, write):
    hypatia = await sign_up("hypatia")
    post = await edit(client, editor, await write(hypatia), authors=[ada.id])
    assert (await client.delete(f"/v1/users/{hypatia.id}", headers=admin.headers)).status == 204
    answer = await (await diff(client, editor, post)).text()
    assert hypatia.id in answer
    assert "hypatia" not in answer.lower()


@pytest.fixture
def slow(client, monkeypatch):
    """All that is asked is answered in the end, however slow the machine is."""
    client.app[SERVICES].renderer._long._patience_seconds = 300
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 300)


@pytest.mark.usefixtures("slow")
async def test_texts_that_take_too_long_to_compare_are_refused(client, ada, write):
    post = await write(ada, body="a b " * SHORT_BYTES)
    post = await edit(client, ada, post, body="b a a " * SHORT_BYTES)
    client.app[SERVICES].renderer._cpu_seconds = 0.02
    response = await diff(client, ada, post)
    assert (response.status, (await response.json())["code"]) == (422, "too_long_to_compare")
    client.app[SERVICES].renderer._cpu_seconds = 60
    found = await fields_of(client, ada, post)
    assert found["body"]["coarse"]


@pytest.mark.usefixtures("slow")
async def test_readers_do_not_wait_for_comparisons(client, ada, bob, write):
    post = await write(ada, body="a" * SHORT_BYTES, status="published")
    post = await edit(client, ada, post, body="b" * SHORT_BYTES, authors=[ada.id, bob.id])
    LONG_TEXTS.start()
    stopped, idle = LONG_TEXTS.pids, len(LONG_TEXTS._idle)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)  # slower than any comparison
    try:
        asked = [asyncio.create_task(diff(client, (ada, bob)[number % 2], post)) for number in range(20)]
        await until(lambda: len(LONG_TEXTS._idle) < idle)
        assert (await client.get(f"/v1/posts/{post['id']}")).status == 200
        await write(bob, body="Short.")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert {response.status for response in await asyncio.gather(*asked)} == {200}
