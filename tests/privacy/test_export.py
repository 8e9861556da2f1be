"""The export of personal data: what is in it, who gets it, and that it is made whatever dies."""

import asyncio
import io
import json
import os
import tracemalloc
import zipfile
from dataclasses import replace

import pytest

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.config import LimitsConfig
from blogapi.importers.markdown import read_folder
from blogapi.importers.run import import_folder
from blogapi.privacy.service import PrivacyService
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, QUIET
from tests.contract import checked_client
from tests.privacy.dump import documents_in, places_of
from tests.privacy.life import AVATAR, BIO, DEVICE, DISPLAY_NAME, EMAIL, LABEL, LINK, NEW_EMAIL, TEXT, USERNAME

PATH = "/v1/me/export"


@pytest.fixture
def make(services):
    """Run the job."""
    return services[PrivacyService].exports.make


@pytest.fixture
def fetch(client, make):
    """Ask for an export, have it made and fetch it."""

    async def fetch(who):
        assert (await client.post(PATH, headers=who.headers)).status == 202
        assert await make() == 1
        response = await client.get(PATH, headers=who.headers)
        assert response.status == 200
        return zipfile.ZipFile(io.BytesIO(await response.read()))

    return fetch


async def test_export_is_asked_for_made_and_fetched(client, ada, make, clock):
    asked = await client.post(PATH, headers=ada.headers)
    assert asked.status == 202
    assert (await asked.json())["state"] == "waiting"
    waiting = await client.get(PATH, headers=ada.headers)
    assert waiting.status == 202
    assert int(waiting.headers["Retry-After"]) > 0
    assert await make() == 1
    ready = await client.get(PATH, headers=ada.headers)
    assert ready.status == 200
    assert ready.content_type == "application/zip"
    assert ready.headers["Cache-Control"] == "private, no-store"
    day = clock.time.date().isoformat()
    assert ready.headers["Content-Disposition"] == f'attachment; filename="export-{day}.zip"'
    assert int(ready.headers["Content-Length"]) == len(await ready.read())


async def test_export_has_all_that_is_kept_of_somebody(life, fetch):
    archive = await fetch(life)
    assert archive.testzip() is None
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    together = "\n".join(texts.values())
    for word in (USERNAME, EMAIL, NEW_EMAIL, DISPLAY_NAME, BIO, LABEL, DEVICE, AVATAR, LINK, TEXT):
        assert word in together, word
    account = json.loads(texts["account.json"])
    assert account["id"] == life.id
    assert account["created_at"].endswith("Z")
    assert {session["device"] for session in json.loads(texts["sessions.json"])} == {DEVICE, f"{DEVICE} mobile"}


async def test_export_has_every_field_that_doors_declare(life, fetch, services, database):
    archive = await fetch(life)
    for data, _ in services.personal:
        if data.exported and data.collection != "users":
            entries = json.loads(archive.read(f"{data.collection}.json"))
            assert entries or data.collection == "mails", data.collection  # hers were sent
            assert {name for entry in entries for name in entry} <= {path.partition(".")[0] for path in data.exported}


async def test_export_has_no_secrets(life, fetch, database):
    archive = await fetch(life)
    together = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
    secret = {"hash", "secret_hash", "nonce", "bound_to", "sealed", "secret", "key_hash", "fingerprint", "public_key"}

    def secrets_in(value, name=""):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from secrets_in(inner, key)
        elif name in secret and isinstance(value, str) and len(value) > 8:
            yield value

    found = {each for _, document in await documents_in(database) for each in secrets_in(document)}
    assert len(found) > 5
    assert not [each for each in found if each in together]


async def test_export_has_all_revisions_of_each_post(client, life, fetch):
    archive = await fetch(life)
    post = json.loads(archive.read(f"revisions/{life.post_id}.json"))
    assert [revision["revision"] for revision in post["revisions"]] == [1, 2, 3]
    assert [revision["body"].split(".")[-2].strip() for revision in post["revisions"][1:]] == ["Twice", "Thrice"]
    assert post["live"]["body"] == post["revisions"][1]["body"]
    assert len([name for name in archive.namelist() if name.startswith("revisions/")]) == 3


async def test_export_has_nothing_of_others(client, life, bob, write, fetch):
    await write(bob, title="Of Bob alone")
    archive = await fetch(life)
    together = b"\n".join(archive.read(name) for name in archive.namelist())
    assert b"Of Bob alone" not in together
    assert b"edith@example.org" not in together
    assert b"bob" not in together


async def test_posts_can_be_imported_again(client, life, fetch, services, tmp_path):
    archive = await fetch(life)
    folder = tmp_path / "exported"
    archive.extractall(folder)
    report = await import_folder(services, read_folder(folder, source="exported"), author="edith")
    assert report.refused == 0
    assert report.created == 3
    published = await (await client.get("/v1/posts?tag=engines")).json()
    assert {post["slug"] for post in published["items"]} == {"note-g", "note-g-2"}
    original, copy = [await (await client.get(f"/v1/posts/by-slug/{slug}")).json() for slug in ("note-g", "note-g-2")]
    same = ("title", "body", "tags", "excerpt", "lang", "published_at", "cover", "seo")
    assert {name: copy[name] for name in same} == {name: original[name] for name in same}


