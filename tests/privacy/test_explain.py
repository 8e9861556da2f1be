"""What jobs ask again and again, and how they find the documents of somebody, is served by indexes."""

import pytest

from blogapi.privacy.service import PrivacyService

pytestmark = pytest.mark.mongod


@pytest.fixture
def database(mongod_database):
    return mongod_database


@pytest.fixture
async def scans(database):
    """The commands that have read whole collections."""
    await database.command("profile", 2)

    async def scans():
        await database.command("profile", 0)
        told = await database["system.profile"].find({"planSummary": {"$exists": True}}).to_list(None)
        assert told
        return [
            found["command"] for found in told if "COLLSCAN" in found["planSummary"] and "profile" not in found["ns"]
        ]

    yield scans
    await database.command("profile", 0)
    await database.drop_collection("system.profile")


async def test_jobs_without_work_read_nothing_else(client, ada, services, scans):
    assert await services[PrivacyService].erase() == 0
    assert await services[PrivacyService].exports.make() == 0
    assert await scans() == []


async def test_documents_of_somebody_are_found_by_indexes(client, life, leave, erase, clock, services, scans, database):
    await client.post("/v1/me/export", headers=life.headers)
    assert await services[PrivacyService].exports.make() == 1
    await leave(life)
    clock.forward(days=7)
    await erase()
    # The dump of these tests reads everything, and so does the list of a few keys.
    assert [command for command in await scans() if command.get("find") != "signing_keys"] == []
