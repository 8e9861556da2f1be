"""Creating and editing: the working copy, If-Match, merge patch."""

from datetime import datetime

import pytest

from tests.conftest import matching, with_etag
from tests.contract import codes, pointers


async def test_created_post_is_a_draft_with_its_address_and_etag(client, ada):
    response = await client.post("/v1/posts", json={"title": "Hello", "body": "*Hi*"}, headers=ada.headers)
    assert response.status == 201
    post = await response.json()
    assert response.headers["Location"] == f"/v1/posts/{post['id']}"
    assert response.headers["ETag"].startswith('"1-')
    assert post["status"] == "draft"
    assert post["slug"] == "hello"
    assert post["html"] == "<p><em>Hi</em></p>\n"
    assert [author["username"] for author in post["authors"]] == ["ada"]


async def test_body_is_kept_byte_for_byte(client, ada, write):
    body = "  trailing \r\n\ttab\u2028 \U0001f600 no newline"
    post = await write(ada, body=body)
    response = await client.get(f"/v1/posts/{post['id']}", headers=ada.headers)
    assert (await response.json())["body"] == body


@pytest.mark.parametrize("title", ["", " ", "\u200b", "\ufeff\u3164\xad"])
async def test_title_that_nobody_sees_is_empty(client, ada, write, title):
    post = await write(ada, title=title)
    assert post["title"] == ""
    response = await client.post(f"/v1/posts/{post['id']}/publish", headers=matching(ada, post))
    assert response.status == 422
    assert codes(await response.json()) == {("/title", "required")}


async def test_html_in_markdown_is_sanitised_and_comments_vanish(client, ada, write):
    body = "Intro <!-- hidden -->\n\n<!--more-->\n\nA<br>B <script>alert(1)</script> https://a.example\n\n## C {#own}"
    post = await write(ada, body=body)
    assert post["body"] == body
    assert post["excerpt_auto"] == "Intro"
    assert post["toc"] == [{"level": 2, "id": "h-own", "text": "C"}]
    assert "A<br>B" in post["html"]
    assert '<a href="https://a.example"' in post["html"]
    assert not any(word in post["html"] for word in ("hidden", "script", "<!--"))


async def test_post_can_be_published_at_once(client, ada, write):
    post = await write(ada, status="published")
    response = await client.get(f"/v1/posts/{post['id']}")
    assert response.status == 200
    assert (await response.json())["title"] == post["title"]


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("field", "value", "pointer", "code"),
    [
        ("title", "x" * 201, "/title", "too_long"),
        ("title", None, "/title", "required"),
        ("title", {"$ne": ""}, "/title", "invalid_type"),
        ("title", "two\nlines", "/title", "invalid_line"),
        ("slug", "Not A Slug", "/slug", "invalid_format"),
        ("slug", "trailing\n", "/slug", "invalid_format"),
        ("slug", "admin", "/slug", "reserved"),
        ("body", "x" * (512 * 1024 + 1), "/body", "too_long"),
        ("body", "nul\0", "/body", "invalid_characters"),
        ("body_format", "rst", "/body_format", "invalid_choice"),
        ("tags", ["Not a slug"], "/tags/0", "invalid_format"),
        ("tags", ["a", "b", "a"], "/tags/2", "repeated"),
        ("tags", [f"t{n}" for n in range(31)], "/tags", "too_long"),
        ("authors", [], "/authors", "too_short"),
        ("authors", ["nobody"], "/authors/0", "invalid_format"),
        ("lang", "not a language", "/lang", "invalid_format"),
        ("cover", {"url": "javascript:alert(1)"}, "/cover/url", "invalid_format"),
        ("cover", {"url": "https://example.org/x.png", "size": 3}, "/cover/size", "unknown_field"),
        ("seo", {"title": "x" * 71}, "/seo/title", "too_long"),
        ("custom", {"$where": "1"}, "/custom", "invalid_format"),
        ("custom", {"a": {"b": {"c": {"d": {"e": 1}}}}}, "/custom", "invalid_format"),
        ("custom", {"a": "x" * 33000}, "/custom", "too_long"),
        ("featured", "yes", "/featured", "invalid_type"),
        ("visibility", "secret", "/visibility", "invalid_choice"),
        ("status", "archived", "/status", "invalid_choice"),
        ("likes_count", 7, "/likes_count", "unknown_field"),
    ],
)
async def test_bad_field_is_refused(client, ada, field, value, pointer, code):
    response = await client.post("/v1/posts", json={"title": "T", field: value}, headers=ada.headers)
    assert response.status == 422
    assert (pointer, code) in codes(await response.json())


