import asyncio
import threading
from dataclasses import replace
from datetime import datetime

import pytest

from blogapi.app import create_app
from blogapi.config import RegistrationConfig
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.contract import faults

NEW = {"username": "Grace", "email": "Grace@Example.org", "password": "correct horse battery"}


async def test_registering_answers_the_own_view(client):
    response = await client.post("/v1/auth/register", json=NEW)
    assert response.status == 201
    assert response.headers["Location"] == "/v1/me"
    user = await response.json()
    assert response.headers["ETag"].startswith(f'"{user["version"]}-')
    assert (user["username"], user["email"], user["display_name"]) == ("Grace", "Grace@Example.org", "Grace")
    assert (user["role"], user["status"], user["email_verified_at"]) == ("author", "unverified", None)


async def test_registered_user_can_sign_in(client):
    await client.post("/v1/auth/register", json=NEW)
    response = await client.post("/v1/auth/login", json={"login": "grace", "password": NEW["password"]})
    assert response.status == 200


async def test_password_is_kept_as_a_peppered_hash_alone(client, database):
    await client.post("/v1/auth/register", json=NEW)
    document = await database["users"].find_one({"username_key": "grace"})
    assert document["password"]["scheme"] == "bcrypt-hmac-sha384"
    assert document["password"]["cost"] == 4
    assert NEW["password"] not in str(document)


@pytest.mark.any_driver
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        (
            {"username": "x", "email": "nowhere", "password": "short"},
            {"/username": "too_short", "/email": "invalid_format", "/password": "too_short"},
        ),
        ({"username": "admin"}, {"/username": "reserved"}),
        ({"username": "0123456789abcdef01234567"}, {"/username": "reserved"}),
        ({"username": {"$ne": ""}}, {"/username": "invalid_type"}),
        ({"email": ["a@b.io"]}, {"/email": "invalid_type"}),
        ({"password": "x" * 257}, {"/password": "too_long"}),
        ({"password": "nul\0in the middle"}, {"/password": "invalid_characters"}),
        ({"password": "grace@example.org"}, {"/password": "same_as_email"}),
        ({"username": "grace-hopper", "password": "Grace-Hopper"}, {"/password": "same_as_username"}),
        ({"password": "1234567890"}, {"/password": "common_password"}),
        ({"display_name": ""}, {"/display_name": "too_short"}),
        ({"display_name": "x" * 81}, {"/display_name": "too_long"}),
        ({"role": "admin"}, {"/role": "unknown_field"}),
        (
            {"role": "admin", "display_name": "", "username": "x", "email": 7, "password": "short"},
            {
                "/role": "unknown_field",
                "/display_name": "too_short",
                "/username": "too_short",
                "/email": "invalid_type",
                "/password": "too_short",
            },
        ),
        ({"role": "admin", "password": "Grace"}, {"/role": "unknown_field", "/password": "too_short"}),
        ({"status": "active"}, {"/status": "unknown_field"}),
    ],
)  # fmt: skip
async def test_bad_registration_names_all_wrong_fields(client, changes, wrong):
    response = await client.post("/v1/auth/register", json={**NEW, **changes})
    assert await faults(response) == wrong


@pytest.mark.parametrize("missing", ["username", "email", "password"])
async def test_registration_needs(client, missing):
    response = await client.post("/v1/auth/register", json={name: NEW[name] for name in NEW if name != missing})
    assert await faults(response) == {f"/{missing}": "required"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "other@example.org", "username": "gRACE"}, "username_taken"),
        ({"username": "other", "email": " GRACE@example.org"}, "email_taken"),
    ],
)
async def test_name_or_address_in_use_is_a_conflict(client, changes, code):
    await client.post("/v1/auth/register", json=NEW)
    response = await client.post("/v1/auth/register", json={**NEW, **changes})
    assert response.status == 409
    assert (await response.json())["code"] == code


async def test_same_key_replays_the_registration(client):
    headers = {"Idempotency-Key": "once"}
    first = await client.post("/v1/auth/register", json=NEW, headers=headers)
    second = await client.post("/v1/auth/register", json=NEW, headers=headers)
    assert second.status == 201
    assert second.headers["Idempotency-Replayed"] == "true"
    assert await second.json() == await first.json()


async def test_registration_that_broke_off_is_finished_by_its_retry(client, database):
    headers = {"Idempotency-Key": "once"}
    first = await (await client.post("/v1/auth/register", json=NEW, headers=headers)).json()
    # As if the server had died after it had made the user.
    broken_off = {"$set": {"state": "running", "lease_until": datetime(2000, 1, 1)}, "$unset": {"body": ""}}
    await database["idempotency"].update_many({}, broken_off)
    second = await client.post("/v1/auth/register", json=NEW, headers=headers)
    assert second.status == 201
    assert (await second.json())["id"] == first["id"]
    assert await database["users"].count_documents({}) == 1


async def test_closed_registration_refuses_before_it_looks_at_the_fields(aiohttp_client, config, database):
    closed = replace(config, registration=RegistrationConfig(mode="closed"))
    client = await aiohttp_client(create_app(closed, database))
    response = await client.post("/v1/auth/register", json={})
    assert response.status == 403
    assert (await response.json())["code"] == "registration_closed"


async def test_role_of_a_registered_user_is_configuration(aiohttp_client, config, database):
    client = await aiohttp_client(create_app(replace(config, registration=RegistrationConfig(role="reader")), database))
    response = await client.post("/v1/auth/register", json=NEW)
    assert (await response.json())["role"] == "reader"


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
async def test_of_32_registrations_of_one_name_one_wins(client, database):
    news = [{**NEW, "username": "Grace" if n % 2 else "grace", "email": f"g{n}@example.org"} for n in range(32)]
    client.app[SERVICES][UserService]._passwords._places = threading.Semaphore(64)  # nobody is turned away
    responses = await asyncio.gather(*(client.post("/v1/auth/register", json=new) for new in news))
    assert sorted(response.status for response in responses) == [201] + [409] * 31
    assert await database["users"].count_documents({}) == 1


async def test_one_address_has_one_account_however_its_domain_is_written(client):
    first = {**NEW, "email": "grace@bücher.example"}
    assert (await client.post("/v1/auth/register", json=first)).status == 201
    again = {**NEW, "username": "other", "email": "grace@xn--bcher-kva.example"}
    response = await client.post("/v1/auth/register", json=again)
    assert response.status == 409
    assert (await response.json())["code"] == "email_taken"
    for login in ("Grace@BÜCHER.example", "grace@xn--bcher-kva.example"):
        signed_in = await client.post("/v1/auth/login", json={"login": login, "password": NEW["password"]})
        assert signed_in.status == 200
