"""Revisions: nothing that was written is lost, and a copy never changes under its number."""

from tests.conftest import matching, with_etag
from tests.posts.steps import edit


async def test_each_edit_is_a_revision_with_who_when_and_why(client, ada, editor, write):
    post = await write(ada, title="One", note="first try")
    await edit(client, editor, post, title="Two", note="better")
    response = await client.get(f"/v1/posts/{post['id']}/revisions", headers=ada.headers)
    items = (await response.json())["items"]
    assert [(i["revision"], i["title"], i["kind"], i["note"], i["edited_by"]) for i in items] == [
        (2, "Two", "edit", "better", editor.id),
        (1, "One", "create", "first try", ada.id),
    ]
    assert "body" not in items[0]


async def test_flags_alone_make_no_revision(client, ada, write):
    post = await edit(client, ada, await write(ada), visibility="members")
    assert post["working_revision"] == 1


async def test_revision_is_read_in_full(client, ada, write):
    post = await write(ada, body="one")
    await edit(client, ada, post, body="two")
    for number, body in ((1, "one"), (2, "two")):
        response = await client.get(f"/v1/posts/{post['id']}/revisions/{number}", headers=ada.headers)
        assert (await response.json())["body"] == body


async def test_revisions_are_listed_page_by_page(client, ada, write):
    post = await write(ada, title="1")
    for number in range(2, 8):
        post = await edit(client, ada, post, title=str(number))
    for limit in (1, 2, 3, 7):
        path, found = f"/v1/posts/{post['id']}/revisions?limit={limit}&count=exact", []
        while path:
            response = await client.get(path, headers=ada.headers)
            page = await response.json()
            assert page["page"]["total"] == 7
            found += [item["title"] for item in page["items"]]
            path = str(response.links["next"]["url"].relative()) if "next" in response.links else None
        assert found == ["7", "6", "5", "4", "3", "2", "1"]


async def test_restored_revision_is_a_new_one_and_publishes_nothing(client, ada, write):
    post = await write(ada, title="One", status="published")
    post = await edit(client, ada, post, title="Two")
    path = f"/v1/posts/{post['id']}/revisions/1/restore"
    response = await client.post(path, headers=matching(ada, post))
    assert response.status == 200
    restored = await response.json()
    assert (restored["title"], restored["working_revision"], restored["live_revision"]) == ("One", 3, 1)
    listed = await (await client.get(f"/v1/posts/{post['id']}/revisions", headers=ada.headers)).json()
    assert [item["title"] for item in listed["items"]] == ["One", "Two", "One"]


async def test_revisions_are_for_authors_and_editors(client, ada, bob, write):
    post = await write(ada, status="published")
    assert (await client.get(f"/v1/posts/{post['id']}/revisions")).status == 401
    assert (await client.get(f"/v1/posts/{post['id']}/revisions", headers=bob.headers)).status == 403
    draft = await write(ada)
    assert (await client.get(f"/v1/posts/{draft['id']}/revisions", headers=bob.headers)).status == 404


async def test_revision_that_never_was_is_not_found(client, ada, write):
    post = await write(ada)
    for number in (0, 2, 999999999999999):
        response = await client.get(f"/v1/posts/{post['id']}/revisions/{number}", headers=ada.headers)
        assert response.status == 404


async def test_old_revision_takes_no_author_away(client, ada, bob, editor, write):
    post = await edit(client, ada, await write(ada), authors=[ada.id, bob.id])
    path = f"/v1/posts/{post['id']}/revisions/1/restore"
    restored = await with_etag(await client.post(path, headers=matching(ada, post)))
    assert [author["id"] for author in restored["authors"]] == [ada.id, bob.id]
    restored = await (await client.post(path, headers=matching(editor, restored))).json()
    assert [author["id"] for author in restored["authors"]] == [ada.id]


async def test_revisions_show_authors_under_their_present_names(client, sign_up, admin, editor, write):
    hypatia = await sign_up("hypatia")
    post = await edit(client, hypatia, await write(hypatia), title="Two")
    assert (await client.delete(f"/v1/users/{hypatia.id}", headers=admin.headers)).status == 204
    path = f"/v1/posts/{post['id']}"
    listed = await (await client.get(f"{path}/revisions", headers=editor.headers)).json()
    read = await (await client.get(f"{path}/revisions/1", headers=editor.headers)).json()
    published = await client.post(f"{path}/publish", json={"revision": 1}, headers=matching(editor, post))
    assert published.status == 200
    public = await (await client.get(path)).json()
    for copy in (*listed["items"], read, public):
        assert "hypatia" not in str(copy["authors"]).lower()


async def test_revision_whose_slug_is_taken_is_restored_under_the_present_one(client, ada, bob, write):
    post = await edit(client, ada, await write(ada, slug="wanted", title="One"), slug="other", title="Two")
    assert (await write(bob, slug="wanted"))["slug"] == "wanted"
    path = f"/v1/posts/{post['id']}"
    restored = await (await client.post(f"{path}/revisions/1/restore", headers=matching(ada, post))).json()
    assert (restored["title"], restored["slug"]) == ("One", "other")
