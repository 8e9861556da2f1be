"""No request takes longer than others rely on, whatever it waits for."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from blogapi.access.needs import PUBLIC
from blogapi.deadline import Deadline
from blogapi.errors import Unavailable
from blogapi.web.endpoint import SETTINGS, endpoint
from blogapi.web.routes import add_routes

MOMENT = timedelta(milliseconds=50)


@pytest.fixture
def ended():
    return []


@pytest.fixture
def app(app, ended):
    """With a route that waits for ever."""
    routes = web.RouteTableDef()

    async def wait(request):
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request.method)

    for method in ("GET", "POST"):
        routes.route(method, "/v1/wait")(endpoint(needs=PUBLIC)(wait))
    add_routes(app, tuple(routes))
    app[SETTINGS] = replace(app[SETTINGS], longest_work=MOMENT)
    return app


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("database", ["mock"], indirect=True)
async def test_request_that_takes_too_long_is_cut_off(aiohttp_client, app, ended, method):
    client = await aiohttp_client(app)
    response = await client.request(method, "/v1/wait")
    assert response.status == 503
    assert (await response.json())["code"] == "unavailable"
    assert response.headers["Retry-After"]
    assert ended == [method]


async def test_other_timeouts_stay_what_they_are():
    with pytest.raises(TimeoutError):
        async with Deadline():
            raise TimeoutError
    with pytest.raises(Unavailable):
        async with Deadline(MOMENT):
            await asyncio.Event().wait()
