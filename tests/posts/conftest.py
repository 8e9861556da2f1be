"""A clock for what happens after a while."""

from datetime import timedelta

import pytest

from blogapi.clock import utc_now
from tests.apps import app_on_empty


class Clock:
    """Now, and later when a test says so."""

    ahead = timedelta()

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(config, database, clock):
    return app_on_empty(config, database, now=clock)
