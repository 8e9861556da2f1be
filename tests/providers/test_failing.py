"""Providers that are slow, dead, huge or hostile: the front end is told, and nobody waits for long."""

import asyncio
import gzip
from dataclasses import replace

import pytest
from aiohttp import web

from blogapi.app import create_app
from blogapi.config import LimitsConfig, ProviderConfig
from tests.conftest import until
from tests.contract import checked_client
from tests.providers.conftest import FRONT, NAME, PATH, Browser, on_mock
from tests.providers.issuer import CLIENT, SECRET, issuing

# What is asked of the database is the same as in test_sign_in.py.
database = pytest.fixture(on_mock)
DISCOVERY = "/.well-known/openid-configuration"
PLACES = [DISCOVERY, "/token", "/jwks", "/userinfo"]


def answer(status=200, body=b"{}", **headers):
    async def respond(_):
        return web.Response(status=status, body=body, headers=headers)

    return respond


async def outcome(browser):
    """The error that the front end is told, wherever the way ends."""
    start = await browser.start()
    assert start.status == 303
    if start.headers["Location"].startswith(FRONT):
        return start.headers["Location"].partition("error=")[2]
    response = await browser.arrive(await browser.authorize(start))
    assert response.status == 303
    return response.headers["Location"].partition("error=")[2]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(500), "provider_unavailable"),
        (answer(429), "provider_unavailable"),
        (answer(404), "provider_failed"),
        (answer(400, b'{"error": "invalid_grant"}'), "provider_failed"),
        (answer(200, b""), "provider_failed"),
        (answer(200, b"[]"), "provider_failed"),
        (answer(200, b"<html>"), "provider_failed"),
        (answer(200, b"[" * 100_000), "provider_failed"),
    ],
    ids=["500", "429", "404", "400", "empty", "list", "html", "deep"],
)
async def test_bad_answer_is_told_to_the_front_end(browser, issuer, database, place, given, error):
    issuer.is_split = True
    issuer.answers[place] = given
    assert await outcome(browser) == error
    assert await database["users"].count_documents({}) == 0


def padded(right):
    return web.Response(body=right.body[:-1] + b', "padding": "' + b"x" * 300_000 + b'"}')


def compressed(right):
    return web.Response(body=gzip.compress(right.body), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("change", [padded, compressed])
async def test_right_answer_is_not_read_when_it_is_too_long_or_compressed(browser, issuer, place, change):
    """We have asked for neither, and a few compressed bytes may be gigabytes."""
    issuer.is_split = True
    issuer.changes[place] = change
    assert await outcome(browser) == "provider_failed"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(browser, issuer, place, status):
    """It could lead into the network in which this server stands."""
    async with issuing() as inner:
        issuer.is_split = True
        issuer.answers[place] = answer(status, Location=f"{inner.url}{place}")
        assert await outcome(browser) == "provider_failed"
        assert inner.asked == []


async def test_provider_that_is_not_there_is_told_to_the_front_end(aiohttp_client, config, database):
    async with issuing() as gone:
        url = gone.url
    config = replace(config, providers={NAME: ProviderConfig(issuer=url, client_id=CLIENT)})
    browser = Browser(await checked_client(aiohttp_client, create_app(config, database)))
    assert await outcome(browser) == "provider_unavailable"


@pytest.mark.waits(5)
async def test_provider_that_never_answers_is_left(browser, issuer):
    released = asyncio.Event()

    async def never(_):
        await released.wait()
        return web.Response()

    issuer.answers[DISCOVERY] = never
    try:
        many = [Browser(browser.client) for _ in range(8)]
        assert set(await asyncio.gather(*map(outcome, many))) == {"provider_unavailable"}
    finally:
        released.set()
    assert issuer.count(DISCOVERY) == 1  # all have waited for one attempt


async def test_provider_is_not_asked_again_and_again_while_it_fails(browser, issuer, clock):
    issuer.answers[DISCOVERY] = answer(500)
    assert [await outcome(browser) for _ in range(3)] == ["provider_unavailable"] * 3
    assert issuer.count(DISCOVERY) == 1
    issuer.answers.clear()
    clock.forward(seconds=30)
    assert (await browser.sign_in())["user"]["username"] == "grace"


async def test_what_is_known_of_a_provider_is_asked_for_once_an_hour(browser, issuer, client, clock):
    for _ in range(3):
        await Browser(client).sign_in()
    assert (issuer.count(DISCOVERY), issuer.count("/jwks")) == (1, 1)
    clock.forward(hours=1)
    issuer.claims["exp"] = 4_000_000_000
    await Browser(client).sign_in()
    assert (issuer.count(DISCOVERY), issuer.count("/jwks")) == (2, 2)


async def test_what_is_known_serves_for_a_day_while_it_cannot_be_had_anew(browser, issuer, client, clock):
    await browser.sign_in()
    issuer.claims["exp"] = 4_000_000_000
    issuer.answers |= {DISCOVERY: answer(500), "/jwks": answer(500)}
    clock.forward(hours=23)
    await Browser(client).sign_in()
    clock.forward(hours=1)
    assert await outcome(Browser(client)) == "provider_unavailable"


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"issuer": ["x"]},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "https://[::1/"},
        {"token_endpoint": "https://example.org/\r\nX: y"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"jwks_uri": 7},
        {"userinfo_endpoint": "gopher://evil.example"},
        {"authorization_endpoint": "https://example.org/#part"},
    ],
)
async def test_what_a_provider_must_not_publish_is_refused(browser, issuer, change):
    issuer.metadata |= change
    response = await browser.start()
    assert response.headers["Location"] == f"{FRONT}/signed-in?next=%2Fposts&error=provider_failed"


