from dataclasses import replace

import pytest
from aiohttp import CookieJar

from blogapi.app import create_app
from blogapi.config import CorsConfig, ServerConfig
from tests.conftest import PASSWORD

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def config(config):
    return replace(
        config,
        server=ServerConfig(public_url="http://blog.example"),
        cors=CorsConfig(origins=("https://front.example",)),
    )


async def sign_in(client, headers=SAME, **more):
    sent = {"login": "ada", "password": PASSWORD, "mode": "cookie", **more}
    return await client.post("/v1/auth/login", json=sent, headers=headers)


def forget_cookies(client):
    client.session.cookie_jar.clear()


async def test_cookie_is_set_and_no_token_is_answered(client, ada):
    response = await sign_in(client)
    assert response.status == 200
    answer = await response.json()
    assert set(answer) == {"user", "session_id"}
    cookie = response.cookies["session"]
    assert cookie.value.startswith(answer["session_id"] + ".")
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/", "Lax", True)
    assert int(cookie["max-age"]) == 90 * 86400


@pytest.mark.parametrize(
    ("url", "name", "secure"),
    [("http://blog.example", "session", ""), ("https://blog.example", "__Host-session", True)],
)
async def test_cookie_is_secure_where_the_blog_is(aiohttp_client, config, database, url, name, secure):
    config = replace(config, server=ServerConfig(public_url=url))
    client = await aiohttp_client(create_app(config, database), cookie_jar=CookieJar(unsafe=True))
    await register(client)
    cookie = (await sign_in(client)).cookies[name]
    assert (cookie["secure"], cookie["domain"]) == (secure, "")


async def register(client):
    new = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=new)).status == 201


async def test_cookie_opens_what_needs_somebody(client, ada):
    await sign_in(client)
    response = await client.get("/v1/me")
    assert response.status == 200
    assert (await response.json())["username"] == "ada"


async def test_answer_without_a_change_sets_no_cookie(client, ada):
    await sign_in(client)
    assert "Set-Cookie" not in (await client.get("/v1/me")).headers


async def test_signing_out_clears_the_cookie_and_ends_the_session(client, ada):
    value = (await sign_in(client)).cookies["session"].value
    response = await client.post("/v1/auth/logout", headers=SAME)
    assert response.status == 204
    cleared = response.cookies["session"]
    assert (cleared.value, cleared["max-age"], cleared["path"]) == ("", "0", "/")
    assert (await client.get("/v1/me", headers={"Cookie": f"session={value}"})).status == 401


async def test_cleared_cookie_is_still_secure(aiohttp_client, config, database):
    """Or browsers would refuse to touch a cookie whose name begins with `__Host-`."""
    config = replace(config, server=ServerConfig(public_url="https://blog.example"))
    client = await aiohttp_client(create_app(config, database))
    await register(client)
    value = (await sign_in(client)).cookies["__Host-session"].value
    response = await client.post("/v1/auth/logout", headers={**SAME, "Cookie": f"__Host-session={value}"})
    assert response.status == 204
    assert response.cookies["__Host-session"]["secure"]


async def test_signing_in_again_ends_the_session_of_the_old_cookie(client, ada, database):
    old = (await sign_in(client)).cookies["session"].value
    new = (await sign_in(client)).cookies["session"].value
    assert new != old
    forget_cookies(client)
    assert (await client.get("/v1/me", headers={"Cookie": f"session={old}"})).status == 401
    assert (await client.get("/v1/me", headers={"Cookie": f"session={new}"})).status == 200


async def test_cookie_that_was_made_up_ends_no_session(client, ada):
    genuine = (await sign_in(client)).cookies["session"].value
    forget_cookies(client)
    forged = f"{genuine.partition('.')[0]}.{'A' * 43}"
    assert (await sign_in(client, headers={**SAME, "Cookie": f"session={forged}"})).status == 200
    forget_cookies(client)
    assert (await client.get("/v1/me", headers={"Cookie": f"session={genuine}"})).status == 200


@pytest.mark.parametrize("value", ["x", "a.b", f"{'0' * 24}.{'A' * 43}", "A" * 4000])
async def test_bad_cookie_is_401_and_does_not_hinder_public_reads(client, value):
    headers = {"Cookie": f"session={value}"}
    assert (await client.get("/v1/me", headers=headers)).status == 401
    assert (await client.get("/v1/users", headers=headers)).status == 200


async def test_secret_of_the_cookie_is_compared(client, ada):
    genuine = (await sign_in(client)).cookies["session"].value
    forget_cookies(client)
    forged = f"session={genuine.partition('.')[0]}.{'A' * 43}"
    assert (await client.get("/v1/me", headers={"Cookie": forged})).status == 401


async def test_cookie_cannot_name_the_session_of_a_token(client, ada):
    headers = {"Cookie": f"session={ada.session_id}.{'A' * 43}"}
    assert (await client.get("/v1/me", headers=headers)).status == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/me"), ("GET", "/v1/users"), ("POST", "/v1/auth/login")])
async def test_cookie_and_header_at_once_are_refused(client, ada, method, path):
    await sign_in(client)
    response = await client.request(method, path, headers={**ada.headers, **SAME}, json=None if method == "GET" else {})
    assert response.status == 400
    assert (await response.json())["code"] == "ambiguous_credentials"


ALLOWED = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://blog.example"},
    {"Origin": "https://front.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://front.example"},
]
REFUSED = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://blog.example.evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", ALLOWED)
async def test_cookie_from_this_site_or_an_allowed_origin_may_write(client, ada, headers):
    await sign_in(client)
    assert (await client.post("/v1/auth/logout", headers=headers)).status == 204


@pytest.mark.parametrize("headers", REFUSED)
async def test_cookie_from_another_site_may_not_write(client, ada, headers):
    await sign_in(client)
    response = await client.post("/v1/auth/logout", headers=headers)
    assert response.status == 403
    assert (await response.json())["code"] == "cross_site"
    assert (await client.get("/v1/me")).status == 200


@pytest.mark.parametrize("headers", REFUSED)
async def test_no_site_may_sign_its_visitors_in_here(client, ada, headers):
    response = await sign_in(client, headers=headers)
    assert response.status == 403
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("headers", REFUSED)
@pytest.mark.parametrize("path", ["/v1/auth/login", "/v1/auth/register", "/v1/auth/refresh"])
async def test_public_write_that_carries_a_cookie_is_checked_too(client, ada, path, headers):
    await sign_in(client)
    assert (await client.post(path, json={}, headers=headers)).status == 403


async def test_reading_with_a_cookie_is_not_checked(client, ada):
    await sign_in(client)
    assert (await client.get("/v1/me", headers={"Sec-Fetch-Site": "cross-site"})).status == 200


async def test_token_needs_no_site(client, ada):
    response = await client.post("/v1/auth/logout", headers={**ada.headers, "Sec-Fetch-Site": "cross-site"})
    assert response.status == 204


async def test_cookie_session_expires(client, ada, clock):
    await sign_in(client)
    clock.forward(days=15)
    assert (await client.get("/v1/me")).status == 401
