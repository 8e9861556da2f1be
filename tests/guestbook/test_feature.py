"""A package adds a feature without a fork: routes, rights, collection, job, check, subscription and settings."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from guestbook.feature import GUESTBOOK
from guestbook.service import GuestbookService
from guestbook.settings import GuestbookSettings

from blogapi.app import create_app
from blogapi.config import load_config
from blogapi.config.schema import keys_of
from blogapi.feature import Feature
from blogapi.features import FEATURES
from blogapi.operations.doctor import examine
from blogapi.wiring import SERVICES, build_services
from tests.contract import pointers
from tests.guestbook.conftest import WITH_GUESTBOOK, book, rename, write
from tests.servers import ROOT

EXAMPLE = ROOT / "examples" / "guestbook"
SECTIONS = {GUESTBOOK.name: GuestbookSettings}


async def test_entry_is_read_by_everybody(client, ada):
    entry = await write(client, ada, "Lovely.")
    assert await book(client) == [entry]
    assert await (await client.get(f"/v1/guestbook/{entry['id']}")).json() == entry
    assert (entry["author"]["username"], entry["text"]) == ("ada", "Lovely.")


async def test_entries_are_paged_newest_first(client, ada):
    written = [(await write(client, ada, text))["id"] for text in ("one", "two", "three")]
    first = await (await client.get("/v1/guestbook?limit=2")).json()
    rest = await book(client, f"limit=2&cursor={first['page']['next']}")
    assert [entry["id"] for entry in [*first["items"], *rest]] == written[::-1]


async def test_only_who_is_signed_in_writes(client):
    assert (await client.post("/v1/guestbook", json={"text": "Hm."})).status == 401


@pytest.mark.parametrize("text", ["", "x" * 501, None])
async def test_bad_text_is_refused(client, ada, text):
    response = await client.post("/v1/guestbook", json={"text": text}, headers=ada.headers)
    assert response.status == 422
    assert pointers(await response.json()) == {"/text"}


async def test_editors_remove_entries(client, ada, editor):
    path = f"/v1/guestbook/{(await write(client, ada, 'Buy this!'))['id']}"
    assert (await client.delete(path, headers=ada.headers)).status == 403
    assert [(await client.delete(path, headers=editor.headers)).status for _ in range(2)] == [204, 404]
    assert (await client.get(path)).status == 404
    assert await book(client) == []


async def test_new_name_of_somebody_is_shown(client, ada, bob):
    for who in (ada, bob):
        await write(client, who, "Hello.")
    await rename(client, ada, "Countess")
    assert [entry["author"]["display_name"] for entry in await book(client)] == ["Bob", "Countess"]


async def test_document_holds_the_feature(app, client):
    document = await (await client.get("/openapi.json")).json()
    assert document["paths"]["/v1/guestbook"].keys() == {"get", "post"}
    assert document["paths"]["/v1/guestbook/{id}"].keys() == {"get", "delete"}


async def test_without_its_line_nothing_of_it_is_left(aiohttp_client, config, database):
    app = create_app(config, database, features=[each for each in WITH_GUESTBOOK if each is not GUESTBOOK])
    client = await aiohttp_client(app)
    assert (await client.get("/v1/guestbook")).status == 404
    document = await (await client.get("/openapi.json")).json()
    assert not [path for path in document["paths"] if "guestbook" in path]
    assert not [check.name for check in app[SERVICES].checks if "guestbook" in check.name]
    assert "guestbook_entries" not in {store.collection for store in app[SERVICES].stores}


async def test_indexes_are_made(client, database):
    assert {"newest", "author"} <= (await database["guestbook_entries"].index_information()).keys()
    assert (await (await client.get("/readyz")).json())["checks"]["indexes"] == "ok"


def services_with(config, database, settings, now):
    config = dataclasses.replace(config, own={GuestbookSettings: settings})
    return build_services(config, database, WITH_GUESTBOOK, now)


@pytest.mark.parametrize(("keep_days", "left"), [(0, 1), (29, 0), (30, 1)])
async def test_job_removes_what_is_old(client, ada, config, database, keep_days, left):
    await write(client, ada, "Long ago.")
    later = datetime.now(UTC) + timedelta(days=29, hours=1)
    services = services_with(config, database, GuestbookSettings(keep_days=keep_days), lambda: later)
    (job,) = GUESTBOOK.jobs
    assert await job.work(services[GuestbookService]) == 1 - left
    assert len(await book(client)) == left


async def test_setting_bounds_entries(client, ada, config, database, aiohttp_client):
    own = {GuestbookSettings: GuestbookSettings(max_length=3)}
    short = await aiohttp_client(create_app(dataclasses.replace(config, own=own), database, WITH_GUESTBOOK))
    sent = [await short.post("/v1/guestbook", json={"text": text}, headers=ada.headers) for text in ("abc", "abcd")]
    assert [response.status for response in sent] == [201, 422]


async def test_doctor_finds_and_repairs_a_stale_name(client, ada, app, database):
    await write(client, ada, "Hello.")
    await database["guestbook_entries"].update_one({}, {"$set": {"author.display_name": "Former"}})

    async def settle():
        return None

    async def found(fix):
        findings = await examine([*GUESTBOOK.checks(app[SERVICES])], settle=settle, fix=fix)
        return {finding.check: (finding.found, finding.fixed) for finding in findings if finding.found}

    assert await found(fix=True) == {"stale bylines in the guestbook": (1, 1)}
    assert await found(fix=False) == {}
    assert (await book(client))[0]["author"]["display_name"] == "Ada"


async def test_section_that_no_feature_brings_is_not_there(config, database):
    forgotten = dataclasses.replace(GUESTBOOK, settings=None)
    with pytest.raises(KeyError, match="GuestbookSettings"):
        build_services(config, database, (*FEATURES, forgotten))


async def test_feature_is_there_once(config, database):
    with pytest.raises(ValueError, match="guestbook"):
        build_services(config, database, (*WITH_GUESTBOOK, GUESTBOOK))


@pytest.mark.parametrize("name", ["", "guest-book", "Guests", "a.b", "a__b", "_a"])
def test_name_of_a_feature_is_one_of_a_section(name):
    with pytest.raises(ValueError, match="name of a feature"):
        Feature(name=name)


# The configuration


def test_settings_come_from_file_and_environment(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("guestbook: {max_length: 7, keep_days: 3}")
    config = load_config(file, {"BLOGAPI_GUESTBOOK__KEEP_DAYS": "9"}, SECTIONS)
    assert config.own[GuestbookSettings] == GuestbookSettings(max_length=7, keep_days=9)


def test_configuration_of_the_example_names_every_setting_with_its_default(tmp_path):
    text = (EXAMPLE / "config.yaml").read_text("utf-8")
    assert load_config(EXAMPLE / "config.yaml", {}, SECTIONS).own == {GuestbookSettings: GuestbookSettings()}
    for name in dataclasses.fields(GuestbookSettings):
        setting = keys_of(SECTIONS)[f"guestbook.{name.name}"]
        assert f"{setting.validate.max}" in text.partition(f"{name.name}:")[0].splitlines()[-2]
