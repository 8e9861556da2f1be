"""Wherever a server dies, the next sign-in with the provider works, and opens the one account that there is."""

import pytest

from blogapi.app import create_app
from blogapi.wiring import SERVICES
from tests.conftest import QUIET
from tests.deaths import MOST_WRITES, death
from tests.providers.conftest import NAME, Browser, bearer
from tests.providers.test_links import LINKS, linked


@pytest.fixture
def app(config, database, clock):
    """Jobs would write, too."""
    return create_app(config, database, QUIET, now=clock)


async def lives(client, issuer):
    """As many people as there are moments to die in, each with the number of the write behind which it comes."""
    for after in range(1, MOST_WRITES):
        name = f"mortal{after}"
        issuer.person |= {"sub": name, "email": f"{name}@example.org", "preferred_username": name, "name": name}
        yield after, name, Browser(client)


async def is_one_account(database, name):
    (user,) = await database["users"].find({"username_key": {"$regex": f"^{name}(-|$)"}}).to_list(None)
    (link,) = await database["provider_links"].find({"subject": name}).to_list(None)
    return link["user_id"] == user["_id"]


async def test_way_back(client, issuer):
    """Whoever comes back once more is told to begin again, and can."""
    async for after, _, browser in lives(client, issuer):
        address = await browser.authorize(await browser.start())
        async with death(client.app[SERVICES].database, after=after) as it:
            await browser.arrive(address)
        again = await browser.arrive(address)
        assert again.status == 422 or "error=code_invalid" in again.headers["Location"], it
        assert (await browser.sign_in())["user"]["username"], it
        if not it.has_come:
            assert after > 2
            return


async def test_first_sign_in(client, issuer, database):
    async for after, name, browser in lives(client, issuer):
        code = await browser.code()
        async with death(client.app[SERVICES].database, after=after) as it:
            await browser.finish(code)
        assert (await browser.finish(code)).status == 422, it
        signed_in = await browser.sign_in()
        assert signed_in["user"]["username"] == name, it
        assert await is_one_account(database, name), it
        assert (await client.get("/v1/me", headers=bearer(signed_in))).status == 200, it
        if not it.has_come:
            assert after > 4
            return


async def test_linking_and_removing(client, issuer, ada, database):
    async for after, _, browser in lives(client, issuer):
        issuer.person["email_verified"] = False
        code = await browser.code()
        async with death(client.app[SERVICES].database, after=after) as made:
            await client.post(LINKS, json={"code": code, "verifier": browser.verifier}, headers=ada.headers)
        if not await linked(client, ada.headers):
            assert (await browser.finish(await browser.code())).status == 409, made
            body = {"code": await browser.code(), "verifier": browser.verifier}
            assert (await client.post(LINKS, json=body, headers=ada.headers)).status == 201, made
        assert (await browser.sign_in())["user"]["id"] == ada.id, made
        async with death(client.app[SERVICES].database, after=after) as removed:
            await client.delete(f"{LINKS}/{NAME}", headers=ada.headers)
        again = await client.delete(f"{LINKS}/{NAME}", headers=ada.headers)
        assert again.status in (204, 404), removed
        assert (await browser.finish(await browser.code())).status == 409, removed
        if not made.has_come and not removed.has_come:
            assert after > 2
            return
