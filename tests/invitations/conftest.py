"""Invitations expire, so time stands still here as it does for signing in."""

from dataclasses import replace

import pytest

from tests.auth.conftest import app, clock, inbox

__all__ = ["app", "clock", "inbox"]

PATH = "/v1/invitations"


@pytest.fixture
def config(config):
    """Who has no invitation cannot register."""
    return replace(config, registration=replace(config.registration, mode="invite"))


@pytest.fixture
def invite(client, admin):
    """Invite somebody and return the answer: `await invite("noor@example.org", role="editor")`."""

    async def invite(email="noor@example.org", **more):
        headers = {**admin.headers, **more.pop("headers", {})}
        response = await client.post(PATH, json={"email": email, **more}, headers=headers)
        assert response.status == 201, await response.text()
        return await response.json()

    return invite
