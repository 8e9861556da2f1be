"""Keys expire, so time stands still here as it does for signing in."""

import base64
from dataclasses import replace

import pytest

from blogapi.app import create_app
from tests.auth.conftest import app, clock
from tests.conftest import QUIET
from tests.contract import checked_client

__all__ = ["app", "clock"]


@pytest.fixture
async def few_keys(aiohttp_client, config, database, clock):
    """A server where each user can have two keys."""
    few = replace(config, auth=replace(config.auth, max_api_keys=2))
    return await checked_client(aiohttp_client, create_app(few, database, QUIET, now=clock))


@pytest.fixture
def make_key(client):
    """Make an API key for somebody's program and return the answer: `await make_key(ada, "posts:read")`."""

    async def make_key(who, *scopes, **more):
        wish = {"name": "Backup", "scopes": scopes, **more}
        response = await client.post("/v1/me/api-keys", json=wish, headers=who.headers)
        assert response.status == 201, await response.text()
        return await response.json()

    return make_key


def bearer(key):
    return {"Authorization": f"Bearer {key['key'] if isinstance(key, dict) else key}"}


def basic(user, password=""):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
