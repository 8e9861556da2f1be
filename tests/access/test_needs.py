import pytest

from blogapi.access.needs import PUBLIC, SIGNED_IN, role
from blogapi.auth.service import AuthService
from blogapi.web.networks import network_of
from blogapi.wiring import SERVICES


@pytest.mark.parametrize(
    ("needs", "says", "is_public"),
    [
        (PUBLIC, "public", True),
        (SIGNED_IN, "any signed-in user", False),
        (role("editor"), "the role editor or a stronger one", False),
    ],
)
def test_needs_say_what_they_are(needs, says, is_public):
    assert (needs.says, needs.is_public) == (says, is_public)


def test_unknown_role_is_refused_where_the_route_is_declared():
    with pytest.raises(ValueError):
        role("superuser")


@pytest.mark.any_driver
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YWRhOnB3",
        "Token {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer a b",
    ],
)
async def test_bad_authorization_is_401(client, ada, header):
    response = await client.get("/v1/me", headers={"Authorization": header.format(token=ada.access_token)})
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="blogapi"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_name_of_the_scheme_may_be_written_in_any_case(client, ada, scheme):
    headers = {"Authorization": f"{scheme} {ada.access_token}"}
    assert (await client.get("/v1/me", headers=headers)).status == 200


async def test_public_read_does_not_look_at_the_token(client):
    response = await client.get("/v1/users", headers={"Authorization": "Bearer nonsense"})
    assert response.status == 200


@pytest.mark.parametrize(("as_role", "status"), [("reader", 403), ("editor", 403), ("admin", 422)])
async def test_role_is_needed(client, sign_up, as_role, status):
    person = await sign_up("somebody", role=as_role)
    response = await client.post("/v1/users", json={}, headers=person.headers)
    assert response.status == status
    if status == 403:
        assert (await response.json())["detail"] == "Only administrators can do this."


@pytest.mark.parametrize(
    ("change", "status"),
    [({"role": "reader"}, 403), ({"status": "suspended"}, 401), ({"status": "erased"}, 401)],
)
async def test_change_of_a_user_bites_at_once(client, admin, database, change, status):
    """Whoever made it: nothing of it is remembered between two requests."""
    assert (await client.post("/v1/users", json={}, headers=admin.headers)).status == 422
    await database["users"].update_one({"username": "adam"}, {"$set": change})
    assert (await client.post("/v1/users", json={}, headers=admin.headers)).status == status


async def test_session_that_is_gone_from_the_database_is_dead_at_once(client, ada, database):
    await database["sessions"].delete_many({})
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401


async def test_session_of_a_user_who_is_gone_is_dead(client, ada, database):
    await database["users"].delete_many({})
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401


async def test_expired_access_token_is_401_until_it_is_refreshed(client, ada, clock):
    clock.forward(seconds=606)
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401
    pair = await (await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})).json()
    fresh = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await client.get("/v1/me", headers=fresh)).status == 200


async def test_token_cannot_name_the_session_of_somebody_else(client, ada, bob):
    forged = await client.app[SERVICES][AuthService].refreshing._tokens.access_token(bob.id, ada.session_id)
    assert (await client.get("/v1/me", headers={"Authorization": f"Bearer {forged}"})).status == 401


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678::1", "2001:db8:1234::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unknown", ""),
    ],
)
def test_address_is_kept_coarsely(address, network):
    assert network_of(address) == network
