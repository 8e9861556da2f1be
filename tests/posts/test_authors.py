"""Who may name whom as an author, and how one's own name comes off."""

import pytest

from tests.conftest import matching, with_etag


@pytest.fixture
async def people(sign_up, ada, bob, editor):
    """By first letter; c only contributes, r only reads, e edits."""
    carl, rosa = await sign_up("carl", role="contributor"), await sign_up("rosa", role="reader")
    return {"a": ada, "b": bob, "c": carl, "d": await sign_up("dora"), "e": editor, "r": rosa}


@pytest.fixture
def name(client, people):
    """Send who are to be the authors: `await name("a", post, "ab")`; returns status and post."""

    async def name(who, post, names, **fields):
        sent = {"authors": [people[letter].id for letter in names], **fields}
        response = await client.patch(f"/v1/posts/{post['id']}", json=sent, headers=matching(people[who], post))
        return response.status, await (with_etag(response) if response.status == 200 else response.json())

    return name


@pytest.fixture
def started(people, write):
    """A post by these authors, made by an editor: `await started("ab")`."""

    async def started(names, **fields):
        return await write(people["e"], authors=[people[letter].id for letter in names], **fields)

    return started


@pytest.fixture
def shown(client, people):
    """The first letters of those whom readers see, or whom the working copy names."""

    async def shown(post, **query):
        found = await client.get(f"/v1/posts/{post['id']}", params=query, headers=people["e"].headers if query else {})
        return letters(await found.json())

    return shown


def letters(post):
    return "".join(author["username"][0] for author in post["authors"])


@pytest.mark.parametrize(
    ("who", "before", "after", "status"),
    [
        ("a", "a", "ab", 200),
        ("a", "a", "ba", 403),
        ("b", "ab", "abd", 200),
        ("b", "ab", "adb", 403),
        ("a", "ab", "adb", 200),
        ("a", "ab", "ba", 403),
        ("a", "ab", "a", 403),
        ("a", "ab", "b", 200),
        ("b", "ab", "a", 200),
        ("b", "abd", "ad", 200),
        ("b", "abd", "da", 403),
        ("b", "abd", "a", 403),
        ("b", "ab", "ad", 403),
        ("c", "ca", "a", 200),
        ("a", "a", "b", 403),
        ("e", "ab", "bd", 200),
        ("a", "a", "", 422),
        ("r", "ar", "a", 404),
    ],
)
async def test_others_stand_behind_the_own_name_and_only_that_comes_off(
    name, started, shown, who, before, after, status
):
    post = await started(before)
    assert (await name(who, post, after))[0] == status
    assert await shown(post, view="working") == (after if status == 200 else before)


@pytest.mark.parametrize(("names", "status"), [("a", 201), ("ab", 201), ("ba", 403), ("b", 403)])
async def test_new_post_begins_with_the_own_name(client, people, names, status):
    sent = {"title": "T", "authors": [people[letter].id for letter in names]}
    assert (await client.post("/v1/posts", json=sent, headers=people["a"].headers)).status == status


@pytest.mark.parametrize("who", ["b", "c", "e"])
async def test_own_name_comes_off_what_readers_see_at_once(client, people, name, started, shown, who):
    post = await started(f"a{who}d", status="published")
    before = await with_etag(await client.get(f"/v1/posts/{post['id']}"))
    status, changed = await name(who, post, "ad")
    assert status == 200
    assert (changed["version"], changed["has_unpublished_changes"]) == (2, False)
    assert await shown(post) == "ad"
    after = await with_etag(await client.get(f"/v1/posts/{post['id']}"))
    assert after["version"] == 2
    assert after["etag"] != before["etag"]
    listed = await (await client.get("/v1/posts", params={"author": people[who].username})).json()
    assert listed["items"] == []
    assert (await client.get(f"/v1/users/{people[who].id}")).status == 404  # no public post is theirs any more


async def test_unpublished_edits_stay_unseen_when_a_name_comes_off(client, name, started, shown):
    post = await started("ab", status="published", title="Old")
    _, edited = await name("a", post, "ab", title="New")
    await name("b", edited, "a")
    public = await (await client.get(f"/v1/posts/{post['id']}")).json()
    assert (public["title"], letters(public)) == ("Old", "a")


async def test_only_name_that_readers_see_gives_way_to_the_present_authors(name, started, shown):
    post = await started("a", status="published")
    _, edited = await name("a", post, "ab")
    assert (await name("a", edited, "b"))[0] == 200
    assert await shown(post) == "b"


async def test_named_reader_takes_the_name_off_what_they_can_read(client, people, name, started, shown):
    """They may do nothing else, and see nothing of the working copy."""
    post = await started("ar", status="published")
    _, edited = await name("a", post, "ar", title="Secret", note="to come")
    public = await with_etag(await client.get(f"/v1/posts/{post['id']}", headers=people["r"].headers))
    for names, more in (
        ("a", {"title": "Mine"}),
        ("a", {"featured": True}),
        ("a", {"slug": "mine"}),
        ("ra", {}),
        ("r", {}),
    ):
        assert (await name("r", public, names, **more))[0] == 403
    stale = {**public, "etag": '"7-x"'}
    assert (await name("r", stale, "a"))[0] == 412
    status, answer = await name("r", public, "a")
    assert status == 200
    assert "Secret" not in str(answer)
    assert "working_revision" not in answer
    assert await shown(post) == await shown(post, view="working") == "a"
    assert (await name("r", answer, "a"))[0] == 403  # they are not named any more
    assert (await name("a", edited, "a"))[0] == 412


async def test_who_stands_only_before_readers_takes_that_off(client, people, name, started, shown):
    post = await started("ab", status="published")
    await name("e", post, "a")
    assert await shown(post) == "ab"
    public = await with_etag(await client.get(f"/v1/posts/{post['id']}"))
    assert (await name("b", public, "a"))[0] == 200
    assert await shown(post) == "a"


@pytest.mark.parametrize("step", ["restore", "publish", "discard"])
async def test_name_that_came_off_does_not_come_back_with_an_old_copy(client, people, name, started, shown, step):
    post = await started("ab", status="published", title="One")
    _, left = await name("b", post, "a", title="Two")
    path = {
        "restore": f"/v1/posts/{post['id']}/revisions/1/restore",
        "publish": f"/v1/posts/{post['id']}/publish",
        "discard": f"/v1/posts/{post['id']}/discard",
    }[step]
    sent = {"revision": 1} if step == "publish" else None
    response = await client.post(path, json=sent, headers=matching(people["e"], left))
    assert response.status == 200
    assert await shown(post) == await shown(post, view="working") == "a"


async def test_name_that_came_off_can_be_put_there_again(client, people, name, started, shown):
    post = await started("ab", title="One")
    _, left = await name("b", post, "a")
    _, named = await name("e", left, "ab")
    path = f"/v1/posts/{post['id']}/revisions/1/restore"
    assert (await client.post(path, headers=matching(people["a"], named))).status == 200
    assert await shown(post, view="working") == "ab"
