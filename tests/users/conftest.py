import pytest

from blogapi.services import SERVICES


@pytest.fixture
def users(client):
    return client.app[SERVICES].users


@pytest.fixture
def publish(users):
    """Have people count as authors of public posts: `await publish(ada, 3)`."""

    async def publish(person, posts=1):
        await users.add_to_posts_count([person.id], posts)

    return publish


def pointers(problem):
    return {error["pointer"]: error["code"] for error in problem["errors"]}
