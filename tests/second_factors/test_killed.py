"""Wherever a server dies, the next try finishes or starts over: nobody is locked out, and nobody is let in."""

import pytest

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.audit.model import AuditFilter
from blogapi.audit.service import AuditService
from blogapi.mail.service import MailService
from blogapi.paging.page import PageRequest
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import QUIET
from tests.deaths import MOST_WRITES, death
from tests.second_factors.conftest import CONFIRM, RECOVERY, TOTP, App, begin, finish, mfa_of, sign_in


@pytest.fixture
def app(config, database, clock):
    """Jobs would write, too."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
def told(client, inbox):
    """How often something was told of, in the audit log and by mail: `await told(ada, action, words)`."""
    services = client.app[SERVICES]

    async def told(who, action, words):
        await services[UserService].trail.hand_over()
        await services[UserService].outbox.hand_over()
        await services[MailService].deliver()
        wanted = AuditFilter(target=who.id, actions=(action,))
        entries = await services[AuditService].list(as_operator().who, wanted, PageRequest(limit=100))
        mails = [mail for mail in inbox.unread(who.email).values() if words in mail["Subject"]]
        return len(entries.items), len(mails)

    return told


async def lives(sign_up):
    """As many as there are moments to die in, each with the number of the write behind which it comes."""
    for after in range(1, MOST_WRITES):
        yield after, await sign_up(f"mortal{after}")


def has_been_everywhere(it):
    """Whether nobody died any more, though there was more than one write to die behind."""
    assert it.has_come or it.after > 2
    return not it.has_come


async def test_confirming_an_app(client, database, sign_up, clock, told):
    """There is an app with its recovery codes, its mail and its entry, or there is none of them."""
    async for after, person in lives(sign_up):
        offered = await client.post(TOTP, headers=person.headers)
        app = App((await offered.json())["secret"], clock, [])
        async with death(database, after=after) as it:
            await client.post(CONFIRM, json={"totp": app.code()}, headers=person.headers)
        is_there = (await mfa_of(client, person))["methods"] == ["totp"]
        assert ((await sign_in(client, person.username)).status == 401) == is_there, it
        assert await told(person, "second_factor.totp_added", "Two-step sign-in is on") == (is_there, is_there), it
        if is_there:  # who has not got the recovery codes gets new ones
            response = await client.post(RECOVERY, headers=person.headers)
        else:
            response = await client.post(CONFIRM, json={"totp": app.code()}, headers=person.headers)
        assert response.status == 200, it
        code = (await response.json())["recovery_codes"][0]
        assert (await finish(client, await begin(client, person.username), recovery_code=code)).status == 200, it
        assert (await finish(client, await begin(client, person.username), totp=app.next())).status == 200, it
        if has_been_everywhere(it):
            return


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
async def test_finishing_a_sign_in(client, database, sign_up, add_app, told, kind):
    """A code opens one session at most. Who was cut off signs in again, and has another code for that."""
    async for after, person in lives(sign_up):
        app = await add_app(person)
        flow = await begin(client, person.username)
        shown = {"totp": app.next()} if kind == "totp" else {"recovery_code": app.recovery_codes[0]}
        before = await database["sessions"].count_documents({})
        async with death(database, after=after) as it:
            await finish(client, flow, **shown)
        for again in (flow, await begin(client, person.username)):
            await finish(client, again, **shown)
        assert await database["sessions"].count_documents({}) <= before + 1, it
        left = (await mfa_of(client, person))["recovery_codes_left"]
        assert left == (10 if kind == "totp" else 9), it
        is_told = await told(person, "second_factor.recovery_code_used", "recovery code")
        assert is_told == ((0, 0) if kind == "totp" else (1, 1)), it
        assert (await finish(client, await begin(client, person.username), totp=app.next())).status == 200, it
        if has_been_everywhere(it):
            return


async def test_removing_an_app(client, database, sign_up, add_app, told):
    """It is there with its recovery codes, or gone with them; the next try finishes."""
    async for after, person in lives(sign_up):
        app = await add_app(person)
        async with death(database, after=after) as it:
            await client.delete(TOTP, headers=person.headers)
        mfa = await mfa_of(client, person)
        is_there = mfa["methods"] == ["totp"]
        assert mfa["recovery_codes_left"] == (10 if is_there else 0), it
        response = await sign_in(client, person.username)
        assert response.status == (401 if is_there else 200), it
        if is_there:
            code = app.recovery_codes[0]
            assert (await finish(client, (await response.json())["flow"], recovery_code=code)).status == 200, it
        assert (await client.delete(TOTP, headers=person.headers)).status == 204, it
        assert await told(person, "second_factor.totp_removed", "was removed") == (1, 1), it
        assert (await sign_in(client, person.username)).status == 200, it
        if has_been_everywhere(it):
            return


async def test_renewing_recovery_codes(client, database, sign_up, add_app):
    """The old ones are good or the new ones, never both; the app is good all the time."""
    async for after, person in lives(sign_up):
        app = await add_app(person)
        async with death(database, after=after) as it:
            await client.post(RECOVERY, headers=person.headers)
        new = (await (await client.post(RECOVERY, headers=person.headers)).json())["recovery_codes"]
        flow = await begin(client, person.username)
        assert (await finish(client, flow, recovery_code=app.recovery_codes[0])).status == 422, it
        assert (await finish(client, flow, recovery_code=new[0])).status == 200, it
        assert (await finish(client, await begin(client, person.username), totp=app.next())).status == 200, it
        if has_been_everywhere(it):
            return
