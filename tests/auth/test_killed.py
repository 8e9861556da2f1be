"""Wherever a server dies, the next try finishes or starts over: nobody is locked out, and nobody is let in."""

from datetime import datetime

import pytest

from blogapi.app import create_app
from blogapi.mail.service import MailService
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, QUIET, with_etag
from tests.contract import codes
from tests.deaths import MOST_WRITES, death

NEXT = "nine small wooden boats"


@pytest.fixture
def app(config, database, clock):
    """Jobs would write, too."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
def services(client):
    return client.app[SERVICES]


@pytest.fixture
def code_for(services, inbox):
    """What jobs do, and the code of the mail that comes of it: `await code_for("ada@example.org")`."""

    async def code_for(address):
        await services[UserService].outbox.hand_over()
        await services[MailService].deliver()
        return await inbox.code(address)

    return code_for


class Person:
    """One for each death."""

    def __init__(self, client, number):
        self.client, self.username, self.headers = client, f"mortal{number}", {}
        self.email, self.next_email = f"{self.username}@example.org", f"{self.username}@example.net"

    async def register(self):
        new = {"username": self.username, "email": self.email, "password": PASSWORD}
        once = {"Idempotency-Key": self.username}
        return await self.client.post("/v1/auth/register", json=new, headers=once)

    async def can_sign_in(self, password=PASSWORD):
        login = {"login": self.username, "password": password}
        response = await self.client.post("/v1/auth/login", json=login)
        assert response.status in (200, 401)
        return response.status == 200

    async def sign_in(self):
        login = {"login": self.username, "password": PASSWORD}
        answer = await (await self.client.post("/v1/auth/login", json=login)).json()
        return {"Authorization": f"Bearer {answer['access_token']}"}

    async def me(self, headers):
        response = await self.client.get("/v1/me", headers=headers)
        return await with_etag(response) if response.status == 200 else None


async def lives(client, *, registered=True):
    """As many as there are moments to die in, each with the number of the write behind which it comes."""
    for after in range(1, MOST_WRITES):
        person = Person(client, after)
        if registered:
            assert (await person.register()).status == 201
        yield after, person


async def test_registration(client, services, code_for):
    """The account is there or it is not; the retry answers it, and its mail comes."""
    async for after, person in lives(client, registered=False):
        async with death(services.database, after=after) as it:
            await person.register()
        # Until it is sure that the first one is dead, the retry has to wait.
        waiting = {"$set": {"lease_until": datetime(2000, 1, 1)}}
        await services.database["idempotency"].update_many({"state": "running"}, waiting)
        again = await person.register()
        assert again.status == 201, it
        assert (await again.json())["username"] == person.username
        assert await person.can_sign_in(), it
        assert (await verify(client, await code_for(person.email))).status == 200, it
        if not it.has_come:
            assert after > 2
            return


async def verify(client, code):
    return await client.post("/v1/auth/email/verify", json={"token": code})


async def test_confirming_an_address(client, services, code_for):
    async for after, person in lives(client):
        code = await code_for(person.email)
        async with death(services.database, after=after) as it:
            await verify(client, code)
        again = await verify(client, code)
        user = await person.me(await person.sign_in())
        assert user["status"] == "active", it
        # Who was told nothing tries once more: it works, or was done.
        assert again.status == 200 or codes(await again.json()) == {("/token", "code_invalid")}, it
        assert (await verify(client, code)).status == 422, it
        if not it.has_come:
            assert after > 2
            return


async def test_changing_the_address(client, services, code_for, inbox):
    """It is asked for, confirmed, and told to the old one, whoever dies when."""
    async for after, person in lives(client):
        await code_for(person.email)
        headers = await person.sign_in()
        user = await person.me(headers)
        async with death(services.database, after=after) as asked:
            await client.patch(
                "/v1/me", json={"email": person.next_email}, headers={**headers, "If-Match": user["etag"]}
            )
        user = await person.me(headers)
        assert user["email"] == person.email, asked
        response = await client.patch(
            "/v1/me", json={"email": person.next_email}, headers={**headers, "If-Match": user["etag"]}
        )
        assert response.status == 200, asked
        code = await code_for(person.next_email)
        async with death(services.database, after=after) as confirmed:
            await verify(client, code)
        await verify(client, code)
        user = await person.me(headers)
        assert (user["email"], user["pending_email"]) == (person.next_email, None), confirmed
        await services[UserService].outbox.hand_over()
        await services[MailService].deliver()
        assert "changed" in (await inbox.next(person.email))["Subject"].lower(), confirmed
        if not asked.has_come and not confirmed.has_come:
            assert after > 2
            return


async def test_resetting_the_password(client, services, code_for):
    """The old password or the new one is good, never both and never none; what was open has ended with the old one."""
    async for after, person in lives(client):
        await code_for(person.email)
        headers = await person.sign_in()
        response = await client.post("/v1/auth/password/forgot", json={"email": person.email})
        assert response.status == 202
        code = await code_for(person.email)
        wish = {"token": code, "password": NEXT}
        async with death(services.database, after=after) as it:
            await client.post("/v1/auth/password/reset", json=wish)
        is_new = await person.can_sign_in(NEXT)
        assert await person.can_sign_in() == (not is_new), it
        assert (await person.me(headers) is None) == is_new, it
        again = await client.post("/v1/auth/password/reset", json=wish)
        assert again.status == 204 or codes(await again.json()) == {("/token", "code_invalid")}, it
        assert (await person.can_sign_in(NEXT), await person.can_sign_in()) == (True, False), it
        assert await person.me(headers) is None, it
        third = await client.post("/v1/auth/password/reset", json={**wish, "password": "a third one, by a thief"})
        assert codes(await third.json()) == {("/token", "code_invalid")}, it
        if not it.has_come:
            assert after > 2
            return


async def test_changing_the_password(client, services, code_for):
    """The session that changes it goes on; all others end with the old password."""
    async for after, person in lives(client):
        await code_for(person.email)
        headers, other = await person.sign_in(), await person.sign_in()
        wish = {"current_password": PASSWORD, "password": NEXT}
        async with death(services.database, after=after) as it:
            await client.post("/v1/auth/password/change", json=wish, headers=headers)
        is_new = await person.can_sign_in(NEXT)
        assert await person.can_sign_in() == (not is_new), it
        assert (await person.me(other) is None) == is_new, it
        again = await client.post("/v1/auth/password/change", json=wish, headers=headers)
        assert again.status == (422 if is_new else 204), it
        assert (await person.can_sign_in(NEXT), await person.can_sign_in()) == (True, False), it
        assert await person.me(other) is None, it
        assert await person.me(headers) is not None, it
        if not it.has_come:
            assert after > 2
            return


async def test_signing_in(client, services):
    async for after, person in lives(client):
        async with death(services.database, after=after) as it:
            await person.sign_in()
        headers = await person.sign_in()
        assert await person.me(headers) is not None, it
        if not it.has_come:
            assert after > 1
            return
