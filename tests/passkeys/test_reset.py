"""What becomes of passkeys when a new password is set by mail."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from tests.auth.test_passwords import forget, reset
from tests.mail.reading import code_in
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import PATH, creation_options, register, request_options, sign_in

OTHERS = "the password of somebody else"


@pytest.fixture
def take_over(client, inbox):
    """Have whoever reads the mailbox of Ada set a password."""

    async def take_over(password=OTHERS):
        await forget(client)
        while not (mail := await inbox.next("ada@example.org"))["Subject"].startswith("Set a new password"):
            pass
        assert (await reset(client, code_in(mail), password)).status == 204

    return take_over


async def test_reset_that_shows_whose_the_address_is_ends_passkeys_of_before(client, ada, phone, passkey, take_over):
    """Otherwise anybody could register with an address that is not theirs, and wait for its owner to move in."""
    before = phone.get(await request_options(client))
    await take_over()
    assert (await sign_in(client, phone)).status == 401
    assert (await client.post(f"{PATH}/login", json={"credential": before})).status == 401
    owner = await client.post("/v1/auth/login", json={"login": "ada", "password": OTHERS})
    headers = {"Authorization": f"Bearer {(await owner.json())['access_token']}"}
    assert (await (await client.get("/v1/me", headers=headers)).json())["mfa"]["methods"] == []
    assert (await (await client.get(PATH, headers=headers)).json())["items"] == []


async def test_nobody_needs_to_have_removed_them(client, ada, phone, passkey, take_over, database):
    """The process that set the password may have been killed right after it."""
    kept = await database["passkeys"].find_one({})
    await take_over()
    await database["passkeys"].insert_one(kept)
    assert (await sign_in(client, phone)).status == 401


async def test_later_resets_leave_passkeys(client, ada, phone, take_over):
    await take_over("my own new password")
    signed_in = await client.post("/v1/auth/login", json={"login": "ada", "password": "my own new password"})
    again = replace(ada, access_token=(await signed_in.json())["access_token"])
    await register(client, again, phone)
    await take_over()
    assert (await sign_in(client, phone)).status == 200


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_none_that_is_registered_at_that_moment_is_left(database, client, ada, inbox):
    phones = [Authenticator() for _ in range(8)]
    credentials = [phone.create(await creation_options(client, ada)) for phone in phones]
    await forget(client)
    code = await inbox.code("ada@example.org")
    answers = await asyncio.gather(
        *(client.post(PATH, json={"credential": each, "name": "Mine"}, headers=ada.headers) for each in credentials),
        reset(client, code, OTHERS),
    )
    statuses = Counter(answer.status for answer in answers)
    assert statuses[204] == 1
    assert set(statuses) <= {201, 204, 401, 422}
    assert [(await sign_in(client, phone)).status for phone in phones] == [401] * len(phones)