async def test_all_wrong_fields_are_named_at_once(client, ada):
    sent = {"title": "x" * 201, "tags": ["A"], "visibility": 3, "nonsense": 1}
    response = await client.post("/v1/posts", json=sent, headers=ada.headers)
    assert pointers(await response.json()) == {"/title", "/tags/0", "/visibility", "/nonsense"}


@pytest.mark.parametrize("title", [{}, {"title": ""}, {"title": "  "}])
async def test_missing_title_of_a_published_post_is_named_with_the_rest(client, ada, title):
    sent = {**title, "status": "published", "nonsense": 1}
    response = await client.post("/v1/posts", json=sent, headers=ada.headers)
    assert {("/title", "required"), ("/nonsense", "unknown_field")} == codes(await response.json())


async def test_language_is_kept_in_its_usual_case(client, ada, write):
    post = await write(ada, lang="PT-br")
    assert post["lang"] == "pt-BR"
    response = await client.patch(f"/v1/posts/{post['id']}", json={"lang": "zh-hant"}, headers=matching(ada, post))
    assert (await response.json())["lang"] == "zh-Hant"


async def test_key_that_cannot_be_is_an_invalid_parameter(client, ada):
    headers = {**ada.headers, "Idempotency-Key": "with space"}
    response = await client.post("/v1/posts", json={}, headers=headers)
    assert response.status == 400
    problem = await response.json()
    assert problem["code"] == "invalid_parameter"
    assert [error["parameter"] for error in problem["errors"]] == ["Idempotency-Key"]


async def test_unknown_author_is_refused(client, editor):
    sent = {"title": "T", "authors": ["0" * 24]}
    response = await client.post("/v1/posts", json=sent, headers=editor.headers)
    assert response.status == 422
    assert "/authors/0" in pointers(await response.json())


async def test_patch_without_if_match_is_refused(client, ada, write):
    post = await write(ada)
    response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=ada.headers)
    assert response.status == 428
    response = await client.patch(f"/v1/posts/{post['id']}", json={}, headers={**ada.headers, "If-Match": "*"})
    assert response.status == 428


async def test_stale_patch_is_refused_and_says_what_changed(client, ada, write):
    post = await write(ada)
    first = await client.patch(f"/v1/posts/{post['id']}", json={"title": "First"}, headers=matching(ada, post))
    assert first.status == 200
    second = await client.patch(f"/v1/posts/{post['id']}", json={"body": "Second"}, headers=matching(ada, post))
    assert second.status == 412
    problem = await second.json()
    assert problem["code"] == "stale"
    assert problem["version"] == 2
    assert problem["etag"] == second.headers["ETag"] == first.headers["ETag"]
    assert set(problem["changed"]) == {"title", "slug"}
    third = await client.patch(
        f"/v1/posts/{post['id']}", json={"body": "New"}, headers=matching(ada, {**post, **problem})
    )
    fourth = await client.patch(f"/v1/posts/{post['id']}", json={}, headers=matching(ada, {**post, **problem}))
    assert (third.status, (await fourth.json())["changed"]) == (200, ["body"])


@pytest.mark.parametrize(
    "etag",
    [
        '"nonsense"',
        "1",
        '"99999999999999999999-ab"',
        '"1-"',
        '"1-abc',
        'w/"1-abc"',
        '"nonsense", *',
        '"1-0000"',
        '"1-deadbeef"',
    ],
)
async def test_etag_of_something_else_is_stale(client, ada, write, etag):
    post = await write(ada)
    headers = {**ada.headers, "If-Match": etag}
    response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=headers)
    assert response.status == 412
    assert (await response.json())["changed"] is None


async def test_etag_of_another_post_is_stale(client, ada, write):
    post, other = await write(ada), await write(ada)
    response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=matching(ada, other))
    assert response.status == 412


