"""Which key signs depends on the time, which stands still here as it does for signing in."""

import pytest

from blogapi.app import create_app
from blogapi.signing.service import KeyRing
from blogapi.wiring import SERVICES, build_services
from tests.auth.conftest import clock
from tests.conftest import QUIET
from tests.contract import checked_client

__all__ = ["clock"]


@pytest.fixture
def app(config, database, clock):
    """Without jobs, which would do at some moment what the tests do."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
async def other(aiohttp_client, config, database, clock, client):
    """A second process of the same blog."""
    return await checked_client(aiohttp_client, create_app(config, database, now=clock))


@pytest.fixture
def rotate(config, database, clock):
    """What `keys rotate` does, in a process of its own."""
    return lambda **more: build_services(config, database, now=clock)[KeyRing].rotate(**more)


def ring_of(client):
    return client.app[SERVICES][KeyRing]
