"""The real app over HTTP: on mongomock in tier 1, on a real single-node replica set in tier 2."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import uvloop
from aiohttp import ClientResponse
from mongomock_motor import AsyncMongoMockClient
from pymongo import MongoClient

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.cache.reads import CACHED_READS
from blogapi.config import AuthConfig, CacheConfig, Config, LimitsConfig, LogConfig, ServerConfig
from blogapi.db.client import Client, connect
from blogapi.db.driver import DRIVERS, MOTOR
from blogapi.db.embedded.mongod import embedded_mongo
from blogapi.features import FEATURES
from blogapi.users.model import NewUser
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.apps import app_on_empty
from tests.contract import checked_client
from tests.databases import Indexes, UsedDatabase, empty
from tests.mock import mend_mongomock
from tests.ordering import waiting_first
from tests.servers import DRIVER
from tests.setups import chosen_setup, is_needless, parametrize_both

PASSWORD = "correct horse battery"
# All features without their background jobs.
QUIET = tuple(replace(feature, jobs=()) for feature in FEATURES)
mend_mongomock()


@pytest.fixture
def config(tmp_path, setup):
    return Config(
        root=tmp_path,
        auth=AuthConfig(secret="a test secret that is long enough 0123456789", bcrypt_rounds=4),
        limits=LimitsConfig(enabled=False),
        server=ServerConfig(workers=1),
        log=LogConfig(level="warning"),
        cache=CacheConfig(enabled=setup.is_cached),
    )


def pytest_addoption(parser):
    parser.addoption("--driver", choices=DRIVERS, default=MOTOR, help="mongo.driver of tier 2")
    parser.addoption("--cached", action="store_true", help="with the read cache; for tier 2")
    parser.addoption("--both-setups", action="store_true", help="tier 2 also with --driver pymongo --cached")


def pytest_asyncio_loop_factories(config, item):
    """The server runs on uvloop where there is one, and elsewhere on the loop of asyncio, as most tests do."""
    loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return loops if item.get_closest_marker("both_loops") else {"asyncio": loops["asyncio"]}


def pytest_generate_tests(metafunc):
    if metafunc.config.getoption("both_setups"):
        parametrize_both(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Tests by the ten thousand stay until the end: to look for garbage among them, in each process, is in vain."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    needless = [item for item in items if is_needless(item)]
    if needless:
        config.hook.pytest_deselected(items=needless)
        items[:] = [item for item in items if not is_needless(item)]
    # In many processes at once, see `scripts/test`.
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = waiting_first(items, processes)


@pytest.fixture(autouse=True)
def setup(request):
    """On which driver the test runs, and whether with the read cache."""
    setup = getattr(request, "param", None) or chosen_setup(request.config)
    os.environ[DRIVER] = setup.driver  # for the processes that it starts, too
    return setup


@pytest.fixture
def driver(setup):
    """Through which the test uses a real MongoDB (`mongo.driver`)."""
    return setup.driver


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory):
    """A real MongoDB for all tests of this process."""
    with embedded_mongo(tmp_path_factory.mktemp("mongo"), ttl_seconds=1) as mongo:
        yield mongo.url


@pytest.fixture(scope="session")
def mongo(mongo_url):
    """A client of it that waits for its answers, for what has to happen before and behind a test."""
    with MongoClient(mongo_url) as client:
        yield client


@pytest.fixture
def shared(mongo, mongo_url):
    """Settings of a server that needs no MongoDB of its own, which takes seconds: an empty database on this one."""
    empty(mongo["test"])
    return {"MONGO__URL": mongo_url, "MONGO__DATABASE": "test"}


@pytest.fixture(scope="session")
def indexes(mongo):
    """Those of the database that tests use one after the other."""
    return Indexes(mongo["test"])


@pytest.fixture
async def mongod_database(mongo_url, mongo, driver, indexes):
    """An empty database on the real server."""
    empty(mongo["test"])
    indexes.look()
    # This server stays, so no client needs the connection on which it would be told at once that it has gone.
    url = f"{mongo_url}&serverMonitoringMode=poll"
    client = connect(url, driver=driver, timeout_seconds=10, pool_size=16)
    yield UsedDatabase(client, "test", indexes)
    await client.close()


@pytest.fixture(params=["mock", pytest.param("mongod", marks=pytest.mark.mongod)])
def database(request):
    """An empty database; every test that uses it runs on both tiers."""
    if request.param == "mongod":
        return request.getfixturevalue("mongod_database")
    return Client(AsyncMongoMockClient())["blogapi"]


@pytest.fixture
def app(config, database):
    return app_on_empty(config, database)


@pytest.fixture
def quiet_app(config, database):
    """An app without background jobs, for tests that look at all that the database is asked."""
    return create_app(config, database, QUIET)


@pytest.fixture
async def client(aiohttp_client, app):
    """Speaks HTTP to the app and checks every answer against the OpenAPI document."""
    client = await checked_client(aiohttp_client, app)
    reads = app[CACHED_READS]
    await until(lambda: reads is None or reads.cache.is_fresh)
    yield client
    await client.close()  # before the database is gone, as a server ends


async def until(holds: Callable[[], Any], seconds: float = 180) -> None:
    """Wait for something that others do. The bound ends what would never come; a busy machine is far from it."""
    async with asyncio.timeout(seconds):
        while not (await found if asyncio.iscoroutine(found := holds()) else found):
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Person:
    """Somebody with an account, signed in by token."""

    id: str
    username: str
    email: str
    session_id: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


@pytest.fixture
def sign_up(client) -> Callable[..., Awaitable[Person]]:
    """Make an account with a role, and sign in: `await sign_up("ada", role="author")`."""

    async def sign_up(username: str, role: str = "author") -> Person:
        services = client.app[SERVICES]
        email = f"{username}@example.org"
        user = await services[UserService].making.create(
            as_operator(),
            NewUser(username=username, email=email, password=PASSWORD, display_name=username.title(), role=role),
        )
        response = await client.post("/v1/auth/login", json={"login": username, "password": PASSWORD})
        answer = await response.json()
        return Person(
            id=user.id,
            username=username,
            email=email,
            session_id=answer["session_id"],
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
        )

    return sign_up


@pytest.fixture
async def ada(sign_up):
    return await sign_up("ada")


@pytest.fixture
async def bob(sign_up):
    return await sign_up("bob")


@pytest.fixture
async def editor(sign_up):
    return await sign_up("edith", role="editor")


@pytest.fixture
async def admin(sign_up):
    return await sign_up("adam", role="admin")


@pytest.fixture
def write(client) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Create a post as somebody and return the answer's body with its `etag`."""

    async def write(who: Person, **fields: Any) -> dict[str, Any]:
        sent = {"title": "A title", "body": "Some *text*.", **fields}
        response = await client.post("/v1/posts", json=sent, headers=who.headers)
        assert response.status == 201, await response.text()
        return await with_etag(response)

    return write


async def with_etag(response: ClientResponse) -> dict[str, Any]:
    """The body of an answer, and its ETag under `etag`."""
    return {**await response.json(), "etag": response.headers["ETag"]}


def matching(who: Person, resource: dict[str, Any]) -> dict[str, str]:
    """The headers of a conditional write."""
    return {**who.headers, "If-Match": resource["etag"]}
