"""Keys expire, so time stands still here as it does for signing in."""

import base64

import pytest

from tests.auth.conftest import app, clock

__all__ = ["app", "clock"]


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
