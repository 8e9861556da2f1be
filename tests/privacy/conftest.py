from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.config import LimitsConfig
from blogapi.privacy.service import PrivacyService
from blogapi.wiring import SERVICES
from tests.auth.conftest import clock, inbox
from tests.conftest import QUIET
from tests.privacy.life import live
from tests.providers.conftest import issuer, with_provider

__all__ = ["clock", "inbox", "issuer"]


@pytest.fixture
def config(config, request, issuer):
    """On a real database, attempts are counted there; the mock cannot."""
    is_real = request.node.get_closest_marker("mongod") is not None
    config = with_provider(config, issuer)
    return replace(config, limits=LimitsConfig(storage="mongodb", sign_in="1000/minute")) if is_real else config


@pytest.fixture
def app(config, database, clock):
    """Jobs run when a test says so."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
async def life(client, editor):
    return await live(client, editor)


@pytest.fixture
def services(app):
    return app[SERVICES]


@pytest.fixture
def erase(services, clock):
    """Run the job, and once more when nothing of before can be under way."""

    async def erase():
        for _ in range(2):
            await services[PrivacyService].erase()
            clock.forward(minutes=1)

    return erase


@pytest.fixture
def leave(client):
    """Ask for one's own erasure."""

    async def leave(who, status=204, **headers):
        user = await client.get("/v1/me", headers=who.headers)
        asked = {**who.headers, "If-Match": user.headers["ETag"], **headers}
        response = await client.delete("/v1/me", headers={name: value for name, value in asked.items() if value})
        assert response.status == status, await response.text()
        return response

    return leave
