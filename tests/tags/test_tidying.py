"""What editors do with tags, and how posts, readers and writers follow."""

import pytest

from blogapi.posts.checks import post_checks
from blogapi.wiring import SERVICES
from tests.conftest import matching, until, with_etag


async def problems(client):
    """What the doctor finds."""
    checks = post_checks(client.app[SERVICES])
    looks = (checks.former_tags, checks.tag_counts, checks.author_counts, checks.uncounted)
    return [problem.description for look in looks async for problem in look()]


@pytest.fixture
def tag(client, editor):
    """A tag with its ETag, as the editor sees it."""

    async def tag(slug):
        return await with_etag(await client.get(f"/v1/tags/{slug}", headers=editor.headers))

    return tag


@pytest.fixture
def tidy(client, editor, tag):
    """Send a change of a tag as the editor; returns the answer."""

    async def tidy(method, slug, body=None, end=""):
        headers = matching(editor, await tag(slug))
        return await client.request(method, f"/v1/tags/{slug}{end}", json=body, headers=headers)

    return tidy


@pytest.fixture
def rename(tidy):
    async def rename(slug, to):
        response = await tidy("PATCH", slug, {"slug": to})
        assert response.status == 200, await response.text()
        return await with_etag(response)

    return rename


@pytest.fixture
def merge(tidy):
    async def merge(slug, into):
        response = await tidy("POST", slug, {"into": into}, "/merge")
        assert response.status == 200, await response.text()
        return await with_etag(response)

    return merge


async def read(client, who, post, query="?view=working"):
    return await with_etag(await client.get(f"/v1/posts/{post['id']}{query}", headers=who.headers))


async def titles(client, query, headers=None):
    response = await client.get(f"/v1/posts?{query}", headers=headers or {})
    assert response.status == 200
    return sorted(post["title"] for post in (await response.json())["items"])


async def shown(client, slug):
    """The count of a tag as readers see it; None when they do not see it."""
    response = await client.get(f"/v1/tags/{slug}", allow_redirects=False)
    return (await response.json())["post_count"] if response.status == 200 else None


async def leads_to(client, slug):
    response = await client.get(f"/v1/tags/{slug}", allow_redirects=False)
    assert response.status == 301
    return response.headers["Location"].rpartition("/")[2]


async def test_tag_gets_a_name_and_a_description(client, ada, write, tidy, tag):
    post = await write(ada, tags=["js"], status="published")
    response = await tidy("PATCH", "js", {"name": " JavaScript ", "description": "In browsers."})
    assert response.status == 200
    changed = await with_etag(response)
    assert (changed["name"], changed["description"], changed["slug"], changed["version"]) == (
        "JavaScript",
        "In browsers.",
        "js",
        2,
    )
    assert (await tag("js"))["name"] == "JavaScript"
    assert (await read(client, ada, post))["version"] == post["version"]  # nothing of it is in the post
    again = await tidy("PATCH", "js", {"name": "JavaScript"})
    assert (await again.json())["version"] == 2


async def test_stale_change_is_told_what_changed(client, editor, ada, write, tidy, tag):
    await write(ada, tags=["js"], status="published")
    old = await tag("js")
    await tidy("PATCH", "js", {"name": "JavaScript"})
    for method, end, body in (("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/merge", {"into": "js2"})):
        if end:
            await write(ada, tags=["js2"], status="published")
        response = await client.request(method, f"/v1/tags/js{end}", json=body, headers=matching(editor, old))
        assert response.status == 412
        assert (await response.json())["changed"] == ["name"]
        response = await client.request(method, f"/v1/tags/js{end}", json=body, headers=editor.headers)
        assert response.status == 428


@pytest.mark.parametrize("fields", [{"slug": "Not a slug"}, {"name": ""}, {"name": "x" * 101}, {"description": None}])
async def test_bad_field_is_refused(ada, write, tidy, fields):
    await write(ada, tags=["js"], status="published")
    response = await tidy("PATCH", "js", fields)
    assert response.status == 422
    assert [each["pointer"] for each in (await response.json())["errors"]] == [f"/{next(iter(fields))}"]


