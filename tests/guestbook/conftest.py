"""The app with the example of a feature of somebody's own, examples/guestbook."""

import pytest
from guestbook.feature import GUESTBOOK

from blogapi.app import create_app
from blogapi.features import FEATURES

WITH_GUESTBOOK = (*FEATURES, GUESTBOOK)


@pytest.fixture
def app(config, database):
    return create_app(config, database, features=WITH_GUESTBOOK)


async def write(client, who, text):
    response = await client.post("/v1/guestbook", json={"text": text}, headers=who.headers)
    assert response.status == 201, await response.text()
    return await response.json()


async def book(client, query=""):
    return (await (await client.get(f"/v1/guestbook?{query}")).json())["items"]


async def rename(client, who, name):
    own = await client.get("/v1/me", headers=who.headers)
    headers = {**who.headers, "If-Match": own.headers["ETag"]}
    assert (await client.patch("/v1/me", json={"display_name": name}, headers=headers)).status == 200
