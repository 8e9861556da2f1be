"""Made-up requests, right and wrong ones, to every operation of the OpenAPI document."""

import asyncio

import pytest

from blogapi.openapi.pages import DOCUMENT


@pytest.fixture
def database(mongod_database):
    """The real one, which chokes on other things than the mock."""
    return mongod_database


@pytest.mark.mongod
# What schemathesis does now and then, and no fault of ours.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("mode", ["positive", "negative"])
async def test_made_up_requests_are_answered_as_documented(client, admin, write, mode):
    from tests.web.fuzzing import fuzz

    post = await write(admin)
    every_version = ", ".join(f'"{version}-0"' for version in range(1, 200))
    headers = {**admin.headers, "If-Match": every_version}
    known = {"id": post["id"], "slug": post["slug"], "name": admin.username}
    await asyncio.to_thread(fuzz, client.app[DOCUMENT].body, str(client.make_url("/")), mode, headers, known)
