"""A clock for what happens after a while."""

import pytest

from tests.posts.conftest import Clock


@pytest.fixture
def clock():
    return Clock()