async def test_query_of_an_authorization_endpoint_stays(browser, issuer):
    issuer.metadata["authorization_endpoint"] = f"{issuer.url}/authorize?tenant=a"
    assert "/authorize?tenant=a&response_type=code&" in (await browser.start()).headers["Location"]


# The answer of another provider (RFC 9207)


@pytest.mark.parametrize(
    ("back", "announced", "code"),
    [
        ({}, None, True),
        ({}, True, False),
        ({"iss": "https://evil.example"}, None, False),
        ({"iss": "https://evil.example"}, True, False),
        ({"iss": ""}, True, False),
    ],
)
async def test_answer_has_to_be_of_the_provider_that_was_asked(browser, issuer, back, announced, code):
    issuer.metadata["authorization_response_iss_parameter_supported"] = announced
    issuer.back |= back
    assert ("code" in await browser.back()) is code


async def test_answer_that_names_its_issuer_is_good(browser, issuer):
    issuer.metadata["authorization_response_iss_parameter_supported"] = True
    issuer.back["iss"] = issuer.url
    assert "code" in await browser.back()


async def test_code_of_one_provider_is_not_spent_at_another(aiohttp_client, config, database):
    async with issuing() as other:
        providers = {
            **config.providers,
            "other": ProviderConfig(issuer=other.url, client_id=CLIENT, client_secret=SECRET),
        }
        app = create_app(replace(config, providers=providers), database)
        client = await checked_client(aiohttp_client, app)
        first = Browser(client)
        address = await first.authorize(await first.start())
        swapped = address.with_path(address.path.replace(NAME, "other")).with_query(address.query)
        assert (await first.arrive(swapped)).status == 422
        code = await first.code()
        second = Browser(client, PATH.replace(NAME, "other"))
        response = await second.finish(code, first.verifier)
        assert (await response.json())["code"] == "code_invalid"
        listed = await (await client.get("/v1/auth/providers?limit=1")).json()
        assert [each["name"] for each in listed["items"]] == [NAME]
        more = await (await client.get(f"/v1/auth/providers?limit=1&cursor={listed['page']['next']}")).json()
        assert (more["items"], more["page"]["next"]) == ([{"name": "other", "title": "other"}], None)
        assert other.count("/token") == 0


@pytest.mark.parametrize("query", ["", "state=", "state=x&code=y", "code=y", "state=x&state=y", "state=%00", "iss=x"])
async def test_way_back_that_nobody_began_leads_nowhere(client, query):
    response = await client.get(f"{PATH}/callback?{query}", allow_redirects=False)
    assert response.status in (400, 422)
    assert "Location" not in response.headers


async def test_starting_is_limited(aiohttp_client, config, database):
    app = create_app(replace(config, limits=LimitsConfig(sign_in_address="2/hour")), database)
    browser = Browser(await aiohttp_client(app))
    assert [(await browser.start()).status for _ in range(3)] == [303, 303, 429]


async def test_connections_to_providers_end_with_the_server(client, browser, issuer):
    await browser.sign_in()
    assert issuer.connections() == 1
    await client.close()
    await until(lambda: issuer.connections() == 0)
