"""Deny by default: walked over the route table, route by role by credential by method."""

import re

import pytest
from aiohttp import web

from blogapi.access.identity import ROLES
from blogapi.access.needs import PUBLIC
from blogapi.feature import routes_of
from blogapi.features import FEATURES
from blogapi.web.endpoint import declared
from blogapi.web.routes import add_routes

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
GUARDED = [route for route in routes_of(FEATURES) if declared(route.handler).needs is not PUBLIC]
# What only somebody who is signed in may do without a role, or anybody: everything else needs a role.
OPEN_WRITES = {
    ("POST", "/v1/auth/register"),
    ("POST", "/v1/auth/login"),
    ("POST", "/v1/auth/mfa"),
    ("POST", "/v1/auth/refresh"),
    ("POST", "/v1/auth/email/verify"),
    ("POST", "/v1/auth/email/resend"),
    ("POST", "/v1/auth/password/forgot"),
    ("POST", "/v1/auth/password/reset"),
    ("POST", "/v1/auth/passkeys/login/options"),
    ("POST", "/v1/auth/passkeys/login"),
    ("POST", "/v1/auth/providers/{name}/finish"),
}
BAD = {
    "no token": {"Authorization": "Bearer"},
    "nonsense": {"Authorization": "Bearer nonsense"},
    "unknown API key": {"Authorization": "Bearer bk_000000000000000000000000_" + "A" * 43},
    "another scheme": {"Authorization": "Basic YWRhOmFkYQ=="},
    "unsigned": {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."},
    "unknown cookie": {"Cookie": "session=000000000000000000000000." + "A" * 43, "Sec-Fetch-Site": "same-origin"},
}


def name_of(route):
    return f"{route.method} {route.path}"


@pytest.fixture
async def draft(ada, write):
    """Somebody else's, so that ids in paths lead to something."""
    return await write(ada)


def path_of(route, draft):
    ids = {"id": draft["id"], "slug": draft["slug"], "n": "1", "name": "ada"}
    return re.sub(
        r"\{(\w+)[^}]*\}", lambda found: ids.get(found[1], "x"), re.sub(r"\{(\w+):[^/]*\}", r"{\1}", route.path)
    )


async def ask(client, route, draft, headers):
    body = {} if route.method in ("POST", "PATCH", "PUT") else None
    headers = {**headers, "If-Match": draft["etag"]}
    return await client.request(route.method, path_of(route, draft), json=body, headers=headers)


def test_route_that_does_not_declare_itself_is_refused():
    async def handler(request):
        return web.Response()

    with pytest.raises(ValueError, match="does not say"):
        add_routes(web.Application(), (web.get("/v1/secret", handler),))


def test_only_reading_and_signing_in_are_public():
    public = {(route.method, route.path) for route in routes_of(FEATURES) if declared(route.handler).needs is PUBLIC}
    assert {pair for pair in public if pair[0] != "GET"} == OPEN_WRITES


@pytest.mark.any_driver
@pytest.mark.parametrize("route", GUARDED, ids=name_of)
async def test_guarded_route_refuses_who_is_not_signed_in(client, draft, route):
    response = await ask(client, route, draft, {})
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("bad", BAD)
async def test_bad_credential_opens_nothing(client, draft, bad):
    for route in GUARDED:
        response = await ask(client, route, draft, BAD[bad])
        assert response.status == 401, name_of(route)


async def test_both_credentials_at_once_are_refused_everywhere(client, ada, draft):
    both = {**ada.headers, "Cookie": "session=x"}
    for route in routes_of(FEATURES):
        if route.path in ("/v1/posts/by-url", "/v1/auth/providers/{name}/start"):
            continue  # a parameter that is missing is told first
        response = await ask(client, route, draft, both)
        assert response.status == 400, name_of(route)
        assert (await response.json())["code"] == "ambiguous_credentials"


@pytest.mark.parametrize("role", ROLES[:-1])
async def test_route_refuses_weaker_roles(client, draft, sign_up, role):
    weak = await sign_up("weak", role=role)
    for route in GUARDED:
        needed = getattr(declared(route.handler).needs, "role", ROLES[0])
        if ROLES.index(role) < ROLES.index(needed):
            response = await ask(client, route, draft, weak.headers)
            assert response.status in (403, 404), name_of(route)


async def test_methods_that_are_not_declared_are_refused(client, ada, draft):
    paths = {}
    for route in routes_of(FEATURES):
        paths.setdefault(route.path, set()).add(route.method)
    for path, known in paths.items():
        for method in METHODS - known:
            route = web.RouteDef(method, path, None, {})
            response = await client.request(method, path_of(route, draft), headers=ada.headers)
            assert response.status in (405, 404), f"{method} {path}"