async def test_front_matter_holds_whatever_is_in_a_title(client, ada, write, fetch, services, tmp_path):
    title = '--- "quoted": \\ # [x] {y}'
    post = await write(ada, title=title, kind="page", body="---\n\nA *rule* first.\n", excerpt="a: b\n---\nc")
    archive = await fetch(ada)
    archive.extractall(tmp_path / "exported")
    await import_folder(services, read_folder(tmp_path / "exported", source="exported"), author="ada")
    mine = await (await client.get("/v1/me/posts?status=draft&kind=page&fields=title,body", headers=ada.headers)).json()
    assert [item["title"] for item in mine["items"] if item["id"] != post["id"]] == [title]
    assert {item["body"] for item in mine["items"]} == {"---\n\nA *rule* first.\n"}


# Who gets it, and for how long


async def test_there_is_none_before_it_is_asked_for(client, ada):
    assert (await client.get(PATH, headers=ada.headers)).status == 404


async def test_nobody_gets_that_of_somebody_else(client, ada, bob, make):
    await client.post(PATH, headers=ada.headers)
    await make()
    assert (await client.get(PATH, headers=bob.headers)).status == 404
    assert (await client.get(PATH)).status == 401


async def test_it_is_gone_after_a_day(client, ada, make, clock):
    await client.post(PATH, headers=ada.headers)
    await make()
    clock.forward(hours=24)
    assert (await client.get(PATH, headers=await refreshed(client, ada))).status == 404


async def refreshed(client, who):
    response = await client.post("/v1/auth/refresh", json={"refresh_token": who.refresh_token})
    return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def test_asking_and_fetching_take_a_fresh_proof(client, ada, make, clock):
    await client.post(PATH, headers=ada.headers)
    await make()
    clock.forward(minutes=11)
    headers = await refreshed(client, ada)
    for method in ("POST", "GET"):
        response = await client.request(method, PATH, headers=headers)
        assert response.status == 403
        assert (await response.json())["code"] == "reauthentication_required"


async def test_no_api_key_gets_it(client, ada, make):
    await client.post(PATH, headers=ada.headers)
    await make()
    new = {"name": "backup", "scopes": ["users:read", "posts:read"]}
    key = (await (await client.post("/v1/me/api-keys", json=new, headers=ada.headers)).json())["key"]
    for method in ("POST", "GET"):
        response = await client.request(method, PATH, headers={"Authorization": f"Bearer {key}"})
        assert (response.status, (await response.json())["code"]) == (403, "insufficient_scope")


async def test_asking_again_waits_for_the_one_that_is_made(client, ada, make, clock):
    first = await (await client.post(PATH, headers=ada.headers)).json()
    clock.forward(seconds=1)
    assert await (await client.post(PATH, headers=ada.headers)).json() == first
    assert await make() == 1


async def test_new_one_replaces_the_old_one(client, life, fetch, database):
    await fetch(life)
    await fetch(life)
    parts = [document for name, document in await documents_in(database) if name == "export_parts"]
    assert len({part["fence"] for part in parts}) == 1


async def test_how_often_is_limited(aiohttp_client, config, database, clock, sign_up, client):
    await sign_up("ada")
    limited = replace(config, limits=LimitsConfig(storage="memory", export="2/day"))
    app = create_app(limited, database, QUIET, now=clock)
    other = await checked_client(aiohttp_client, app)
    login = await (await other.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})).json()
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    for status in (202, 202, 429):
        assert (await other.post(PATH, headers=headers)).status == status
        await app[SERVICES][PrivacyService].exports.make()


# Whoever dies, and whoever leaves


async def test_another_process_makes_what_one_died_with(client, life, clock, config, database, services):
    await client.post(PATH, headers=life.headers)
    own = database.client[database.name]
    writes = 0

    def die(write):
        nonlocal writes
        writes += write.collection == "export_parts"
        if writes == 1:
            raise asyncio.CancelledError

    own.on_write.append(die)
    with pytest.raises(asyncio.CancelledError):
        await create_app(config, own, QUIET, now=clock)[SERVICES][PrivacyService].exports.make()
    exports = services[PrivacyService].exports
    assert await exports.make() == 0  # the dead might still be at work
    clock.forward(minutes=2)
    assert await exports.make() == 1
    response = await client.get(PATH, headers=life.headers)
    assert zipfile.ZipFile(io.BytesIO(await response.read())).testzip() is None


async def test_erased_person_leaves_no_export(client, life, leave, erase, fetch, clock, database):
    await fetch(life)
    await leave(life)
    clock.forward(days=7)
    await erase()
    assert not [name for name, _ in await documents_in(database) if name.startswith("export")]
    assert not [place for place in await places_of(database, EMAIL) if place.startswith("export")]


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_export_that_is_not_wanted_any_more_is_not_gone_on_with(client, ada, write, database, mongo, make):
    """As when somebody is erased meanwhile, or another process has taken over."""
    for _ in range(4):
        await write(ada, body="\n".join(os.urandom(40).hex() for _ in range(4000)))
    await client.post(PATH, headers=ada.headers)

    def take_away(write):
        if write.collection == "export_parts":
            mongo[database.name]["exports"].delete_many({})

    database.on_write.append(take_away)
    assert await make() == 0
    assert await database["export_parts"].count_documents({}) == 1


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_memory_is_bounded_however_much_somebody_has_written(ada, write, database, services):
    """Forty megabytes of posts, of which a few are held at a time."""
    await write(ada)
    posts, text = database["posts"], "lorem ipsum " * 17_000
    (original,) = await posts.find({}).to_list(None)
    for number in range(200):
        copy = {**original["working"], "slug": f"long-{number}", "body": text}
        await posts.insert_one({**original, "_id": type(original["_id"])(), "working": copy})
    user = await services[UserService].get(ada.id)
    tracemalloc.start()
    try:
        size = sum([len(part) async for part in services[PrivacyService].exports.make_for(as_operator(), user)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 50_000
    assert peak < 16_000_000
