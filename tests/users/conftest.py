import pytest

from blogapi.errors import Unavailable
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES


@pytest.fixture
def users(client):
    return client.app[SERVICES][UserService]


@pytest.fixture
def publish(users):
    """Have people count as authors of public posts: `await publish(ada, 3)`."""

    async def publish(person, posts=1):
        await users.add_to_posts_count([person.id], posts)

    return publish


@pytest.fixture
def told_at_second_try(client):
    """The bylines that a listener was told who, the first time, could not reach the database."""
    calls, told = [], []

    async def listen(event):
        calls.append(event)
        if len(calls) == 1:
            raise Unavailable("The database does not answer.")
        told.append((event.byline.id, event.byline.display_name))

    client.app[SERVICES].bus.subscribe(ProfileChanged, listen)
    return told
