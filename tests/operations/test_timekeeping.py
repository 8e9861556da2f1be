"""Processes whose clocks are minutes apart do one another no harm: all go by the clock of the database."""

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import mongomock
import pytest
from bson.objectid import ObjectId
from mongomock_motor import AsyncMongoMockClient
from pymongo.errors import AutoReconnect

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.cli.context import open_database
from blogapi.clock import Clock
from blogapi.config import MongoConfig
from blogapi.db.client import Client
from blogapi.errors import Unavailable
from blogapi.operations.timekeeping import keeping_time
from blogapi.posts.model import Draft
from blogapi.posts.service import PostService
from blogapi.users.model import NewUser
from blogapi.users.service import UserService, acting_as
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, QUIET, until
from tests.contract import checked_client
from tests.scraping import scraped

MINUTES = 240


class Died(Exception):
    """Whoever was writing goes no further."""


@pytest.fixture
def told(monkeypatch):
    """Teach the mock to say what time it is, as servers do."""

    def hello(_, command, **options):
        assert command == {"hello": 1}
        return {"localTime": datetime.now(UTC).replace(tzinfo=None)}

    monkeypatch.setattr(mongomock.Database, "command", hello)
    members = SimpleNamespace(server_descriptions=dict)
    monkeypatch.setattr(AsyncMongoMockClient, "topology_description", members, raising=False)


@pytest.fixture
def process(aiohttp_client, config, database):
    """A process on a host whose clock is wrong by so many seconds."""

    async def process(wrong_by):
        client = Client(database.client.raw)
        client.clock = Clock(own=lambda: time.time() + wrong_by)
        return await checked_client(aiohttp_client, create_app(config, client[database.name], QUIET))

    return process


async def cut_off(process, *, after, slug):
    """Have somebody publish a post, and stand still as soon as this collection was written to."""

    def listener(write):
        if write.collection == after:
            raise Died

    services = process.app[SERVICES]
    wish = NewUser(username=slug, email=f"{slug}@example.org", display_name=slug, password=PASSWORD, role="editor")
    writer = acting_as(await services[UserService].making.create(as_operator(), wish))
    draft = Draft(title=slug, slug=slug, tags=("tea",), status="published")
    services.database.on_write.append(listener)
    with pytest.raises(Died):
        await services[PostService].writing.create(writer, draft)
    services.database.on_write.remove(listener)


async def test_process_leaves_alone_what_others_have_just_begun(told, process, database):
    wrong = [await process(by) for by in (0, MINUTES, -MINUTES)]
    for number, begins in enumerate(wrong):
        await cut_off(begins, after="slugs", slug=f"claimed-{number}")
        await cut_off(begins, after="posts", slug=f"saved-{number}")
    for looks in wrong:
        posts = looks.app[SERVICES][PostService]
        assert await posts.leftovers.settle() == 0
        assert await posts.counts.settle() == 0
    assert await database["slugs"].count_documents({}) == 2 * len(wrong)
    assert await database["posts"].count_documents({"uncounted": {"$exists": True}}) == len(wrong)


async def test_times_and_tokens_are_good_whatever_the_host_thinks(told, process):
    right, fast, slow = [await process(by) for by in (0, MINUTES, -MINUTES)]
    account = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    assert (await slow.post("/v1/auth/register", json=account)).status == 201
    signed_in = await slow.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    token = {"Authorization": f"Bearer {(await signed_in.json())['access_token']}"}
    made = []
    for client in (fast, slow, right):
        response = await client.post("/v1/posts", json={"title": "Tea"}, headers=token)
        assert response.status == 201
        made.append(datetime.fromisoformat((await response.json())["created_at"]))
    assert made == sorted(made)
    assert (made[-1] - made[0]).total_seconds() < MINUTES / 2
    assert scraped(fast.app)("blogapi_clock_error_seconds") == pytest.approx(MINUTES, abs=5)


@pytest.mark.mongod
async def test_what_is_started_without_a_server_has_the_time_too(config, mongo_url, mongod_database, driver):
    config = replace(config, mongo=MongoConfig(url=mongo_url, database="test", driver=driver))
    async with open_database(config, mongo_url) as database:
        assert database.client.clock.is_set


class Primaries:
    """A driver's client of a set whose members have clocks of their own, as far as the time is concerned."""

    def __init__(self):
        self.ahead, self.answers = 0.0, True
        self.elect()

    def elect(self):
        self._primary = SimpleNamespace(is_writable=True, election_id=ObjectId())

    @property
    def topology_description(self):
        return SimpleNamespace(server_descriptions=lambda: {"a": self._primary})

    def __getitem__(self, name):
        return self

    name = "admin"

    async def command(self, command):
        if not self.answers:
            raise AutoReconnect("no primary")
        return {"localTime": datetime.fromtimestamp(time.time() + self.ahead, UTC).replace(tzinfo=None)}


@pytest.fixture
def primaries():
    return Primaries()


def off(client):
    """By how many seconds the clock of the service is ahead of this host's."""
    return -client.clock.host_error()


async def test_clock_follows_the_next_primary_and_goes_on_without_one(primaries, caplog):
    client = Client(primaries)
    primaries.ahead = 3600
    with caplog.at_level(logging.INFO, "blogapi.clock"):
        async with keeping_time(client, look_seconds=0.01):
            assert off(client) == pytest.approx(3600, abs=1)
            assert "the clock of this host is off by -3600.0 s" in caplog.text
            primaries.answers, primaries.ahead = False, 7200
            primaries.elect()
            await until(lambda: "does not tell the time" in caplog.text)
            assert off(client) == pytest.approx(3600, abs=1)
            primaries.answers = True
            await until(lambda: off(client) == pytest.approx(7200, abs=1))
            assert "the clock of the database moved by +3600.0 s" in caplog.text


async def test_clock_is_set_anew_when_the_host_has_slept(primaries):
    client, host = Client(primaries), SimpleNamespace(slept=0.0)
    client.clock = Clock(own=time.time, steady=lambda: time.monotonic() - host.slept)
    async with keeping_time(client, look_seconds=0.01):
        host.slept = 600
        assert off(client) == pytest.approx(-600, abs=1)
        await until(lambda: off(client) == pytest.approx(0, abs=1))


async def test_nobody_begins_without_the_time(primaries):
    primaries.answers = False
    with pytest.raises(Unavailable):
        async with keeping_time(Client(primaries)):
            pytest.fail("it began")
