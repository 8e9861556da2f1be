"""Counts that several processes share, on the real server: what counts there is its clock."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo import MongoClient

from blogapi.app import create_app
from blogapi.config import LimitsConfig, ServerConfig
from blogapi.limits.limiter import BoundedMemory, LimitReached, RateLimiter
from tests.contract import checked_client

SHARED = LimitsConfig(storage="mongodb", reads="2/hour", writes="10/hour", sign_in="2/hour")


@pytest.fixture
def limiter(config, mongod_database):
    """Another process's, each time it is called."""
    return lambda limits=SHARED, **server: RateLimiter(
        replace(config, limits=limits, server=ServerConfig(**server)), mongod_database
    )


async def admits(limiter, bucket="writes", key="ada"):
    try:
        await limiter.hit(bucket, key)
    except LimitReached:
        return False
    return True


@pytest.mark.mongod
async def test_two_apps_on_one_database_count_sign_ins_together(aiohttp_client, config, mongod_database):
    config = replace(config, limits=SHARED)
    clients = [await checked_client(aiohttp_client, create_app(config, mongod_database)) for _ in range(2)]
    statuses = []
    for client in clients * 2:
        response = await client.post("/v1/auth/login", json={"login": "ada", "password": "wrong password"})
        statuses.append(response.status)
    assert statuses == [401, 401, 429, 429]


@pytest.mark.mongod
async def test_first_attempts_at_once_are_all_counted(limiter):
    both = limiter(), limiter()
    admitted = await asyncio.gather(*(admits(both[n % 2]) for n in range(64)))
    assert sum(admitted) == 10


@pytest.mark.mongod
async def test_window_ends_and_another_begins(limiter, mongod_database):
    one = limiter()
    assert [await admits(one, "sign_in") for _ in range(3)] == [True, True, False]
    await mongod_database["limits"].update_many({}, [{"$set": {"expires_at": "$hit_at"}}])
    assert [await admits(one, "sign_in") for _ in range(3)] == [True, True, False]


@pytest.mark.mongod
async def test_who_is_refused_is_told_for_how_long(limiter, mongo):
    one = limiter()
    for _ in range(2):
        await one.hit("sign_in", "ada")
    with pytest.raises(LimitReached) as refused:
        await one.hit("sign_in", "ada")
    window = mongo["test"]["limits"].find_one()
    left = window["expires_at"] - window["hit_at"]
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    assert refused.value.retry_after_seconds == round(left.total_seconds())


@pytest.mark.mongod
async def test_counts_hold_no_names(limiter, mongo_url):
    await limiter().hit("sign_in", "hypatia@example.org|192.0.2.7")
    with MongoClient(mongo_url) as client:
        assert "hypatia" not in str(list(client["test"]["limits"].find()))


async def test_flood_of_keys_pushes_out_the_oldest_windows_only():
    memory = BoundedMemory(max_keys=100)
    for number in range(250):
        assert (await memory.hit(f"key {number}", 60))[0] == 1
    assert [(await memory.hit(f"key {number}", 60))[0] for number in (249, 200, 0)] == [2, 2, 1]


@pytest.mark.mongod
async def test_reads_are_counted_in_each_process(limiter):
    for _ in range(2):
        one = limiter()
        assert [await admits(one, "reads") for _ in range(3)] == [True, True, False]


@pytest.mark.mongod
@pytest.mark.parametrize(("workers", "storage", "third"), [(1, "auto", True), (2, "auto", False), (2, "memory", True)])
async def test_several_workers_count_together_unless_told_otherwise(limiter, workers, storage, third):
    first, second = (limiter(replace(SHARED, storage=storage), workers=workers) for _ in range(2))
    assert [await admits(first, "sign_in") for _ in range(2)] == [True, True]
    assert await admits(second, "sign_in") is third
