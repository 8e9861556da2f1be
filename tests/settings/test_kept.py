"""The settings in the memory of each process, and in answers that are kept."""

from dataclasses import replace

import pytest

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.config import CacheConfig
from blogapi.settings.service import SettingsService
from blogapi.wiring import SERVICES, build_services
from tests.caching import fill
from tests.conftest import QUIET, until
from tests.settings.conftest import PATH

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    return mongod_database


@pytest.fixture
def config(config):
    return replace(config, cache=CacheConfig(enabled=True))


@pytest.fixture
def app(config, database):
    return create_app(config, database, QUIET)


@pytest.fixture
def asked(database):
    """The collections that were asked since."""
    found = []
    database.on_read.append(found.append)
    return found


async def set_title(services, title):
    settings = services[SettingsService]
    before = await settings.fresh()
    wish = replace(before.wish, title=title)
    await settings.edit(as_operator(), before, wish, frozenset({before.version}))


async def test_settings_are_read_once(client, app, asked):
    settings = app[SERVICES][SettingsService]
    await settings.current()
    asked.clear()
    assert [(await settings.current()).title for _ in range(3)] == ["Blog"] * 3
    assert asked == []


async def test_own_change_is_known_at_once(client, app):
    settings = app[SERVICES][SettingsService]
    await settings.current()
    await set_title(app[SERVICES], "The garden")
    assert (await settings.current()).title == "The garden"


async def test_change_of_another_process_is_known_soon(client, app, config, mongod_database):
    settings = app[SERVICES][SettingsService]
    await settings.current()
    elsewhere = build_services(config, mongod_database.client["test"])
    await set_title(elsewhere, "The garden")
    await until(lambda: _title_is(settings, "The garden"))


async def _title_is(settings, title):
    return (await settings.current()).title == title


async def test_settings_are_read_while_writes_are_not_told(client, app, config, mongod_database):
    settings = app[SERVICES][SettingsService]
    await settings.current()
    settings.kept.heard = settings.kept.written = lambda _: None  # nothing is heard any more
    settings.kept.stand_aside("no-primary")
    elsewhere = build_services(config, mongod_database.client["test"])
    await set_title(elsewhere, "The garden")
    assert (await settings.current()).title == "The garden"


async def test_kept_answer_goes_with_a_change(client, app):
    await fill(client, PATH)
    await set_title(app[SERVICES], "The garden")
    assert (await (await client.get(PATH)).json())["title"] == "The garden"
