"""Both drivers, side by side."""

import pytest

from blogapi.db.client import connect
from blogapi.db.driver import DRIVERS

pytestmark = pytest.mark.mongod


@pytest.fixture(params=DRIVERS)
async def database(request, mongo_url):
    client = connect(mongo_url, driver=request.param, timeout_seconds=1, pool_size=4)
    database = client["test_driver"]
    await database["things"].delete_many({})
    yield database
    await client.close()


async def test_unread_aggregation_asks_nothing(database):
    database["things"].aggregate([{"$no_such_stage": 1}])


async def test_setup_of_a_test_says_its_driver(mongod_database, driver):
    assert type(mongod_database.client.raw).__module__.split(".")[0] == driver
