"""CORS and rate limits."""

import dataclasses

import pytest

from blogapi.app import create_app
from blogapi.config import CorsConfig, LimitsConfig, ServerConfig
from blogapi.config.kinds import network
from tests.conftest import PASSWORD
from tests.contract import checked_client

FRONT_END = "https://blog.example.org"


@pytest.fixture
async def configured(aiohttp_client, config, database):
    """A client of an app with other settings: `await configured(cors=CorsConfig(...))`."""

    async def configured(**sections):
        return await checked_client(aiohttp_client, create_app(dataclasses.replace(config, **sections), database))

    return configured


async def test_allowed_origin_may_read_and_send_credentials(configured):
    client = await configured(cors=CorsConfig(origins=(FRONT_END,)))
    response = await client.get("/v1/posts", headers={"Origin": FRONT_END})
    assert response.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed == {
        "Cache-Status",
        "ETag",
        "Link",
        "Location",
        "Preference-Applied",
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        "Idempotency-Replayed",
        "X-Request-Id",
    }
    assert "Origin" in response.headers["Vary"].split(", ")


LOCAL = ["http://localhost:3000", "https://localhost", "http://127.0.0.1:5173", "http://[::1]:8081"]


@pytest.mark.parametrize("origin", LOCAL)
async def test_front_end_on_this_machine_may_call_in_development(configured, origin):
    client = await configured()
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
    registered = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=registered, headers=headers)).status == 201
    signed_in = {"login": "ada", "password": PASSWORD, "mode": "cookie"}
    response = await client.post("/v1/auth/login", json=signed_in, headers=headers)
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    cookie = response.headers["Set-Cookie"]
    assert "Domain" not in cookie
    assert "Secure" not in cookie
    headers["Cookie"] = cookie.partition(";")[0]
    assert (await client.post("/v1/posts", json={"title": "T"}, headers=headers)).status == 201


