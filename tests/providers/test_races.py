"""Many at once, on a real server."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.config import ProviderConfig
from tests.contract import checked_client
from tests.posts.test_explain import check, profiled
from tests.providers.conftest import NAME, PATH, Browser, bearer
from tests.providers.issuer import CLIENT, SECRET, issuing
from tests.providers.test_links import LINKS, link, linked

pytestmark = pytest.mark.mongod
RACERS = 32


@pytest.fixture
def database(mongod_database):
    """The mock never interleaves: a race cannot show on it."""
    return mongod_database


async def test_one_of_many_who_spend_a_code_gets_a_session(browser, database):
    code = await browser.code()
    answers = await asyncio.gather(*(browser.finish(code) for _ in range(RACERS)))
    assert Counter(answer.status for answer in answers) == {200: 1, 422: RACERS - 1}
    assert await database["sessions"].count_documents({}) == 1


async def test_one_of_many_ways_back_goes_on(browser, issuer):
    address = await browser.authorize(await browser.start())
    cookies = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))
    cookie = {"Cookie": f"provider-flow={cookies['provider-flow'].value}"}
    browser.client.session.cookie_jar.clear()
    answers = await asyncio.gather(
        *(browser.client.get(address.relative(), headers=cookie, allow_redirects=False) for _ in range(RACERS))
    )
    assert {answer.status for answer in answers} == {303}
    assert sum("error=code_invalid" in answer.headers["Location"] for answer in answers) == RACERS - 1
    assert issuer.count("/token") == 1


async def test_many_first_sign_ins_of_one_person_make_one_account(client, database):
    browsers = [Browser(client) for _ in range(RACERS)]
    codes = [await browser.code() for browser in browsers]
    answers = await asyncio.gather(*(browser.finish(code) for browser, code in zip(browsers, codes, strict=True)))
    assert {answer.status for answer in answers} == {200}
    assert len({(await answer.json())["user"]["id"] for answer in answers}) == 1
    assert await database["users"].count_documents({}) == 1
    assert await database["provider_links"].count_documents({}) == 1


async def test_many_newcomers_of_one_name_get_accounts_of_their_own(client, database, issuer):
    browsers, codes = [Browser(client) for _ in range(8)], []
    for number, browser in enumerate(browsers):
        issuer.person |= {"sub": str(number), "email": f"grace{number}@example.org"}
        codes.append(await browser.code())
    answers = await asyncio.gather(*(browser.finish(code) for browser, code in zip(browsers, codes, strict=True)))
    assert {answer.status for answer in answers} == {200}
    assert await database["users"].count_documents({}) == 8


async def test_one_of_two_users_links_an_account(client, ada, bob, database):
    wishes = []
    for who in (ada, bob) * (RACERS // 2):
        browser = Browser(client)
        wishes.append((who, {"code": await browser.code(), "verifier": browser.verifier}))
    answers = await asyncio.gather(*(client.post(LINKS, json=body, headers=who.headers) for who, body in wishes))
    assert Counter(answer.status for answer in answers) == {201: RACERS // 2, 409: RACERS // 2}
    assert await database["provider_links"].count_documents({}) == 1
    assert sorted([len(await linked(client, who.headers)) for who in (ada, bob)]) == [0, 1]


async def test_two_last_ways_in_never_go_together(aiohttp_client, config, database, clock):
    async with issuing() as other:
        second = ProviderConfig(issuer=other.url, client_id=CLIENT, client_secret=SECRET)
        both = replace(config, providers={**config.providers, "other": second})
        client = await checked_client(aiohttp_client, create_app(both, database, now=clock))
        headers = bearer(await Browser(client).sign_in())
        assert (await link(client, Browser(client, PATH.replace(NAME, "other")), headers)).status == 201
        removing = [client.delete(f"{LINKS}/{name}", headers=headers) for name in (NAME, "other") * (RACERS // 2)]
        answers = await asyncio.gather(*removing)
        assert {answer.status for answer in answers} <= {204, 404, 409}
        assert len(await linked(client, headers)) >= 1
        # Nothing is stuck: one goes after all, if none did.
        for name in (NAME, "other"):
            await client.delete(f"{LINKS}/{name}", headers=headers)
        assert len(await linked(client, headers)) == 1


async def test_list_is_served_by_an_index(client, ada, browser, database):
    assert (await link(client, browser, ada.headers)).status == 201
    check(await profiled(database, client, [f"{LINKS}?limit=2"], ada.headers, "provider_links"), 1)
