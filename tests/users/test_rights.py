"""Who may manage people, asked of the service with no HTTP in between."""

from dataclasses import fields, replace

import pytest

from blogapi.access.administrator import Administrator, as_operator
from blogapi.access.identity import ROLES, Identity
from blogapi.errors import Forbidden, Unauthorized
from blogapi.paging.page import PageRequest
from blogapi.users.model import ManagedProfile, NewUser, OwnProfile, UserFilter
from blogapi.users.service import UserService
from blogapi.wiring import build_services

NEW = NewUser(username="carl", email="carl@example.org", password="correct horse battery")


@pytest.fixture
def users(config, database):
    return build_services(config, database)[UserService]


@pytest.fixture
async def carl(users):
    return await users.making.create(as_operator(), NEW)


def profile(kind, user, **changes):
    return kind(**{field.name: getattr(user, field.name) for field in fields(kind)} | changes)


async def manage(users, who, carl):
    wish = profile(ManagedProfile, carl, role="editor")
    return await users.manage(Administrator(who), carl, wish, frozenset({carl.version}))


VERBS = {
    "create": lambda users, who, carl: users.making.create(
        Administrator(who), replace(NEW, username="dora", email="d@e.org")
    ),
    "manage": manage,
    "erase": lambda users, who, carl: users.erase(Administrator(who), carl.id),
    "list everybody": lambda users, who, carl: users.list_everybody(
        Administrator(who), UserFilter(), PageRequest(limit=1)
    ),
    "make a byline": lambda users, who, carl: users.making.unclaimed(Administrator(who), "byline", "By Line"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", [None, *ROLES])
async def test_management_is_for_administrators(users, carl, verb, role):
    who = None if role is None else Identity(user_id="a" * 24, role=role)
    if role == "admin":
        assert await VERBS[verb](users, who, carl)
        return
    with pytest.raises(Unauthorized if role is None else Forbidden):
        await VERBS[verb](users, who, carl)
    assert await users.get(carl.id) == carl


@pytest.mark.parametrize("role", ROLES)
async def test_profile_is_edited_by_its_person(users, carl, role):
    wish = profile(OwnProfile, carl, display_name="Carl the Great")
    with pytest.raises(Forbidden):
        await users.edit_own(Identity(user_id="a" * 24, role=role), carl, wish, frozenset({carl.version}))
    changed = await users.edit_own(Identity(user_id=carl.id, role=role), carl, wish, frozenset({carl.version}))
    assert changed.display_name == "Carl the Great"


async def test_list_of_readers_never_holds_everybody(users, carl):
    """Whatever the filter asks for."""
    assert (await users.list(UserFilter(public=False), PageRequest(limit=9))).items == []