@pytest.mark.parametrize(("method", "end"), [("PATCH", ""), ("DELETE", ""), ("POST", "/merge")])
async def test_only_editors_change_tags(client, ada, write, method, end):
    await write(ada, tags=["js"], status="published")
    for slug, status in (("js", 403), ("nonesuch", 404)):
        response = await client.request(method, f"/v1/tags/{slug}{end}", json={}, headers=ada.headers)
        assert response.status == status


async def test_posts_follow_a_renamed_tag_and_former_slugs_lead_there(client, ada, editor, write, rename):
    live = await write(ada, title="Live", tags=["web", "js", "tools"], status="published")
    draft = await write(ada, title="Draft", tags=["js"])
    hidden = await write(ada, title="Hidden", tags=["js"], status="published", visibility="private")
    tag = await rename("js", "javascript")
    assert (tag["slug"], tag["post_count"], tag["version"]) == ("javascript", 1, 2)
    public = await read(client, ada, live, "")
    assert (public["tags"], public["version"]) == (["web", "javascript", "tools"], 2)
    assert public["updated_at"] == public["published_at"]  # nobody has written anything
    for post in (live, draft, hidden):
        now = await read(client, ada, post)
        assert "javascript" in now["tags"]
        assert "js" not in now["tags"]
        assert (now["version"], now["working_revision"], now["updated_at"]) == (2, 1, post["updated_at"])
        assert not now["has_unpublished_changes"]
    response = await client.patch(f"/v1/posts/{draft['id']}", json={"title": "T"}, headers=matching(ada, draft))
    assert (response.status, (await response.json())["changed"]) == (412, ["tags"])
    assert await leads_to(client, "js") == "javascript"
    assert (await with_etag(await client.get("/v1/tags/js")))["slug"] == "javascript"
    for slug in ("js", "javascript", "js,javascript"):
        assert await titles(client, f"tag={slug}") == ["Live"]
    assert await titles(client, "tag=js&status=draft,published", ada.headers) == ["Draft", "Hidden", "Live"]
    assert await problems(client) == []


async def test_slug_that_leads_elsewhere_is_saved_as_the_present_one(client, ada, write, rename):
    await write(ada, tags=["js"], status="published")
    await rename("js", "javascript")
    await rename("javascript", "ecmascript")
    post = await write(ada, title="New", tags=["js", "web", "javascript"], status="published")
    assert post["tags"] == ["ecmascript", "web"]
    changed = await client.patch(
        f"/v1/posts/{post['id']}", json={"tags": ["web", "javascript"]}, headers=matching(ada, post)
    )
    assert (await changed.json())["tags"] == ["web", "ecmascript"]
    assert await leads_to(client, "js") == await leads_to(client, "javascript") == "ecmascript"
    assert await shown(client, "ecmascript") == 2
    assert await problems(client) == []


async def test_old_revision_comes_back_with_the_present_tag(client, ada, write, rename):
    post = await write(ada, tags=["js"], status="published")
    path = f"/v1/posts/{post['id']}"
    await client.patch(path, json={"tags": ["css"]}, headers=matching(ada, post))
    await rename("js", "javascript")
    old = await (await client.get(f"{path}/revisions/1", headers=ada.headers)).json()
    assert old["tags"] == ["js"]  # what was written stays as it was
    now = await read(client, ada, post)
    restored = await client.post(f"{path}/revisions/1/restore", headers=matching(ada, now))
    assert (await restored.json())["tags"] == ["javascript"]
    now = await read(client, ada, post)
    await client.patch(path, json={"tags": ["css"]}, headers=matching(ada, now))
    now = await read(client, ada, post)
    published = await client.post(f"{path}/publish", json={"revision": 1}, headers=matching(ada, now))
    assert published.status == 200, await published.text()
    assert (await read(client, ada, post, ""))["tags"] == ["javascript"]
    assert await problems(client) == []


@pytest.mark.parametrize("verb", ["publish", "discard"])
async def test_post_that_has_not_followed_yet_does_when_it_is_moved_on(client, database, ada, write, rename, verb):
    post = await write(ada, tags=["js"], status="published" if verb == "discard" else "draft")
    await client.patch(f"/v1/posts/{post['id']}", json={"title": "Another"}, headers=matching(ada, post))
    await rename("js", "javascript")
    former = {"working.tags": ["js"], **({"live.tags": ["js"]} if verb == "discard" else {})}
    await database["posts"].update_one({}, {"$set": former})
    moved = await client.post(f"/v1/posts/{post['id']}/{verb}", headers=matching(ada, await read(client, ada, post)))
    assert moved.status == 200, await moved.text()
    assert (await moved.json())["tags"] == ["javascript"]
    assert (await read(client, ada, post, ""))["tags"] == ["javascript"]
    assert await shown(client, "javascript") == 1
    assert await problems(client) == []


