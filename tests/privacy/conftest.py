from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.config import LimitsConfig
from tests.auth.conftest import Clock, inbox
from tests.conftest import QUIET
from tests.privacy.life import live

__all__ = ["inbox"]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def config(config, request):
    """On a real database, attempts are counted there; the mock cannot."""
    is_real = request.node.get_closest_marker("mongod") is not None
    return replace(config, limits=LimitsConfig(storage="mongodb")) if is_real else config


@pytest.fixture
def app(config, database, clock):
    """Jobs run when a test says so."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
async def life(client, editor):
    return await live(client, editor)
