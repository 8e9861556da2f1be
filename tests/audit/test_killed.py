"""Whoever dies after whichever write: there is no change without its entry."""

import pytest

from blogapi.access.administrator import Administrator, as_operator
from blogapi.access.identity import Identity
from blogapi.api_keys.model import NewApiKey
from blogapi.api_keys.service import ApiKeyService
from blogapi.audit.model import AuditFilter
from blogapi.audit.service import AuditService
from blogapi.auth.model import TOKEN, Caller, SessionRequest
from blogapi.auth.service import AuthService
from blogapi.auth.store import SessionStore
from blogapi.idempotency.attempt import ONCE
from blogapi.paging.page import PageRequest
from blogapi.users.model import ManagedProfile, NewUser
from blogapi.users.service import UserService
from blogapi.wiring import build_services
from tests.conftest import PASSWORD

CALLER = Caller(device="", address="192.0.2.1")
OPERATOR = as_operator()


class Killed(BaseException):
    """What nobody catches, as a process that is gone catches nothing."""


@pytest.fixture
def services(config, database, clock):
    return build_services(config, database, now=clock)


@pytest.fixture
async def user(services):
    new = NewUser(username="ada", email="ada@example.org", password=PASSWORD)
    return await services[UserService].making.create(OPERATOR, new)


async def dies_after(database, count, work):
    """Whether somebody who is killed after as many writes dies amid this work."""
    writes = []

    def die(write):
        writes.append(write)
        if len(writes) == count:
            raise Killed

    database.on_write.append(die)
    try:
        await work
    except Killed:
        return True
    finally:
        database.on_write.remove(die)
    return False


def profile(user, **changed):
    about = {name: getattr(user, name) for name in ("username", "display_name", "role", "status")}
    return ManagedProfile(**{**about, **changed})


class Flow:
    """Something that is done to a user, as often as one likes, and how to see whether it was."""

    action: str

    def __init__(self, services, user):
        self.services, self.users, self.auth = services, services[UserService], services[AuthService]
        self.sessions, self.keys = SessionStore(services.database), services[ApiKeyService]
        self.user = user

    async def prepare(self):
        self.user = await self.users.get(self.user.id)

    async def sign_in(self):
        wanted = SessionRequest(kind=TOKEN, caller=CALLER)
        return await self.auth.sign_in.with_password("ada", PASSWORD, wanted)

    async def identity(self):
        signed_in = await self.sign_in()
        return await self.auth.live.identify_token(signed_in.tokens.access_token)

    async def count(self, collection):
        return await self.services.database[collection].count_documents({})


class ChangeOfRole(Flow):
    action = "security.role_changed"

    async def work(self):
        self.role = "editor" if self.user.role == "author" else "author"
        await self.users.manage(OPERATOR, self.user, profile(self.user, role=self.role), frozenset([self.user.version]))

    async def is_done(self):
        return (await self.users.get(self.user.id)).role == self.role


class Suspension(ChangeOfRole):
    action = "user.suspended"

    async def prepare(self):
        await super().prepare()
        if self.user.status != "active":
            wish = profile(self.user, status="active")
            self.user = await self.users.manage(OPERATOR, self.user, wish, frozenset([self.user.version]))

    async def work(self):
        wish = profile(self.user, status="suspended")
        await self.users.manage(OPERATOR, self.user, wish, frozenset([self.user.version]))

    async def is_done(self):
        return (await self.users.get(self.user.id)).status == "suspended"


class ChangeOfPassword(Flow):
    action = "password.changed"

    async def work(self):
        who = Identity(user_id=self.user.id, role=self.user.role)
        await self.auth.recovery.change_password(who, PASSWORD, PASSWORD, CALLER)

    async def is_done(self):
        return (await self.users.get(self.user.id)).epoch > self.user.epoch


class SignIn(Flow):
    action = "session.opened"

    async def prepare(self):
        self.before = await self.count("sessions")

    async def work(self):
        await self.sign_in()

    async def is_done(self):
        return await self.count("sessions") > self.before


class SignOut(SignIn):
    action = "session.ended"

    async def prepare(self):
        self.who = await self.identity()
        await super().prepare()

    async def work(self):
        await self.auth.sessions.sign_out(self.who)

    async def is_done(self):
        return await self.count("sessions") < self.before


class SignOutEverywhere(SignOut):
    action = "session.all_ended"

    async def work(self):
        await self.auth.sessions.sign_out(self.who, everywhere=True)


class NewKey(Flow):
    action = "api_key.created"

    async def prepare(self):
        self.who = await self.identity()
        self.before = await self.count("api_keys")

    async def work(self):
        return await self.keys.create(self.who, NewApiKey(name="A program", scopes=()), ONCE)

    async def is_done(self):
        return await self.count("api_keys") > self.before


class RevokedKey(NewKey):
    action = "api_key.revoked"

    async def prepare(self):
        await super().prepare()
        self.key = (await super().work()).key

    async def work(self):
        await self.keys.revoke(self.who, self.key.id)

    async def is_done(self):
        return await self.count("api_keys") == self.before


FLOWS = [ChangeOfRole, Suspension, ChangeOfPassword, SignIn, SignOut, SignOutEverywhere, NewKey, RevokedKey]


async def entries_of(services, user, action):
    """After another process has taken over."""
    await services[UserService].trail.hand_over()
    wanted = AuditFilter(target=user.id, actions=(action,))
    admin = Administrator(OPERATOR.who).who
    return [entry.id for entry in (await services[AuditService].list(admin, wanted, PageRequest(limit=100))).items]


@pytest.mark.parametrize("kind", FLOWS)
async def test_there_is_no_change_without_its_entry(services, database, user, kind):
    flow, count, killed = kind(services, user), 0, True
    while killed:
        count += 1
        await flow.prepare()
        before = await entries_of(services, user, flow.action)
        killed = await dies_after(database, count, flow.work())
        told = set(await entries_of(services, user, flow.action)) - set(before)
        is_done = await flow.is_done()
        assert len(told) == 1 or (killed and not is_done and not told)
    assert is_done
    assert count > 1