@pytest.mark.parametrize("origin", [*LOCAL, "http://localhost:8080"])
async def test_front_end_on_this_machine_may_not_call_in_production(configured, origin):
    client = await configured(environment="production", server=ServerConfig(public_url="https://blog.example.org"))
    response = await client.get("/v1/posts", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers
    sent = {"login": "ada", "password": PASSWORD, "mode": "cookie"}
    response = await client.post("/v1/auth/login", json=sent, headers={"Origin": origin})
    assert (await response.json())["code"] == "cross_site"


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost:x",
        "http://127.0.0.2",
        "null",
    ],
)
async def test_what_looks_like_this_machine_may_not_call(configured, origin):
    client = await configured()
    response = await client.get("/v1/posts", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_log_says_once_which_origin_is_refused_and_what_to_set(configured, caplog):
    client = await configured()
    for origin in (FRONT_END, FRONT_END, "null", "http://localhost:3000", str(client.make_url("")).rstrip("/")):
        await client.get("/v1/posts", headers={"Origin": origin})
    for number in range(200):
        await client.get("/v1/posts", headers={"Origin": f"https://{number}.example"})
    told = [record.getMessage() for record in caplog.records if record.name == "blogapi.origins"]
    assert f"BLOGAPI_CORS__ORIGINS={FRONT_END}" in told[0]
    assert "http://localhost" in told[1]
    assert len(told) == len(set(told)) == 100


@pytest.mark.parametrize("origin", ["https://evil.example", "null", FRONT_END + ".evil.example", FRONT_END + ":8443"])
async def test_other_origins_get_no_cors_headers(configured, origin):
    client = await configured(cors=CorsConfig(origins=(FRONT_END,)))
    for response in (
        await client.get("/v1/posts", headers={"Origin": origin}),
        await client.options("/v1/posts", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
    ):
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
        assert "Origin" in response.headers["Vary"].split(", ")


async def test_preflight_is_answered_for_allowed_origins(configured):
    client = await configured(cors=CorsConfig(origins=(FRONT_END,)))
    asked = {"Origin": FRONT_END, "Access-Control-Request-Method": "PATCH"}
    response = await client.options("/v1/posts/abc", headers=asked)
    assert response.status == 204
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
    assert "If-Match" in response.headers["Access-Control-Allow-Headers"]


async def test_errors_carry_cors_headers_too(configured):
    client = await configured(cors=CorsConfig(origins=(FRONT_END,)))
    response = await client.get("/v1/me", headers={"Origin": FRONT_END})
    assert response.status == 401
    assert response.headers["Access-Control-Allow-Origin"] == FRONT_END


async def test_too_many_reads_are_refused_for_a_while(configured):
    client = await configured(limits=LimitsConfig(reads="3/hour"))
    statuses = [(await client.get("/v1/posts")).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    response = await client.get("/v1/posts")
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert (await response.json())["code"] == "rate_limited"
    assert (await client.get("/healthz")).status == 200


async def test_sign_in_is_limited_by_account_and_address(configured):
    client = await configured(limits=LimitsConfig(sign_in="2/hour"))
    tries = [{"login": name, "password": "wrong password"} for name in ("ada", "ADA", "ada", "bob")]
    statuses = [(await client.post("/v1/auth/login", json=sent)).status for sent in tries]
    assert statuses == [401, 401, 429, 401]


async def test_addresses_behind_a_trusted_proxy_are_told_apart(configured):
    server = ServerConfig(workers=1, trusted_proxies=(network("127.0.0.1"),))
    client = await configured(limits=LimitsConfig(reads="1/hour"), server=server)
    for address in ("203.0.113.1", "203.0.113.2", "2001:db8::1"):
        headers = {"X-Forwarded-For": f"198.51.100.7, {address}"}
        assert (await client.get("/v1/posts", headers=headers)).status == 200
        assert (await client.get("/v1/posts", headers=headers)).status == 429


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.1", "203.0.113.1:5678"),
        ("2001:db8::1", "[2001:db8::1]:123"),
        ("2001:db8::1", "2001:db8::2:3:4"),
        ("203.0.113.1", "198.51.100.7, 203.0.113.1"),
        ("nonsense", "198.51.100.7, more nonsense"),
    ],
)
async def test_spellings_and_neighbours_count_as_one_client(configured, one, other):
    server = ServerConfig(workers=1, trusted_proxies=(network("127.0.0.1"),))
    client = await configured(limits=LimitsConfig(reads="1/hour"), server=server)
    assert (await client.get("/v1/posts", headers={"X-Forwarded-For": one})).status == 200
    assert (await client.get("/v1/posts", headers={"X-Forwarded-For": other})).status == 429


async def test_forwarded_addresses_count_only_from_trusted_proxies(configured):
    client = await configured(limits=LimitsConfig(reads="1/hour"))
    assert (await client.get("/v1/posts", headers={"X-Forwarded-For": "203.0.113.1"})).status == 200
    assert (await client.get("/v1/posts", headers={"X-Forwarded-For": "203.0.113.2"})).status == 429


async def test_refusal_tells_the_limit(configured):
    client = await configured(limits=LimitsConfig(reads="1/hour", sign_in="1/minute"))
    wrong = {"login": "ada", "password": "wrong password"}
    for method, path, sent, policy in (
        ("GET", "/v1/posts", None, '"reads";q=1;w=3600'),
        ("POST", "/v1/auth/login", wrong, '"sign_in";q=1;w=60'),
    ):
        await client.request(method, path, json=sent)
        response = await client.request(method, path, json=sent)
        assert response.status == 429
        assert response.headers["RateLimit-Policy"] == policy
        name = policy.partition(";")[0]
        assert response.headers["RateLimit"] == f"{name};r=0;t={response.headers['Retry-After']}"


async def test_answers_to_writes_tell_what_is_left(configured):
    client = await configured(limits=LimitsConfig(writes="5/hour"))
    for left in (4, 3):
        response = await client.post("/v1/auth/login", json={})
        assert response.headers["RateLimit-Policy"] == '"writes";q=5;w=3600'
        assert response.headers["RateLimit"] == f'"writes";r={left}'
    assert "RateLimit" not in (await client.get("/v1/posts")).headers


async def test_writes_are_limited_by_account_wherever_they_come_from(configured):
    server = ServerConfig(workers=1, trusted_proxies=(network("127.0.0.1"),))
    client = await configured(limits=LimitsConfig(writes="4/hour"), server=server)
    ada = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    await client.post("/v1/auth/register", json=ada)
    answer = await (await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})).json()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}

    async def write(number):
        origin = {"X-Forwarded-For": f"203.0.113.{number}"}
        return await client.post("/v1/posts", json={"title": "T"}, headers={**headers, **origin})

    answers = [await write(number) for number in range(5)]
    assert [answer.status for answer in answers] == [201] * 4 + [429]
    assert answers[0].headers["RateLimit"] == '"writes";r=3'


async def test_limits_count_nothing_when_switched_off(configured):
    client = await configured(limits=LimitsConfig(enabled=False, reads="1/hour", register="1/hour"))
    for number in range(3):
        sent = {"username": f"user{number}", "email": f"u{number}@example.org", "password": PASSWORD}
        assert (await client.post("/v1/auth/register", json=sent)).status == 201
