"""What the driver does is counted, whichever it is."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from pymongo.errors import OperationFailure

from blogapi.db.client import connect
from blogapi.jobs.tasks import end_tasks
from blogapi.operations.ledger import Ledger
from blogapi.operations.metrics import Metrics
from tests.scraping import exposed

pytestmark = pytest.mark.mongod
COMMANDS = "blogapi_database_command_duration_seconds_count"


def activity(database):
    ledger = Ledger()
    Metrics(database.client.activity.measures()).tell(lambda line: ledger.hear(1, 1, line))
    return exposed(ledger)


@pytest.fixture
def told(mongod_database):
    return lambda: activity(mongod_database)


async def test_commands_are_counted_by_name_with_those_that_fail(mongod_database, told):
    before = told()
    await asyncio.gather(*(mongod_database["pets"].insert_one({"_id": number}) for number in range(20)))
    await mongod_database["pets"].find_one({"_id": 1})
    with pytest.raises(OperationFailure):
        await mongod_database.command("nothingLikeThis")
    after = told()
    assert after(COMMANDS, command="insert") - before(COMMANDS, command="insert") == 20
    assert after(COMMANDS, command="find") - before(COMMANDS, command="find") == 1
    assert after("blogapi_database_command_failures_total", command="nothingLikeThis") == 1
    assert after("blogapi_database_command_failures_total") == 1
    assert after("blogapi_database_retries_total") == 0


async def test_connections_are_counted(mongod_database, told):
    await asyncio.gather(*(mongod_database["pets"].find_one({"_id": number}) for number in range(50)))
    found = told()
    opened = found("blogapi_database_connections")
    assert 1 <= opened <= 16
    assert found("blogapi_database_connections_opened_total") == opened
    assert found("blogapi_database_connections_in_use") == 0
    assert found("blogapi_database_checkouts_total") >= 50
    assert found("blogapi_database_checkout_seconds_total") > 0


async def test_nothing_of_a_document_is_told(mongod_database, told):
    await mongod_database["xyzzy"].insert_one({"_id": "plugh", "frotz": "gnusto"})
    text = told().text
    assert not any(word in text for word in ("xyzzy", "plugh", "frotz", "gnusto"))


@asynccontextmanager
async def cutting(url):
    """The same server behind a way that breaks when it is told to: its URL, and the words at which to break, once."""
    host, port = urlsplit(url).netloc.split(":")
    words, ways = [], []

    async def pass_on(reader, writer, is_cut=lambda _: False):
        while data := await reader.read(65536):
            if is_cut(data):
                break
            writer.write(data)

    def is_cut(data):
        found = next((word for word in words if word in data), None)
        if found:
            words.remove(found)
        return found is not None

    async def connect_through(reader, writer):
        ways.append(asyncio.current_task())
        from_server, to_server = await asyncio.open_connection(host, port)
        there = asyncio.create_task(pass_on(reader, to_server, is_cut))
        back = asyncio.create_task(pass_on(from_server, writer))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_tasks(there, back)
            for end in (writer, to_server):
                end.transport.abort()
                await asyncio.gather(end.wait_closed(), return_exceptions=True)

    server = await asyncio.start_server(connect_through, "127.0.0.1", 0)
    try:
        yield f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true", words
    finally:
        server.close()
        await end_tasks(*ways)


async def test_command_that_is_sent_once_more_is_counted(mongo_url, driver):
    async with cutting(mongo_url) as (url, words):
        client = connect(url, driver=driver, timeout_seconds=10, pool_size=2)
        pets = client["test"]["pets"]
        await pets.delete_many({})
        words += [b"insert", b"Rex"]
        await pets.insert_one({"_id": "Bella"})
        assert await pets.find_one({"_id": "Rex"}) is None
        assert await pets.find_one({"_id": "Bella"}) == {"_id": "Bella"}
        found = activity(client["test"])
        assert found("blogapi_database_retries_total", command="insert") == 1
        assert found("blogapi_database_retries_total", command="find") == 1
        assert found("blogapi_database_command_failures_total", command="find") == 1
        await client.close()
