from dataclasses import replace

import pytest

from blogapi.config import LimitsConfig
from tests.conftest import PASSWORD


@pytest.fixture
def config(config):
    return replace(config, limits=LimitsConfig(sign_in="2/hour", sign_in_address="5/hour", register="2/hour"))


async def register(client, name):
    new = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    return await client.post("/v1/auth/register", json=new)


async def sign_in(client, login, password="wrong password"):
    return await client.post("/v1/auth/login", json={"login": login, "password": password})


async def test_attempts_at_one_account_are_limited_even_for_the_right_password(client):
    await register(client, "ada")
    assert [(await sign_in(client, login)).status for login in ("ada", "ADA", "ada")] == [401, 401, 429]
    refused = await sign_in(client, "ada", PASSWORD)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) >= 1


async def test_attempts_at_one_account_do_not_hinder_another(client):
    await register(client, "ada")
    for _ in range(3):
        await sign_in(client, "nobody")
    assert (await sign_in(client, "ada", PASSWORD)).status == 200


async def test_limit_does_not_tell_whose_address_an_address_is(client):
    await register(client, "ada")
    assert [(await sign_in(client, "ada")).status for _ in range(3)] == [401, 401, 429]
    for login in ("ada@example.org", "nobody@example.org"):
        assert (await sign_in(client, login)).status == 401


async def test_attempts_from_one_address_are_limited(client):
    statuses = [(await sign_in(client, f"name{n}")).status for n in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_registrations_from_one_address_are_limited(client):
    assert [(await register(client, name)).status for name in ("ada", "bob", "carl")] == [201, 201, 429]