async def test_who_knows_the_version_alone_sends_that(client, ada, write):
    post = await write(ada)
    for tag, status in (('"2-0"', 412), ('"1-0"', 200)):
        headers = {**ada.headers, "If-Match": tag}
        assert (await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=headers)).status == status


@pytest.mark.parametrize("touch", ['"01-{0}"', '"1-{0}0"', '"1-0{0}"', '"1-{1}"'])
async def test_tag_that_was_made_up_is_stale(client, ada, write, touch):
    post = await write(ada)
    known = post["etag"].strip('"').removeprefix("1-")
    headers = {**ada.headers, "If-Match": touch.format(known, known[:8])}
    response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=headers)
    assert response.status == 412


async def test_star_in_a_list_of_tags_stands_for_none(client, ada, write):
    """The tag beside it counts, as any other in a list."""
    post = await write(ada)
    for tags, status in ((f'"7-{"0" * 24}", *', 412), (f"{post['etag']}, *", 200), ("*, *", 428)):
        headers = {**ada.headers, "If-Match": tags}
        response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=headers)
        assert response.status == status, tags


async def test_only_the_version_of_an_etag_counts(client, ada, write):
    post = await write(ada)
    mark, rest = post["etag"].strip('"').removeprefix("1-")[:8], "0" * 16
    headers = {**ada.headers, "If-Match": f'"7-{mark}{rest}", "1-{mark}{rest}"'}
    response = await client.patch(f"/v1/posts/{post['id']}", json={"title": "New"}, headers=headers)
    assert response.status == 200


@pytest.mark.parametrize(
    "touch",
    [
        'W/"{0}"',
        '"{0}-gzip"',
        '"{0}--gzip"',
        'W/"{0}-br"',
        '"{0};zstd"',
        "{0}",
        "W/{0}",
        "{0}-gzip",
        '"9-00", W/"{0}"',
    ],
)
async def test_etag_that_a_proxy_has_touched_is_good(client, ada, write, touch):
    post = await write(ada)
    headers = {**ada.headers, "If-Match": touch.format(post["etag"].strip('"'))}
    path = f"/v1/posts/{post['id']}"
    assert (await client.patch(path, json={"title": "New"}, headers=headers)).status == 200
    again = await client.patch(path, json={"title": "Newer"}, headers=headers)
    assert again.status == 412


@pytest.mark.parametrize("patch", [{"seo": {"x": None}}, {"cover": {"url": "https://a.example/b.png", "x": None}}])
async def test_unknown_field_is_refused_wherever_it_is_and_whatever_its_value(client, ada, write, patch):
    post = await write(ada)
    response = await client.patch(f"/v1/posts/{post['id']}", json=patch, headers=matching(ada, post))
    assert response.status == 422
    (name,) = patch
    assert codes(await response.json()) == {(f"/{name}/x", "unknown_field")}


async def test_patch_merges_objects_and_replaces_arrays(client, ada, write):
    post = await write(
        ada, tags=["one", "two"], seo={"title": "S", "description": "D"}, custom={"a": {"b": 1, "c": 2}, "d": 3}
    )
    patch = {"tags": ["three"], "seo": {"title": None, "noindex": True}, "custom": {"a": {"b": None, "e": 4}}}
    headers = {**matching(ada, post), "Content-Type": "application/merge-patch+json"}
    response = await client.patch(f"/v1/posts/{post['id']}", json=patch, headers=headers)
    assert response.status == 200
    changed = await response.json()
    assert changed["tags"] == ["three"]
    assert changed["seo"] == {"title": "", "description": "D", "canonical_url": None, "noindex": True}
    assert changed["custom"] == {"a": {"c": 2, "e": 4}, "d": 3}


async def test_null_takes_a_value_away(client, ada, write):
    post = await write(ada, cover={"url": "https://example.org/a.png"}, excerpt="E")
    patch = {"cover": None, "excerpt": None}
    response = await client.patch(f"/v1/posts/{post['id']}", json=patch, headers=matching(ada, post))
    changed = await response.json()
    assert (changed["cover"], changed["excerpt"]) == (None, "")


