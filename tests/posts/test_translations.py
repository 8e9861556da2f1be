"""Posts that are one work in several languages."""

import asyncio

import pytest

from blogapi.access.identity import Identity
from blogapi.app import create_app
from blogapi.deadline import OVER
from blogapi.errors import Conflict, Stale
from blogapi.operations.doctor import examine
from blogapi.posts.checks import post_checks
from blogapi.posts.rights import Editable
from blogapi.posts.service import PostService
from blogapi.wiring import SERVICES
from tests.conftest import QUIET, matching, with_etag
from tests.contract import codes
from tests.deaths import MOST_WRITES, death

SOON = 2 * OVER


@pytest.fixture
def app(config, database, clock):
    return create_app(config, database, QUIET, clock)


async def translations(client, who, post):
    """The whole group of a post, with its ETag."""
    response = await client.get(f"/v1/posts/{post['id']}/translations", headers=who.headers)
    assert response.status == 200, await response.text()
    return await with_etag(response)


async def put(client, who, *posts, known=None):
    """Make these posts one work, by the first of them."""
    known = known or await translations(client, who, posts[0])
    body = {"posts": [post["id"] for post in posts]}
    return await client.put(f"/v1/posts/{posts[0]['id']}/translations", json=body, headers=matching(who, known))


async def join(client, who, *posts):
    response = await put(client, who, *posts)
    assert response.status == 200, await response.text()
    return await response.json()


async def members(client, who, post):
    return [item["id"] for item in (await translations(client, who, post))["items"]]


async def shown(client, post, who=None):
    """The titles of what readers of a post find in other languages, by language."""
    response = await client.get(f"/v1/posts/{post['id']}", headers=who.headers if who else {})
    assert response.status == 200, await response.text()
    return {each["lang"]: each["title"] for each in (await response.json())["translations"]}


async def listed(client, query=""):
    items = (await (await client.get(f"/v1/posts?{query}")).json())["items"]
    return {item["title"]: [each["lang"] for each in item["translations"]] for item in items}


async def do(client, who, post, verb, body=None):
    response = await client.post(f"/v1/posts/{post['id']}/{verb}", json=body, headers=matching(who, post))
    assert response.status == 200, await response.text()
    return await with_etag(response)


async def edit(client, who, post, **changes):
    return await client.patch(f"/v1/posts/{post['id']}", json=changes, headers=matching(who, post))


async def problems(client):
    async def nothing():
        pass

    findings = await examine(post_checks(client.app[SERVICES]).all(), settle=nothing, fix=False)
    return {finding.check for finding in findings if finding.found}


@pytest.fixture
async def works(ada, write):
    """The same in three languages."""
    return [await write(ada, title=f"Tea {lang}", lang=lang, status="published") for lang in ("en", "de", "fr")]


async def test_readers_find_each_post_in_the_other_languages(client, ada, works):
    english, german, french = works
    assert await shown(client, english) == {}
    answer = await join(client, ada, *works)
    assert [(item["id"], item["lang"], item["status"]) for item in answer["items"]] == [
        (post["id"], post["lang"], "published") for post in works
    ]
    assert await shown(client, english) == {"de": "Tea de", "fr": "Tea fr"}
    assert await shown(client, french) == {"de": "Tea de", "en": "Tea en"}
    by_slug = await (await client.get("/v1/posts/by-slug/tea-de")).json()
    assert by_slug["translations"] == [
        {"lang": post["lang"], "id": post["id"], "slug": post["slug"], "title": post["title"]}
        for post in (english, french)
    ]
    assert await listed(client) == {"Tea fr": ["de", "en"], "Tea de": ["en", "fr"], "Tea en": ["de", "fr"]}
    assert await listed(client, "lang=de&fields=title,translations") == {"Tea de": ["en", "fr"]}
    assert await members(client, ada, german) == [post["id"] for post in works]
    assert await problems(client) == set()


async def test_post_without_translations_is_alone(client, ada, works):
    alone = await translations(client, ada, works[0])
    assert [item["id"] for item in alone["items"]] == [works[0]["id"]]
    assert await join(client, ada, works[0]) == {name: value for name, value in alone.items() if name != "etag"}


# What readers see follows, also from the read cache: each is asked before and after.


