"""Many at once, and processes that die between two writes, on a real server."""

import asyncio
from collections import Counter
from contextlib import contextmanager
from itertools import count

import pytest

from blogapi.app import create_app
from blogapi.passkeys.model import MAX_PASSKEYS
from tests.conftest import QUIET
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import PATH, creation_options, register, request_options, sign_in
from tests.posts.test_explain import check, profiled

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


@pytest.fixture
def app(config, database, clock):
    return create_app(config, database, QUIET, now=clock)


async def test_one_of_many_with_one_assertion_signs_in(client, phone, passkey, database):
    before = await database["sessions"].count_documents({})
    body = {"credential": phone.get(await request_options(client))}
    answers = await asyncio.gather(*(client.post(f"{PATH}/login", json=body) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {200: 1, 401: RACERS - 1}
    assert await database["sessions"].count_documents({}) == before + 1


async def test_of_many_assertions_with_one_count_one_signs_in(client, phone, passkey):
    options = [await request_options(client) for _ in range(RACERS)]
    bodies = [{"credential": phone.get(each, count=5)} for each in options]
    answers = await asyncio.gather(*(client.post(f"{PATH}/login", json=body) for body in bodies))
    assert Counter(answer.status for answer in answers) == {200: 1, 401: RACERS - 1}


async def test_one_of_many_with_one_attestation_registers(client, ada, phone, database):
    body = {"credential": phone.create(await creation_options(client, ada))}
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=ada.headers) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {201: 1, 422: RACERS - 1}
    assert await database["mails"].count_documents({"kind": "passkey_added"}) == 1


async def test_credential_belongs_to_one_of_many_who_register_it(client, ada, bob, phone, database):
    options = [(who, await creation_options(client, who)) for who in (ada, bob) for _ in range(RACERS // 2)]
    credential = phone.create(options[0][1]) and phone.credentials[0]
    bodies = [(who, {"credential": phone.create(each, credential=credential)}) for who, each in options]
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=who.headers) for who, body in bodies))
    assert Counter(answer.status for answer in answers) == {201: 1, 422: RACERS - 1}
    assert await database["passkeys"].count_documents({}) == 1


async def test_many_who_register_at_once_do_not_exceed_the_limit(client, ada, database):
    for _ in range(MAX_PASSKEYS - 2):
        await register(client, ada, Authenticator())
    bodies = [{"credential": Authenticator().create(await creation_options(client, ada))} for _ in range(RACERS)]
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=ada.headers) for body in bodies))
    assert {answer.status for answer in answers} <= {201, 409}
    assert await database["passkeys"].count_documents({}) <= MAX_PASSKEYS


async def test_one_of_many_who_remove_a_passkey_did_it(client, ada, passkey, database):
    path = f"{PATH}/{passkey['id']}"
    answers = await asyncio.gather(*(client.delete(path, headers=ada.headers) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {204: 1, 404: RACERS - 1}
    assert await database["mails"].count_documents({"kind": "passkey_removed"}) == 1


async def test_passkey_that_is_removed_amid_sign_ins_does_not_come_back(client, ada, passkey, database):
    phones = [Authenticator() for _ in range(8)]
    made = [await register(client, ada, each) for each in phones]
    signing = [sign_in(client, each) for each in phones]
    removing = [client.delete(f"{PATH}/{each['id']}", headers=ada.headers) for each in made]
    await asyncio.gather(*signing, *removing)
    assert await database["passkeys"].count_documents({}) == 1
    assert [(await sign_in(client, each)).status for each in phones] == [401] * len(phones)


async def test_whether_there_is_a_passkey_is_noted_amid_others_that_come_and_go(client, ada):
    """Each adds and removes one at the same moment; the last of them leaves the note right."""
    for stays in (True, False):
        gone = [await register(client, ada, Authenticator()) for _ in range(4)]
        removing = [client.delete(f"{PATH}/{each['id']}", headers=ada.headers) for each in gone]
        coming = [register(client, ada, Authenticator()) for _ in range(stays)]
        made = (await asyncio.gather(*coming, *removing))[: len(coming)]
        me = await (await client.get("/v1/me", headers=ada.headers)).json()
        assert ("passkey" in me["mfa"]["methods"]) is stays
        for each in made:
            await client.delete(f"{PATH}/{each['id']}", headers=ada.headers)


# Whoever dies after any of its writes


class Death(Exception):
    """The end of the request, as if its process had been killed."""


@contextmanager
def death_after(database, writes):
    """Have a request die after so many writes. Yields those that were made."""
    made = []

    def listen(write):
        made.append(write.collection)
        if len(made) == writes:
            raise Death

    database.on_write.append(listen)
    yield made
    database.on_write.remove(listen)


async def test_who_dies_while_registering_starts_over(client, ada, database):
    for writes in count(1):
        phone = Authenticator()
        body = {"credential": phone.create(await creation_options(client, ada))}
        with death_after(database, writes) as made:
            response = await client.post(PATH, json=body, headers=ada.headers)
        if response.status == 201:
            break
        assert response.status == 500
        # The answer is good for nothing any more, or its passkey is there and works.
        is_kept = await database["passkeys"].count_documents({}) == 1
        assert (await client.post(PATH, json=body, headers=ada.headers)).status == 422
        assert (await sign_in(client, phone)).status == (200 if is_kept else 401)
        # Who has one passkey more has a mail about it.
        assert await database["mails"].count_documents({}) >= is_kept
        await register(client, ada, Authenticator())
        for name in ("passkeys", "mails"):
            await database[name].delete_many({})
        await database["users"].update_many({}, {"$set": {"mfa.methods": []}})
    assert {"proofs", "audit", "mails", "passkeys", "users"} <= {*made}


async def test_who_dies_while_signing_in_starts_over(client, phone, passkey, database):
    sessions = await database["sessions"].count_documents({})
    for writes in count(1):
        body = {"credential": phone.get(await request_options(client))}
        with death_after(database, writes) as made:
            response = await client.post(f"{PATH}/login", json=body)
        if response.status == 200:
            break
        assert response.status == 500
        assert (await client.post(f"{PATH}/login", json=body)).status == 401
        assert (await sign_in(client, phone)).status == 200
    # Once to no avail for who asked, once for each who started over, and the last one.
    assert await database["sessions"].count_documents({}) == sessions + 1 + (writes - 1) + 1
    assert {"proofs", "passkeys", "users", "audit", "sessions"} <= {*made}


async def test_who_dies_while_removing_tries_again(client, ada, phone, database):
    for writes in count(1):
        made_passkey = await register(client, ada, phone)
        path = f"{PATH}/{made_passkey['id']}"
        with death_after(database, writes) as made:
            response = await client.delete(path, headers=ada.headers)
        if response.status == 204:
            break
        assert response.status == 500
        is_there = await database["passkeys"].count_documents({}) == 1
        # Who has one passkey less has a mail about it.
        assert is_there or await database["mails"].count_documents({"kind": "passkey_removed"}) == 1
        assert (await client.delete(path, headers=ada.headers)).status == (204 if is_there else 404)
        assert await database["mails"].count_documents({"kind": "passkey_removed"}) == 1
        await database["mails"].delete_many({})
        phone.credentials.clear()
    assert {"audit", "mails", "users", "passkeys"} <= {*made}


async def test_list_is_served_by_an_index(client, ada, database):
    for _ in range(3):
        await register(client, ada, Authenticator())
    check(await profiled(database, client, [f"{PATH}?limit=2"], ada.headers, "passkeys"), 2)
