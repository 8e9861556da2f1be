"""The settings of the blog over HTTP: who reads and sets what, and what goes by them."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from blogapi.settings.model import Settings
from tests.conftest import PASSWORD, matching
from tests.contract import faults
from tests.settings.conftest import PATH

NEW = {"username": "noor", "email": "noor@example.org", "password": PASSWORD}
AS_BEGUN = {
    "id": "settings",
    "version": 1,
    "title": "Blog",
    "description": "",
    "lang": "en",
    "timezone": "UTC",
    "post_url": None,
    "comments_policy": "open",
    "feed_length": 20,
    "registration_mode": "open",
    "custom_schema": None,
    "filterable": [],
    "created_at": None,
    "updated_at": None,
}


async def test_settings_are_there_before_anybody_sets_them(client, database):
    response = await client.get(PATH)
    assert response.status == 200
    assert await response.json() == AS_BEGUN
    assert response.headers["Cache-Control"].startswith("public")
    again = await client.get(PATH, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status == 304
    assert await database["settings"].count_documents({}) == 0  # reading writes nothing


async def test_administrator_sets_what_everybody_sees(client, put):
    wish = {
        "title": "The garden",
        "description": "Bees and bread.",
        "lang": "pt-br",
        "timezone": "America/Sao_Paulo",
        "post_url": "https://blog.example.org:8443/{year}/{month}/{slug}?from={lang}#{id}",
        "comments_policy": "moderated",
        "feed_length": 50,
        "registration_mode": "closed",
    }
    response = await put(**wish)
    assert response.status == 200
    answer = await response.json()
    wish["lang"] = "pt-BR"
    assert {name: answer[name] for name in wish} == wish
    assert (answer["version"], answer["registration_role"], answer["inherited"]) == (2, "author", ["registration_role"])
    public = await (await client.get(PATH)).json()
    assert public == {name: answer[name] for name in AS_BEGUN}
    again = await (await put(description=None, post_url=None, registration_mode=None)).json()
    assert (again["description"], again["post_url"], again["registration_mode"]) == ("", None, "open")
    assert again["created_at"] == answer["created_at"]
    assert (again["version"], again["inherited"]) == (3, ["registration_mode", "registration_role"])


async def test_what_only_administrators_see_moves_nothing_that_others_see(client, put, ada):
    await put(title="The garden")
    before = await client.get(PATH)
    response = await put(registration_role="reader")
    assert (await response.json())["version"] == 3
    after = await client.get(PATH)
    assert (await after.json(), after.headers["ETag"]) == (await before.json(), before.headers["ETag"])
    assert (await client.get(f"{PATH}?view=admin")).status == 401
    assert (await client.get(f"{PATH}?view=admin", headers=ada.headers)).status == 403


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "", "too_short"),
        ("title", None, "required"),
        ("lang", "english", "invalid_format"),
        ("lang", None, "required"),
        ("timezone", "Europe/Atlantis", "invalid_choice"),
        ("timezone", "../../etc/passwd", "invalid_choice"),
        ("post_url", "https://blog.example.org/{title}/{slug}", "invalid_format"),
        ("post_url", "https://blog.example.org/posts", "invalid_format"),
        ("post_url", "https://{slug}.example.org/", "invalid_format"),
        ("post_url", "https://me@blog.example.org/{slug}", "invalid_format"),
        ("post_url", "javascript:alert('{slug}')", "invalid_format"),
        ("post_url", "//blog.example.org/{slug}", "invalid_format"),
        ("post_url", "https://blog.example.org/{slug}\n", "invalid_format"),
        ("post_url", "https://blog.example.org/{{slug}}", "invalid_format"),
        ("post_url", "https://blog.example.org/\u00fc/{slug}", "invalid_format"),
        ("post_url", "https://blog.example.org/{slug}" + "a" * 500, "too_long"),
        ("comments_policy", "maybe", "invalid_choice"),
        ("feed_length", 0, "out_of_range"),
        ("feed_length", 101, "out_of_range"),
        ("registration_mode", "sometimes", "invalid_choice"),
        ("registration_role", "admin", "invalid_choice"),
        ("slogan", "Bees!", "unknown_field"),
    ],
)
async def test_bad_setting_is_refused(client, put, field, value, code):
    assert await faults(await put(**{field: value})) == {f"/{field}": code}
    assert await (await client.get(PATH)).json() == AS_BEGUN


async def test_hostile_address_is_refused_in_no_time(put):
    """In one go, however long: a pattern that went back would take years."""
    assert "/post_url" in await faults(await put(post_url="https://" + "a.-" * 160 + "!"))


@pytest.mark.parametrize("role", ["reader", "author", "editor"])
async def test_only_administrators_set_anything(client, sign_up, settings, role):
    who = await sign_up("somebody", role=role)
    response = await client.patch(PATH, json={"title": "Mine"}, headers=matching(who, await settings()))
    assert response.status == 403


async def test_late_change_is_told_what_has_changed(client, admin, settings, put):
    before = await settings()
    await put(title="The garden", feed_length=5)
    response = await client.patch(PATH, json={"title": "My garden"}, headers=matching(admin, before))
    assert response.status == 412
    problem = await response.json()
    assert (problem["code"], problem["version"], problem["changed"]) == ("stale", 2, ["feed_length", "title"])
    assert problem["etag"] == (await settings())["etag"]
    assert (await client.patch(PATH, json={"title": "My garden"}, headers=admin.headers)).status == 428
    merge = {**matching(admin, before), "Prefer": "merge"}
    merged = await client.patch(PATH, json={"description": "Of bees."}, headers=merge)
    assert (merged.status, merged.headers["Preference-Applied"]) == (200, "merge")
    assert (await client.patch(PATH, json={"title": "My garden"}, headers=merge)).status == 412


async def test_setting_the_same_again_changes_nothing(put, settings):
    await put(title="The garden")
    before = await settings()
    response = await put(title="The garden")
    assert {**await response.json(), "etag": response.headers["ETag"]} == before


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
@pytest.mark.parametrize("earlier", [0, 1], ids=["the first change", "a later one"])
async def test_of_many_changes_at_once_one_is_made(client, admin, settings, put, earlier):
    for number in range(earlier):
        await put(title=f"Earlier {number}")
    headers = matching(admin, await settings())
    wishes = [client.patch(PATH, json={"title": f"Title {number}"}, headers=headers) for number in range(16)]
    responses = await asyncio.gather(*wishes)
    assert Counter(response.status for response in responses) == {200: 1, 412: 15}
    (won,) = [await response.json() for response in responses if response.status == 200]
    after = await settings()
    assert (after["title"], after["version"]) == (won["title"], earlier + 2)


async def test_change_is_in_the_audit_log(client, admin, put):
    await put(title="The garden", registration_mode="invite")
    entries = await client.get("/v1/audit?action=settings.updated", headers=admin.headers)
    (entry,) = (await entries.json())["items"]
    assert (entry["actor"]["user_id"], entry["target"]) == (admin.id, {"kind": "settings", "id": "settings"})
    assert entry["facts"] == {"fields": ["title", "registration_mode"], "version": 2}


# What goes by them


async def test_new_post_has_the_language_and_the_comments_of_the_blog(client, ada, write, put):
    early = await write(ada, status="published")
    await put(lang="de", comments_policy="moderated")
    late = await write(ada, status="published")
    own = await write(ada, lang="fr", comments_policy="closed", status="published")
    found = [(post["lang"], post["comments_policy"]) for post in (early, late, own)]
    assert found == [("en", "open"), ("de", "moderated"), ("fr", "closed")]
    listed = await (await client.get("/v1/posts?lang=de")).json()
    assert [post["id"] for post in listed["items"]] == [late["id"]]


async def test_post_that_gives_up_its_language_has_that_of_the_blog(client, ada, write, put):
    post = await write(ada, lang="fr")
    await put(lang="de")
    path, headers = f"/v1/posts/{post['id']}", matching(ada, post)
    edited = await (await client.patch(path, json={"title": "Another"}, headers=headers)).json()
    assert edited["lang"] == "fr"
    given_up = await client.patch(path, json={"lang": None}, headers={**headers, "If-Match": '"2-0"'})
    assert (await given_up.json())["lang"] == "de"


async def test_registration_goes_by_the_settings(client, put):
    await put(registration_mode="closed")
    response = await client.post("/v1/auth/register", json=NEW)
    assert (response.status, (await response.json())["code"]) == (403, "registration_closed")
    await put(registration_mode="open", registration_role="reader")
    response = await client.post("/v1/auth/register", json=NEW)
    assert (response.status, (await response.json())["role"]) == (201, "reader")


class TestConfigured:
    """What the configuration says holds until an administrator says something else."""

    @pytest.fixture
    def config(self, config):
        return replace(config, registration=replace(config.registration, mode="invite", role="contributor"))

    async def test_settings_begin_with_the_configuration(self, client, settings, put):
        found = await settings()
        assert (found["registration_mode"], found["registration_role"]) == ("invite", "contributor")
        assert (await client.post("/v1/auth/register", json=NEW)).status == 403
        await put(title="The garden")
        assert (await client.post("/v1/auth/register", json=NEW)).status == 403
        await put(registration_mode="open")
        assert (await (await client.post("/v1/auth/register", json=NEW)).json())["role"] == "contributor"


@pytest.mark.parametrize(
    ("template", "address"),
    [
        (None, None),
        ("https://a.example/{slug}", "https://a.example/bees"),
        ("http://localhost:3000/{lang}/{year}/{month}/{day}/{id}", "http://localhost:3000/de/2026/01/01/7"),
    ],
)
def test_post_has_an_address_by_the_template(template, address):
    """The day is that of the blog, where the year has begun earlier."""
    settings = Settings(post_url=template, timezone="Asia/Tokyo", lang="de")
    moment = datetime(2025, 12, 31, 20, tzinfo=UTC)
    assert settings.address_of(post_id="7", slug="bees", lang=None, published_at=moment) == address