async def test_what_becomes_of_one_shows_in_the_others(client, ada, works):
    english, german, _french = works
    await join(client, ada, *works)
    expected = {"de": "Tea de", "fr": "Tea fr"}
    assert await shown(client, english) == expected
    edited = await with_etag(await edit(client, ada, german, title="Tee"))
    assert await shown(client, english) == expected
    published = await do(client, ada, edited, "publish")
    assert await shown(client, english) == expected | {"de": "Tee"}
    assert await listed(client) == {"Tea fr": ["de", "en"], "Tee": ["en", "fr"], "Tea en": ["de", "fr"]}
    withdrawn = await do(client, ada, published, "unpublish")
    assert await shown(client, english) == {"fr": "Tea fr"}
    assert await listed(client) == {"Tea fr": ["en"], "Tea en": ["fr"]}
    back = await do(client, ada, withdrawn, "publish")
    assert await shown(client, english) == expected | {"de": "Tee"}
    assert await listed(client) == {"Tea fr": ["de", "en"], "Tee": ["en", "fr"], "Tea en": ["de", "fr"]}
    again = await with_etag(await edit(client, ada, back, slug="tee", lang="de-AT"))
    await do(client, ada, again, "publish")
    assert await shown(client, english) == {"de-AT": "Tee", "fr": "Tea fr"}
    read = await (await client.get(f"/v1/posts/{english['id']}")).json()
    assert [each["slug"] for each in read["translations"]] == ["tee", "tea-fr"]


async def test_who_joins_and_leaves_shows_in_the_others(client, ada, works, write):
    english, german, french = works
    assert await shown(client, english) == {}
    assert await listed(client) == {"Tea fr": [], "Tea de": [], "Tea en": []}
    await join(client, ada, english, german)
    assert (await shown(client, english), await shown(client, french)) == ({"de": "Tea de"}, {})
    assert await listed(client) == {"Tea fr": [], "Tea de": ["en"], "Tea en": ["de"]}
    await join(client, ada, german, french, english)
    assert await shown(client, english) == {"de": "Tea de", "fr": "Tea fr"}
    assert await listed(client) == {"Tea fr": ["de", "en"], "Tea de": ["en", "fr"], "Tea en": ["de", "fr"]}
    await join(client, ada, english, french)  # the German one is left out
    assert (await shown(client, english), await shown(client, german)) == ({"fr": "Tea fr"}, {})
    assert await listed(client) == {"Tea fr": ["en"], "Tea de": [], "Tea en": ["fr"]}
    await join(client, ada, english, french, german)
    await join(client, ada, english)  # and leaves the others to themselves
    assert (await shown(client, english), await shown(client, german)) == ({}, {"fr": "Tea fr"})
    await join(client, ada, german)
    assert await listed(client) == {"Tea fr": [], "Tea de": [], "Tea en": []}
    await join(client, ada, french, english)
    assert await shown(client, english) == {"fr": "Tea fr"}
    assert await problems(client) == set()


async def test_what_is_not_public_shows_to_nobody_who_may_not_see_it(client, ada, bob, works, write):
    english, _german, _french = works
    draft = await write(ada, title="Draft", lang="es")
    hidden = {
        lang: await write(ada, title=visibility, lang=lang, status="published", visibility=visibility)
        for lang, visibility in (("it", "unlisted"), ("pt", "members"), ("nl", "private"))
    }
    page = await write(ada, title="Page", lang="sv", status="published", kind="page")
    await join(client, ada, english, draft, *hidden.values(), page)
    assert await shown(client, english) == {"sv": "Page"}
    assert await shown(client, hidden["it"]) == {"sv": "Page", "en": "Tea en"}
    assert await shown(client, hidden["pt"], bob) == {"sv": "Page", "en": "Tea en"}
    assert await shown(client, draft, ada) == {"sv": "Page", "en": "Tea en", "pt": "members"}
    link = await (await client.post(f"/v1/posts/{draft['id']}/preview-links", headers=ada.headers)).json()
    preview = await (await client.get(f"/v1/preview/{link['token']}")).json()
    assert [each["title"] for each in preview["translations"]] == ["Tea en", "Page"]
    assert len(await members(client, ada, english)) == 6
    response = await edit(client, ada, english, visibility="private")
    assert response.status == 200
    assert await shown(client, page) == {}


async def test_others_of_the_group_are_told_to_who_may_see_them(client, ada, bob, editor, write):
    """Bob writes the German one. He finds the English one once it is published, as readers see it."""
    english, german = await write(ada, title="One", lang="en"), await write(bob, title="Eins", lang="de")
    await join(client, editor, english, german)
    assert await members(client, bob, german) == [german["id"]]
    published = await do(client, ada, english, "publish")
    assert (await edit(client, ada, published, title="Changed")).status == 200
    items = (await translations(client, bob, german))["items"]
    assert [(item["title"], item["status"]) for item in items] == [("One", "published"), ("Eins", "draft")]
    assert [item["title"] for item in (await translations(client, ada, english))["items"]] == ["Changed"]


