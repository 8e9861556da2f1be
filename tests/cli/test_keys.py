"""`blogapi keys`, and that a rotation signs nobody out of servers that are running."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import jwt
import pytest

from tests.conftest import PASSWORD
from tests.servers import serving

pytestmark = pytest.mark.mongod


def test_rotation_publishes_a_key_that_signs_later(blog):
    (old,) = blog.json("keys", "list")["keys"]
    new = blog.json("keys", "rotate")
    assert old["state"] == "signs"
    assert new["signs_from"] > new["created_at"]
    assert blog.json("keys", "list")["keys"] == [{**new, "state": "published"}, old]


def test_rotation_at_once(blog):
    old = blog.json("keys", "list")["keys"][0]["kid"]
    new = blog.json("keys", "rotate", "--ahead", "0")["kid"]
    states = {key["kid"]: key["state"] for key in blog.json("keys", "list")["keys"]}
    assert states == {new: "signs", old: "verifies"}


def test_second_rotation_is_refused_while_the_first_key_waits(blog):
    blog.json("keys", "rotate")
    result = blog("keys", "rotate")
    assert result.exit_code == 1
    assert "There is a new key already" in result.stderr


def test_results_for_people_hold_no_private_key(blog):
    assert "New signing key" in blog("keys", "rotate").stdout
    assert "signs from" in blog("keys", "list").stdout


async def sign_in(session, address):
    sent = {"login": "ada", "password": PASSWORD}
    async with session.post(f"{address}/v1/auth/login", json=sent) as response:
        assert response.status == 200, await response.text()
        return await response.json()


@pytest.mark.waits(10)
async def test_nobody_is_signed_out_on_any_server(blog, tmp_path, mongo_url, documents):
    """One that runs since before the rotation signs with the old key, one that starts after it with the new one."""
    ada = ("--username", "ada", "--email", "ada@example.org", "--password-stdin")
    await asyncio.to_thread(blog, "create-admin", *ada, input=PASSWORD)
    own = {"MONGO__URL": mongo_url, "MONGO__DATABASE": documents.name, "SERVER__PUBLIC_URL": "http://blog.example"}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        one = await stack.enter_async_context(serving(tmp_path / "one", **own))
        old = await sign_in(session, one.address)
        await asyncio.to_thread(blog.json, "keys", "rotate", "--ahead", "0")
        two = await stack.enter_async_context(serving(tmp_path / "two", **own))
        new = await sign_in(session, two.address)
        assert len({jwt.get_unverified_header(tokens["access_token"])["kid"] for tokens in (old, new)}) == 2
        for server in (one, two):
            for tokens in (old, new):
                headers = {"Authorization": f"Bearer {tokens['access_token']}"}
                async with session.get(f"{server.address}/v1/me", headers=headers) as response:
                    assert response.status == 200
        for server, tokens in ((two, old), (one, new)):
            sent = {"refresh_token": tokens["refresh_token"]}
            async with session.post(f"{server.address}/v1/auth/refresh", json=sent) as response:
                assert response.status == 200
