"""Challenges expire, so time stands still here as it does for signing in."""

import pytest

from tests.auth.conftest import app, clock, inbox
from tests.passkeys.authenticator import Authenticator

__all__ = ["app", "clock", "inbox"]
PATH = "/v1/auth/passkeys"


@pytest.fixture
def phone():
    return Authenticator()


async def creation_options(client, who):
    response = await client.post(f"{PATH}/options", headers=who.headers)
    assert response.status == 200, await response.text()
    return await response.json()


async def request_options(client, who=None):
    response = await client.post(f"{PATH}/login/options", headers=who.headers if who else {})
    assert response.status == 200, await response.text()
    return await response.json()


async def register(client, who, authenticator, name="My phone"):
    """The passkey that somebody then has."""
    credential = authenticator.create(await creation_options(client, who))
    response = await client.post(PATH, json={"credential": credential, "name": name}, headers=who.headers)
    assert response.status == 201, await response.text()
    return await response.json()


async def sign_in(client, authenticator, **changes):
    """The answer to a sign-in with what an authenticator signs."""
    credential = authenticator.get(await request_options(client), **changes)
    return await client.post(f"{PATH}/login", json={"credential": credential})


@pytest.fixture
async def passkey(client, ada, phone):
    """Ada's, in her phone."""
    return await register(client, ada, phone)