# Rights


async def test_who_joins_posts_may_edit_them_all(client, ada, bob, editor, works, write):
    english, german, _french = works
    foreign = await write(bob, title="Bob's", lang="it", status="published")
    assert (await put(client, ada, english, foreign)).status == 403
    hidden = await write(bob, title="Bob's draft", lang="es")
    response = await put(client, ada, english, hidden)
    assert response.status == 422
    assert codes(await response.json()) == {("/posts/1", "not_found")}
    await join(client, editor, english, foreign)
    known = await translations(client, ada, english)
    response = await put(client, ada, english, german, known=known)
    assert response.status == 403  # Bob's would be left out
    assert "also those that are left out" in (await response.json())["detail"]
    assert await shown(client, english) == {"it": "Bob's"}
    await join(client, ada, english)  # to leave is a matter of one's own
    assert await shown(client, english) == {}


async def test_contributor_joins_drafts_alone(client, sign_up, editor, write):
    carl = await sign_up("carl", role="contributor")
    drafts = [await write(carl, title=lang, lang=lang) for lang in ("en", "de")]
    await join(client, carl, *drafts)
    await do(client, editor, drafts[1], "publish")
    assert (await put(client, carl, *drafts[::-1])).status == 403
    assert (await put(client, carl, drafts[1])).status == 403


# What is refused


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], {("/posts", "too_short")}),
        (["{other}"], {("/posts", "required")}),
        (["{own}", "{own}"], {("/posts/1", "repeated")}),
        (["{own}", "0" * 24], {("/posts/1", "not_found")}),
        (["{own}", "x"], {("/posts/1", "invalid_format")}),
    ],
)
async def test_wrong_posts_are_refused(client, ada, works, ids, expected):
    named = {"own": works[0]["id"], "other": works[1]["id"]}
    known = await translations(client, ada, works[0])
    response = await client.put(
        f"/v1/posts/{works[0]['id']}/translations",
        json={"posts": [each.format(**named) for each in ids]},
        headers=matching(ada, known),
    )
    assert response.status == 422
    assert codes(await response.json()) == expected


async def test_two_posts_of_a_language_are_refused(client, ada, works, write):
    english, german, _french = works
    second = await write(ada, title="Tea again", lang="en")
    response = await put(client, ada, english, german, second)
    assert (response.status, (await response.json())["code"]) == (409, "language_taken")
    without = [await write(ada, title="No language") for _ in range(2)]
    assert (await put(client, ada, *without)).status == 409
    assert await shown(client, english) == {}


async def test_post_is_in_one_group(client, ada, works, write):
    english, german, french = works
    await join(client, ada, english, german)
    response = await put(client, ada, french, german)
    assert (response.status, (await response.json())["code"]) == (409, "conflict")
    italian = await write(ada, title="Tea it", lang="it", status="published")
    await join(client, ada, french, italian)
    response = await put(client, ada, french, italian, english)
    assert (response.status, (await response.json())["code"]) == (409, "conflict")
    assert (await shown(client, french), await shown(client, english)) == ({"it": "Tea it"}, {"de": "Tea de"})


async def test_post_that_was_left_alone_joins_others(client, ada, works):
    english, german, french = works
    await join(client, ada, english, german)
    await join(client, ada, english)
    await join(client, ada, french, german)
    assert (await shown(client, german), await shown(client, english)) == ({"fr": "Tea fr"}, {})
    await join(client, ada, french)
    await join(client, ada, english, french, german)
    assert await shown(client, german) == {"en": "Tea en", "fr": "Tea fr"}
    assert await problems(client) == set()


@pytest.mark.parametrize("how", ["publish", "edit", "restore", "null"])
async def test_no_translation_comes_to_the_language_of_another(client, ada, works, write, how):
    """Neither its working copy nor, if that was another one while it joined, its live copy."""
    english, german, _french = works
    if how == "edit":
        await join(client, ada, english, german)
        response = await edit(client, ada, german, lang="en", slug="elsewhere")
    elif how == "null":
        await join(client, ada, english, german)
        response = await edit(client, ada, german, lang=None)
    elif how == "restore":
        moved = await with_etag(await edit(client, ada, english, lang="es"))
        await join(client, ada, moved, await write(ada, title="Draft", lang="en"))
        path = f"/v1/posts/{moved['id']}/revisions/1/restore"
        response = await client.post(path, headers=matching(ada, moved))
    else:
        moved = await with_etag(await edit(client, ada, german, lang="es"))
        await join(client, ada, english, moved)
        second = await with_etag(await edit(client, ada, english, lang="de"))
        published = await do(client, ada, second, "publish", {"revision": 1})
        response = await client.post(f"/v1/posts/{published['id']}/publish", json={}, headers=matching(ada, published))
    assert (response.status, (await response.json())["code"]) == (409, "language_taken")
    assert (await client.get("/v1/posts/by-slug/elsewhere")).status == 404
    # The slug that it would have had is free.
    assert (await write(ada, title="T", slug="elsewhere"))["slug"] == "elsewhere"