async def test_slug_of_another_tag_is_taken(client, ada, write, tidy, rename):
    await write(ada, tags=["js", "css", "sass"], status="published")
    await rename("sass", "scss")
    for slug in ("css", "sass"):  # the present one and a former one
        response = await tidy("PATCH", "js", {"slug": slug})
        problem = await response.json()
        assert (response.status, problem["code"]) == (409, "slug_taken")
        assert "/v1/tags/js/merge" in problem["detail"]
    assert await leads_to(client, "sass") == "scss"
    assert await shown(client, "js") == 1


async def test_tag_takes_its_former_slug_back(client, ada, write, rename):
    post = await write(ada, tags=["js"], status="published")
    await rename("js", "javascript")
    tag = await rename("javascript", "js")
    assert (tag["slug"], tag["post_count"]) == ("js", 1)
    assert await leads_to(client, "javascript") == "js"
    assert (await read(client, ada, post, ""))["tags"] == ["js"]


async def test_merged_tag_leads_to_the_other(client, ada, write, merge, tag):
    both = await write(ada, title="Both", tags=["js", "web", "javascript"], status="published")
    await write(ada, title="One", tags=["js"], status="published")
    await write(ada, title="Other", tags=["javascript"], status="published")
    old = await tag("js")
    answer = await merge("js", "javascript")
    assert (answer["slug"], answer["post_count"]) == ("javascript", 3)
    assert (await read(client, ada, both, ""))["tags"] == ["javascript", "web"]
    assert await leads_to(client, "js") == await leads_to(client, old["id"]) == "javascript"
    assert await titles(client, "tag=js") == ["Both", "One", "Other"]
    items = (await (await client.get("/v1/tags")).json())["items"]
    assert [(each["slug"], each["post_count"]) for each in items] == [("javascript", 3), ("web", 1)]
    assert await problems(client) == []
    assert (await write(ada, title="Late", tags=["js"], status="published"))["tags"] == ["javascript"]


async def test_chain_of_merges_leads_to_its_end(client, ada, write, merge, rename):
    post = await write(ada, tags=["a"], status="published")
    await write(ada, tags=["b", "c"], status="published")
    await merge("a", "b")
    await rename("b", "bb")
    await merge("bb", "c")
    for slug in ("a", "b", "bb"):
        assert await leads_to(client, slug) == "c"
    assert (await read(client, ada, post, ""))["tags"] == ["c"]
    assert await shown(client, "c") == 2
    tag = await rename("c", "a")  # a former slug of what was merged into it
    assert tag["post_count"] == 2
    for slug in ("b", "bb", "c"):
        assert await leads_to(client, slug) == "a"
    assert await problems(client) == []


async def test_merge_is_repeated_with_its_key_and_without_harm(client, ada, editor, write, tag):
    await write(ada, tags=["js", "javascript"], status="published")
    old = await tag("js")
    headers = matching(editor, old)
    path, body = "/v1/tags/js/merge", {"into": "javascript"}
    answers = [
        await client.post(path, json=body, headers={**headers, "Idempotency-Key": key}) for key in ("one", "one", "two")
    ]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert {(await answer.json())["slug"] for answer in answers} == {"javascript"}


@pytest.mark.parametrize(("into", "code"), [("js", "same_tag"), ("nonesuch", "unknown_tag")])
async def test_tag_is_merged_into_another_that_is_there(ada, write, tidy, into, code):
    await write(ada, tags=["js"], status="published")
    response = await tidy("POST", "js", {"into": into}, "/merge")
    assert (response.status, (await response.json())["errors"][0]["code"]) == (422, code)