async def test_patch_that_changes_nothing_keeps_the_version(client, ada, write):
    post = await write(ada, tags=["one"])
    patch = {"title": post["title"], "body": post["body"], "tags": ["one"]}
    response = await client.patch(f"/v1/posts/{post['id']}", json=patch, headers=matching(ada, post))
    assert response.status == 200
    assert response.headers["ETag"] == post["etag"]


async def test_edits_do_not_show_to_readers_before_they_are_published(client, ada, write):
    post = await write(ada, status="published", tags=["old"])
    before = await client.get(f"/v1/posts/{post['id']}")
    patch = {"title": "New", "body": "New", "tags": ["new"], "slug": "renewed"}
    edited = await client.patch(f"/v1/posts/{post['id']}", json=patch, headers=matching(ada, post))
    assert (await edited.json())["has_unpublished_changes"] is True
    after = await client.get(f"/v1/posts/{post['id']}", headers=ada.headers)
    assert await after.json() == await before.json()
    assert after.headers["ETag"] == before.headers["ETag"]


@pytest.mark.parametrize("flag", [{"visibility": "unlisted"}, {"comments_policy": "closed"}])
async def test_flags_show_at_once(client, ada, write, flag):
    post = await write(ada, status="published")
    await client.patch(f"/v1/posts/{post['id']}", json={"title": "Unseen"}, headers=matching(ada, post))
    working = await with_etag(await client.get(f"/v1/posts/{post['id']}?view=working", headers=ada.headers))
    await client.patch(f"/v1/posts/{post['id']}", json=flag, headers=matching(ada, working))
    public = await (await client.get(f"/v1/posts/{post['id']}")).json()
    assert public.items() >= flag.items()
    assert public["title"] == post["title"]
    assert public["version"] == 3


async def test_only_editors_feature_posts(client, ada, editor, write):
    post = await write(ada, status="published")
    refused = await client.patch(f"/v1/posts/{post['id']}", json={"featured": True}, headers=matching(ada, post))
    assert refused.status == 403
    response = await client.patch(f"/v1/posts/{post['id']}", json={"featured": True}, headers=matching(editor, post))
    assert response.status == 200
    assert [item["id"] for item in (await (await client.get("/v1/posts?featured=true")).json())["items"]] == [
        post["id"]
    ]


async def test_changed_profile_shows_in_all_copies(client, ada, write):
    post = await write(ada, status="published")
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    await client.patch("/v1/me", json={"display_name": "Ada Lovelace"}, headers=matching(ada, me))
    public = await (await client.get(f"/v1/posts/{post['id']}")).json()
    assert public["authors"][0]["display_name"] == "Ada Lovelace"
    working = await (await client.get(f"/v1/posts/{post['id']}?view=working", headers=ada.headers)).json()
    assert working["authors"][0]["display_name"] == "Ada Lovelace"


async def test_hostile_markdown_leaves_no_script(client, ada, write):
    post = await write(ada, body="<script>alert(1)</script> [x](javascript:alert(1)) ![y](x onerror=alert(1))")
    assert "<script" not in post["html"]
    assert 'href="javascript' not in post["html"]


async def test_created_post_is_made_once_for_one_idempotency_key(client, ada):
    headers = {**ada.headers, "Idempotency-Key": "once"}
    first = await client.post("/v1/posts", json={"title": "T"}, headers=headers)
    again = await client.post("/v1/posts", json={"title": "T"}, headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await again.read() == await first.read()
    assert again.headers["ETag"] == first.headers["ETag"]
    mine = await (await client.get("/v1/me/posts", headers=ada.headers)).json()
    assert len(mine["items"]) == 1


async def test_idempotency_key_with_another_body_is_refused(client, ada):
    headers = {**ada.headers, "Idempotency-Key": "once"}
    await client.post("/v1/posts", json={"title": "T"}, headers=headers)
    response = await client.post("/v1/posts", json={"title": "U"}, headers=headers)
    assert response.status == 422
    assert (await response.json())["code"] == "idempotency_key_reused"


async def test_idempotency_keys_belong_to_their_user(client, ada, bob):
    for who in (ada, bob):
        headers = {**who.headers, "Idempotency-Key": "the-same"}
        response = await client.post("/v1/posts", json={"title": who.username}, headers=headers)
        assert response.status == 201
        assert "Idempotency-Replayed" not in response.headers


async def test_refused_request_frees_its_idempotency_key(client, ada):
    headers = {**ada.headers, "Idempotency-Key": "once"}
    assert (await client.post("/v1/posts", json={"title": 3}, headers=headers)).status == 422
    assert (await client.post("/v1/posts", json={"title": "T"}, headers=headers)).status == 201


async def test_replay_of_a_transition_is_decided_before_if_match(client, ada, write):
    post = await write(ada)
    headers = {**matching(ada, post), "Idempotency-Key": "publish"}
    first = await client.post(f"/v1/posts/{post['id']}/publish", headers=headers)
    again = await client.post(f"/v1/posts/{post['id']}/publish", headers=headers)
    assert (first.status, again.status) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await again.json())["version"] == 2