async def test_stale_change_is_refused_and_says_what_is_there(client, ada, works):
    english, german, french = works
    before = await translations(client, ada, english)
    await join(client, ada, english, german)
    response = await put(client, ada, english, french, known=before)
    problem = await response.json()
    assert (response.status, problem["code"], problem["changed"]) == (412, "stale", ["posts"])
    assert problem["etag"] == (await translations(client, ada, english))["etag"]
    assert (await put(client, ada, english, german, french, known={"etag": problem["etag"]})).status == 200


async def test_what_was_read_of_a_former_group_is_stale_in_the_next_one(client, ada, works):
    english, german, french = works
    await join(client, ada, english, german)
    former = await translations(client, ada, german)
    await join(client, ada, german)
    await join(client, ada, german, french)
    assert (await put(client, ada, german, english, known=former)).status == 412


async def test_trashed_post_does_not_join_and_stays_where_it_is(client, ada, works):
    english, german, french = works
    await join(client, ada, english, german)
    trashed = await client.delete(f"/v1/posts/{german['id']}", headers=matching(ada, german))
    gone = await client.delete(f"/v1/posts/{french['id']}", headers=matching(ada, french))
    assert await shown(client, english) == {}
    assert (await put(client, ada, english, german, french)).status == 409
    assert gone.status == 204
    restored = await do(client, ada, {**german, "etag": trashed.headers["ETag"]}, "restore")
    assert restored["status"] == "published"
    assert await shown(client, english) == {"de": "Tea de"}


async def test_post_that_was_removed_for_good_is_no_translation(client, ada, admin, works):
    english, german, french = works
    await join(client, ada, *works)
    assert await shown(client, english) == {"de": "Tea de", "fr": "Tea fr"}
    gone = await client.delete(f"/v1/posts/{german['id']}?purge=true", headers=matching(admin, german))
    assert gone.status == 204
    assert await shown(client, english) == {"fr": "Tea fr"}
    assert await members(client, ada, english) == [english["id"], french["id"]]
    for post in (english, french):
        await client.delete(f"/v1/posts/{post['id']}?purge=true", headers=matching(admin, post))
    assert await client.app[SERVICES].database["translations"].count_documents({}) == 0
    assert await problems(client) == set()


async def test_working_copies_are_edited_without_their_translations(client, ada, works):
    """Joining is no edit: nobody's version gets stale."""
    english, _german, _french = works
    await join(client, ada, *works)
    response = await edit(client, ada, english, title="Edited")
    assert response.status == 200
    body = await response.json()
    assert body["translations"] == (await (await client.get(f"/v1/posts/{english['id']}")).json())["translations"]


# Whoever dies in the middle


def as_service(client):
    return client.app[SERVICES][PostService]


@pytest.mark.parametrize("wish", ["join", "change", "leave"])
async def test_death_behind_any_write_leaves_the_old_group_or_the_new_one(client, database, clock, ada, write, wish):
    """Whichever of the two it was, what readers see agrees with it soon."""
    for after in range(1, MOST_WRITES):
        works = [
            await write(ada, title=f"{lang} {after}", lang=lang, status="published") for lang in ("en", "de", "fr")
        ]
        english, german, french = works
        if wish != "join":
            await join(client, ada, english, german)
        before = await members(client, ada, english)
        known = await translations(client, ada, english)
        new = [english] if wish == "leave" else [english, french]
        async with death(database, after=after) as coming:
            await put(client, ada, *new, known=known)
        if not coming.has_come:
            break
        clock.ahead += SOON
        await as_service(client).translations.settle()
        now = await members(client, ada, english)
        assert now in (before, [post["id"] for post in new])
        expected = {post["lang"]: post["title"] for post in works if post["id"] in now and post is not english}
        assert await shown(client, english) == expected
        assert await problems(client) - {"claims of unused slugs"} == set()
    else:
        pytest.fail("It writes without an end.")
    assert after > 3


