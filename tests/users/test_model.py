import pytest

from blogapi.access.identity import ROLES, Identity
from blogapi.changes import Change, changed_since
from blogapi.clock import utc_now
from blogapi.users.model import User


@pytest.fixture
def some_user():
    def make(**fields):
        now = utc_now()
        known = {"username": "ada", "username_key": "ada", "display_name": "Ada", "status": "active", "role": "author"}
        return User(id="a" * 24, created_at=now, updated_at=now, **{**known, **fields})

    return make


@pytest.mark.parametrize(
    ("role", "allowed"), [("reader", 1), ("contributor", 2), ("author", 3), ("editor", 4), ("admin", 5)]
)
def test_role_includes_the_weaker_ones(role, allowed):
    who = Identity(user_id="a" * 24, role=role)
    assert [who.has_role(other) for other in ROLES] == [True] * allowed + [False] * (5 - allowed)


def test_permissions_grow_with_the_role(some_user):
    granted = [len(some_user(role=role).permissions) for role in ROLES]
    assert granted == sorted(set(granted))


@pytest.mark.parametrize(
    ("versions", "changed"),
    [({2}, ["bio", "links"]), ({3}, ["links"]), ({1, 3}, ["links"]), ({4}, []), ({1}, None), (set(), None)],
)
def test_changes_since_a_version_are_named(versions, changed):
    log = [Change(version=3, fields=("bio",)), Change(version=4, fields=("links",))]
    assert changed_since(log, 4, versions) == changed
