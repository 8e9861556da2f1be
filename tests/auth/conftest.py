from datetime import timedelta

import pytest

from blogapi.clock import utc_now
from tests.apps import app_on_empty
from tests.mail.reading import Inbox


class Clock:
    """A clock that only moves when a test says so."""

    def __init__(self):
        self.time = self.start = utc_now()

    def __call__(self):
        return self.time

    def forward(self, **by):
        self.time += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(config, database, clock):
    return app_on_empty(config, database, now=clock)


@pytest.fixture
def inbox(config):
    """All mails that are sent."""
    return Inbox(config.mail_folder)