async def test_post_whose_remover_died_is_no_translation_soon(client, database, clock, ada, admin, works):
    english, german, french = works
    await join(client, ada, *works)
    async with death(database, after=1) as coming:
        await client.delete(f"/v1/posts/{german['id']}?purge=true", headers=matching(admin, german))
    assert (coming.has_come, coming.collection) == (True, "posts")
    clock.ahead = SOON
    await as_service(client).leftovers.settle()
    assert await members(client, ada, english) == [english["id"], french["id"]]
    assert await shown(client, english) == {"fr": "Tea fr"}


async def test_doctor_finds_and_repairs_heads_that_do_not_say_their_group(client, database, ada, works):
    english, german, _french = works
    await join(client, ada, english, german)
    group = (await database["translations"].find_one({}))["_id"]
    await database["posts"].update_many({}, {"$unset": {"translation_group": ""}})
    await database["posts"].update_one({"live.lang": "fr"}, {"$set": {"translation_group": group}})
    assert await problems(client) == {"posts beside their translations"}
    checks = post_checks(client.app[SERVICES]).all()

    async def nothing():
        pass

    await examine(checks, settle=nothing, fix=True)
    assert await problems(client) == set()
    assert await shown(client, english) == {"de": "Tea de"}
    await database["translations"].delete_many({})
    assert await problems(client) == {"posts beside their translations"}
    await examine(checks, settle=nothing, fix=True)
    assert (await problems(client), await shown(client, english)) == (set(), {})


# Many at once, on a real server

RACERS = 8


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_post_that_several_groups_want_is_in_one(client, ada, write):
    wanted = await write(ada, title="wanted", lang="en", status="published")
    others = [await write(ada, title=f"o{n}", lang="de", status="published") for n in range(RACERS)]
    answers = await asyncio.gather(*(put(client, ada, other, wanted) for other in others))
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200] + [409] * (RACERS - 1)
    winner = others[[answer.status for answer in answers].index(200)]
    assert await members(client, ada, wanted) == [winner["id"], wanted["id"]]
    assert await shown(client, wanted) == {"de": winner["title"]}
    for other in others:
        assert await shown(client, other) == ({"en": "wanted"} if other is winner else {})
    assert await problems(client) == set()


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_one_of_many_changes_of_a_group_wins(client, ada, write):
    first = await write(ada, title="first", lang="en", status="published")
    others = [await write(ada, title=f"o{n}", lang="de", status="published") for n in range(RACERS)]
    known = await translations(client, ada, first)
    answers = await asyncio.gather(*(put(client, ada, first, other, known=known) for other in others))
    assert sorted(answer.status for answer in answers) in (
        [200] + [409] * (RACERS - 1),
        [200] + [412] * (RACERS - 1),
    ) or ([answer.status for answer in answers].count(200) == 1)
    assert {answer.status for answer in answers} <= {200, 409, 412}
    winner = others[[answer.status for answer in answers].index(200)]
    assert await shown(client, first) == {"de": winner["title"]}
    assert await problems(client) == set()


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_languages_stay_apart_while_they_are_changed(client, ada, write):
    """A post that comes to the language of another one while it joins is out, or keeps its own."""
    for number in range(RACERS):
        english = await write(ada, title=f"en {number}", lang="en", status="published")
        other = await write(ada, title=f"de {number}", lang="de")
        known = await translations(client, ada, english)
        joined, moved = await asyncio.gather(
            put(client, ada, english, other, known=known), edit(client, ada, other, lang="en")
        )
        assert (joined.status, moved.status) in ((200, 409), (409, 200))
        lang = (await (await client.get(f"/v1/posts/{other['id']}", headers=ada.headers)).json())["lang"]
        in_group = other["id"] in await members(client, ada, english)
        assert (lang, in_group) == (("de", True) if joined.status == 200 else ("en", False))
    assert await problems(client) == set()


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_group_and_heads_agree_after_a_fray(client, database, ada, editor, write):
    """Services change one group, in any order, over and over."""
    posts = [await write(ada, title=f"p{n}", lang=f"e{letter}") for n, letter in enumerate("nsteflmo")]
    service, who = as_service(client), Identity(user_id=editor.id, role="editor")

    async def shuffle(number):
        chosen = [posts[(number * step) % len(posts)]["id"] for step in (1, 3, 5)]
        chosen = list(dict.fromkeys(chosen))
        for _ in range(5):
            right = await service.reading.get(Editable, who, chosen[0])
            version = (await service.translations.read(right)).version
            try:
                await service.translations.replace(right, chosen, frozenset({version}))
            except (Stale, Conflict):  # somebody else was faster
                continue

    await asyncio.gather(*(shuffle(number) for number in range(1, 16)))
    assert await problems(client) == set()
    groups = [group["posts"] async for group in database["translations"].find()]
    named = [post for group in groups for post in group]
    assert len(named) == len({*named})