async def test_tag_that_was_merged_is_merged_into_nothing_else(client, editor, ada, write, tag, merge):
    for slug in ("js", "javascript", "web"):
        await write(ada, tags=[slug], status="published")
    before = await tag("js")
    await merge("js", "javascript")
    response = await client.post("/v1/tags/js/merge", json={"into": "web"}, headers=matching(editor, before))
    assert response.status == 404
    assert (await response.json())["detail"] == "This tag was merged into another one already."


async def test_tag_whose_slug_is_the_id_of_another_takes_nothing_from_it(client, ada, write, tag, rename, merge, tidy):
    for slug in ("js", "css"):
        await write(ada, title=slug, tags=[slug], status="published")
    js, css = await tag("js"), await tag("css")
    for other in (js, css):
        await write(ada, title="Odd", tags=[other["id"]], status="published")
        assert (await tag(other["id"]))["id"] == other["id"]
    await rename("js", "javascript")
    assert await titles(client, "tag=javascript") == ["js"]
    assert await shown(client, "javascript") == 1
    await merge("javascript", "css")
    assert (await tag(js["id"]))["slug"] == (await tag("js"))["slug"] == "css"
    assert (await tidy("DELETE", "css")).status == 204
    assert await titles(client, "tag=js,javascript,css") == []
    assert await titles(client, f"tag={js['id']},{css['id']}") == ["Odd", "Odd"]
    assert await problems(client) == []


async def test_deleted_tag_is_taken_from_posts_and_can_be_made_anew(client, ada, write, tidy, merge):
    post = await write(ada, tags=["old", "js", "web"], status="published")
    draft = await write(ada, tags=["js"])
    await merge("old", "js")
    response = await tidy("DELETE", "js")
    assert response.status == 204
    assert (await read(client, ada, post, ""))["tags"] == ["web"]
    assert (await read(client, ada, draft))["tags"] == []
    for slug in ("js", "old"):
        assert (await client.get(f"/v1/tags/{slug}")).status == 404
        assert await titles(client, f"tag={slug}") == []
    assert await problems(client) == []
    anew = await write(ada, title="Anew", tags=["js", "old"], status="published")
    assert anew["tags"] == ["js", "old"]
    assert await shown(client, "js") == await shown(client, "old") == 1


async def test_editors_see_tags_of_drafts(client, ada, editor, write, rename):
    draft = await write(ada, tags=["secret-plan"])
    for who, status in ((None, 404), (ada, 404), (editor, 200)):
        response = await client.get("/v1/tags/secret-plan", headers=who.headers if who else {})
        assert response.status == status
    await rename("secret-plan", "plan")
    assert (await client.get("/v1/tags/secret-plan")).status == 404
    assert (await read(client, ada, draft))["tags"] == ["plan"]


async def test_changes_of_tags_are_in_the_audit_log(client, ada, editor, admin, write, tidy, rename, merge, tag):
    await write(ada, tags=["js", "javascript"], status="published")
    renamed = await rename("js", "ecma")
    kept = await merge("ecma", "javascript")
    await tidy("DELETE", "javascript")
    response = await client.get("/v1/audit?action=tag.updated,tag.merged,tag.deleted", headers=admin.headers)
    entries = [(e["action"], e["target"]["id"], e["facts"]) for e in (await response.json())["items"]]
    assert entries == [
        ("tag.deleted", kept["id"], {"slug": "javascript"}),
        ("tag.merged", renamed["id"], {"into": kept["id"]}),
        ("tag.updated", renamed["id"], {"fields": ["slug"]}),
    ]


async def test_many_posts_follow_in_the_background(client, ada, editor, write, tidy, monkeypatch):
    monkeypatch.setattr("blogapi.tags.tidying._WITHIN_SECONDS", 0)
    for number in range(3):
        await write(ada, title=str(number), tags=["js"], status="published")
    response = await tidy("PATCH", "js", {"slug": "javascript"})
    assert response.status == 202
    job = await response.json()
    assert (job["kind"], job["asked_by"]) == ("retag_posts", editor.id)
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"

    async def is_done():
        nonlocal job
        job = await (await client.get(response.headers["Location"], headers=editor.headers)).json()
        return job["state"] == "done"

    await until(is_done)
    assert (job["done"], job["total"]) == (3, 3)
    assert await titles(client, "tag=javascript") == ["0", "1", "2"]
    assert await problems(client) == []
