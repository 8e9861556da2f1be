"""Whatever is killed when, each mail of what was acknowledged arrives."""

import asyncio
from datetime import datetime

import aiohttp
import pytest

from blogapi.db.client import connect
from tests.conftest import PASSWORD, until
from tests.servers import serving

pytestmark = pytest.mark.mongod
DATABASE = "killed"


@pytest.fixture
async def database(mongo_url, driver):
    client = connect(mongo_url, driver=driver, timeout_seconds=10, pool_size=4)
    database = client[DATABASE]
    for name in await database.list_collection_names():
        await database[name].delete_many({})
    yield database
    await client.close()


@pytest.fixture
def serve(tmp_path, mongo_url, database, postbox):
    """Starts a server on this database with this mail server."""

    def serve():
        settings = {"MONGO__URL": mongo_url, "MONGO__DATABASE": DATABASE}
        return serving(tmp_path, **settings, MAIL__URL=f"smtp://127.0.0.1:{postbox.port}", LIMITS__ENABLED="false")

    return serve


async def register(session, address, name):
    new = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    async with session.post(f"{address}/v1/auth/register", json=new) as response:
        return response.status == 201


async def keep_registering(address, name, acknowledged):
    """One account after the other until the server is gone; notes which were acknowledged."""
    async with aiohttp.ClientSession() as session:
        for number in range(1000):
            try:
                if await register(session, address, f"{name}-{number}"):
                    acknowledged.append(f"{name}-{number}@example.org")
            except aiohttp.ClientError:
                return


async def let_leases_run_out(database):
    """As if the time had passed in which the dead might still have sent."""
    await database["mails"].update_many({"state": "waiting"}, {"$set": {"next_at": datetime(2000, 1, 1)}})


async def test_no_mail_is_lost_with_the_server_that_was_to_send_it(serve, database, postbox):
    acknowledged = []
    async with serve() as served:
        at_work = [asyncio.create_task(keep_registering(served.address, f"reader{n}", acknowledged)) for n in range(4)]
        await until(lambda: len(acknowledged) > 20 and len(postbox.mails) > 5)
        served.process.kill()
        await asyncio.gather(*at_work)
    await let_leases_run_out(database)
    async with serve():
        await until(lambda: {mail["To"] for mail in postbox.mails} >= {*acknowledged})
    copies = {}
    for mail in postbox.mails:
        copies.setdefault(mail["To"], set()).add(mail["Message-ID"])
    # A copy that comes twice can be told by its Message-ID.
    assert {len(ids) for ids in copies.values()} == {1}


async def test_mail_in_the_hands_of_a_dead_server_is_sent_by_the_next(serve, database, postbox):
    postbox.may_answer.clear()
    async with aiohttp.ClientSession() as session, serve() as served:
        assert await register(session, served.address, "grace")
        await postbox.arriving.wait()
        served.process.kill()
    postbox.may_answer.set()
    await let_leases_run_out(database)
    async with serve():
        await until(lambda: len(postbox.mails) == 2)
    assert len(set(postbox.ids)) == 1