async def test_retry_after_a_crash_finishes_the_first_attempt(client, ada, database, write):
    post = await write(ada)
    headers = {**matching(ada, post), "Idempotency-Key": "publish"}
    await client.post(f"/v1/posts/{post['id']}/publish", headers=headers)
    # As if the server had died after the change and before the answer was kept.
    lapsed = {"state": "running", "lease_until": post_time(post)}
    await database["idempotency"].update_many({}, {"$set": lapsed})
    again = await client.post(f"/v1/posts/{post['id']}/publish", headers=headers)
    assert again.status == 200
    assert (await again.json())["version"] == 2


async def test_retry_of_a_create_after_a_crash_makes_no_second_post(client, ada, database):
    headers = {**ada.headers, "Idempotency-Key": "create"}
    first = await (await client.post("/v1/posts", json={"title": "T"}, headers=headers)).json()
    await database["idempotency"].update_many({}, {"$set": {"state": "running", "lease_until": post_time(first)}})
    again = await client.post("/v1/posts", json={"title": "T"}, headers=headers)
    assert again.status == 201
    assert (await again.json())["id"] == first["id"]
    assert await database["posts"].count_documents({}) == 1


async def test_running_request_is_not_run_a_second_time(client, ada, database):
    headers = {**ada.headers, "Idempotency-Key": "create"}
    await client.post("/v1/posts", json={"title": "T"}, headers=headers)
    await database["idempotency"].update_many({}, {"$set": {"state": "running"}})
    response = await client.post("/v1/posts", json={"title": "T"}, headers=headers)
    assert response.status == 409
    assert (await response.json())["code"] == "idempotency_in_progress"
    assert response.headers["Retry-After"] == "1"


def post_time(post):
    """A moment in the past, as the database keeps it."""
    return datetime.fromisoformat(post["created_at"])


async def test_true_and_1_are_not_the_same(client, ada, write):
    post = await write(ada, custom={"a": 1}, status="published")
    response = await client.patch(f"/v1/posts/{post['id']}", json={"custom": {"a": True}}, headers=matching(ada, post))
    changed = await response.json()
    assert changed["custom"]["a"] is True
    assert changed["version"] == 2
    assert changed["has_unpublished_changes"] is True


@pytest.mark.parametrize("flag", ["visibility", "featured", "comments_policy", "body_format"])
async def test_what_always_has_a_value_is_not_taken_away(client, ada, write, flag):
    post = await write(ada, status="published", visibility="private")
    response = await client.patch(f"/v1/posts/{post['id']}", json={flag: None}, headers=matching(ada, post))
    assert response.status == 422
    assert codes(await response.json()) == {(f"/{flag}", "required")}


async def test_demoted_writer_reads_no_drafts(client, ada, admin, write):
    await write(ada, body="secret")
    user = await with_etag(await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers))
    demoted = await client.patch(f"/v1/users/{ada.id}", json={"role": "reader"}, headers=matching(admin, user))
    assert demoted.status == 200
    for path in ("/v1/posts?status=draft&fields=body", "/v1/me/posts?fields=body"):
        assert (await (await client.get(path, headers=ada.headers)).json())["items"] == []


async def test_refused_create_keeps_no_slug(client, ada):
    refused = {"slug": "mine", "status": "published"}
    assert (await client.post("/v1/posts", json=refused, headers=ada.headers)).status == 422
    response = await client.post("/v1/posts", json={**refused, "title": "T"}, headers=ada.headers)
    assert response.status == 201
