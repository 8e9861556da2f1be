from dataclasses import fields, replace

import pytest

from blogapi.access.administrator import as_operator
from blogapi.auth.service import AuthService
from blogapi.clock import utc_now
from blogapi.pool.turns import Turns
from blogapi.users.model import ManagedProfile
from blogapi.users.passwords import HASHERS
from blogapi.users.service import UserService
from blogapi.users.store import UserStore
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD

LOGIN = "/v1/auth/login"


async def sign_in(client, login, password=PASSWORD, **more):
    return await client.post(LOGIN, json={"login": login, "password": password, **more})


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.org", " Ada@Example.ORG "])
async def test_signing_in_by_name_or_address(client, ada, login):
    response = await sign_in(client, login)
    assert response.status == 200
    answer = await response.json()
    assert answer["user"]["id"] == ada.id
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 600)


async def test_access_token_opens_what_needs_somebody(client, ada):
    response = await client.get("/v1/me", headers=ada.headers)
    assert response.status == 200
    assert (await response.json())["username"] == "ada"


async def test_sign_in_is_noted(client, ada, clock):
    clock.forward(hours=1)
    user = (await (await sign_in(client, "ada")).json())["user"]
    assert user["last_login_at"][:19] == clock().isoformat()[:19]


async def test_session_says_from_where(client, ada, database):
    response = await client.post(
        LOGIN, json={"login": "ada", "password": PASSWORD}, headers={"User-Agent": "Browser/1 " + "x" * 300}
    )
    known = await database["sessions"].find_one({"device": {"$regex": "^Browser"}})
    assert response.status == 200
    assert len(known["device"]) == 200
    assert known["ip"] == "127.0.0.0/24"


async def test_database_holds_nothing_that_signs_anybody_in(client, ada, database):
    response = await sign_in(client, "ada", mode="cookie")
    assert response.status == 403  # the test client is no browser
    response = await client.post(
        LOGIN, json={"login": "ada", "password": PASSWORD, "mode": "cookie"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    stored = str(await database["sessions"].find({}).to_list(None))
    secret = response.cookies["session"].value.partition(".")[2]
    assert ada.refresh_token.rpartition(".")[2] not in stored
    assert ada.access_token not in stored
    assert secret not in stored


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ada", "wrong password"),
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("byline", PASSWORD),
        ("sue", PASSWORD),
    ],
    ids=["wrong password", "unknown name", "unknown address", "unclaimed", "suspended"],
)  # fmt: skip
async def test_every_failure_says_the_same_and_takes_one_hash(client, ada, sign_up, login, password, monkeypatch):
    services = client.app[SERVICES]
    await services[UserService].making.unclaimed(as_operator(), "byline", "By Line")
    sue = await services[UserService].get((await sign_up("sue")).id)
    await services[UserService].manage(as_operator(), sue, managed(sue, status="suspended"), frozenset({sue.version}))
    hashes = count_hashes(monkeypatch)
    response = await sign_in(client, login, password)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    problem = await response.json()
    assert (problem["code"], problem["detail"]) == ("invalid_credentials", "The login or the password is wrong.")
    assert hashes == [4]


def managed(user, **changes):
    known = {field.name: getattr(user, field.name) for field in fields(ManagedProfile)}
    return ManagedProfile(**{**known, **changes})


def count_hashes(monkeypatch):
    """The cost of each hash that is computed from now on."""
    costs, real = [], HASHERS.ask

    def ask(question, **limits):
        costs.append(int(question.partition(b" ")[2][4:6]))
        return real(question, **limits)

    monkeypatch.setattr(HASHERS, "ask", ask)
    return costs


async def test_password_is_hashed_anew_when_the_cost_went_up(client, ada, database):
    client.app[SERVICES][UserService]._passwords._rounds = 5
    assert (await sign_in(client, "ada")).status == 200
    assert (await database["users"].find_one({"username": "ada"}))["password"]["cost"] == 5
    assert (await sign_in(client, "ada")).status == 200


def no_turns():
    return Turns(at_once=0, most_waiting=0, patience_seconds=0, busy="Too busy.")


async def test_stronger_hash_waits_when_there_is_no_room_for_it(client, ada):
    services = client.app[SERVICES]
    services[UserService]._passwords._rounds, services[UserService]._passwords._turns = 5, no_turns()
    user = await services[UserService].get(ada.id)
    assert await services[UserService]._hashed_as_new_ones(user, PASSWORD, user.password) == user


async def test_full_queue_is_503_with_a_time_to_wait(client, ada):
    client.app[SERVICES][UserService]._passwords._turns = no_turns()
    response = await sign_in(client, "ada")
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1


async def test_sign_in_fails_when_the_account_changed_while_the_password_was_compared(client, ada, database):
    store = UserStore(client.app[SERVICES].database)
    before = await store.get(ada.id)
    await database["users"].update_one({"username": "ada"}, {"$set": {"password.hash": "another"}})
    assert await store.record_sign_in(before, utc_now()) is None


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"login": "ada"}, "/password"),
        ({"password": PASSWORD}, "/login"),
        ({"login": {"$gt": ""}, "password": PASSWORD}, "/login"),
        ({"login": "ada", "password": {"$gt": ""}}, "/password"),
        ({"login": "ada", "password": PASSWORD, "mode": "jwt"}, "/mode"),
        ({"login": "ada", "password": PASSWORD, "remember": True}, "/remember"),
    ],
)
async def test_malformed_sign_in_is_refused(client, ada, sent, pointer):
    response = await client.post(LOGIN, json=sent)
    assert response.status == 422
    assert [error["pointer"] for error in (await response.json())["errors"]] == [pointer]


@pytest.mark.parametrize("query", ["", "?all=false"])
async def test_signing_out_ends_this_session_alone(client, ada, query):
    other = await (await sign_in(client, "ada")).json()
    response = await client.post(f"/v1/auth/logout{query}", headers=ada.headers)
    assert response.status == 204
    assert (await client.get("/v1/me", headers=ada.headers)).status == 401
    there = {"Authorization": f"Bearer {other['access_token']}"}
    assert (await client.get("/v1/me", headers=there)).status == 200


async def test_signing_out_everywhere_ends_all_sessions_of_the_user(client, ada, bob):
    other = await (await sign_in(client, "ada")).json()
    assert (await client.post("/v1/auth/logout?all=true", headers=ada.headers)).status == 204
    there = {"Authorization": f"Bearer {other['access_token']}"}
    assert (await client.get("/v1/me", headers=there)).status == 401
    assert (await client.get("/v1/me", headers=bob.headers)).status == 200


async def test_signing_out_needs_a_credential(client):
    assert (await client.post("/v1/auth/logout")).status == 401


async def test_signing_out_twice_is_401(client, ada):
    await client.post("/v1/auth/logout", headers=ada.headers)
    assert (await client.post("/v1/auth/logout", headers=ada.headers)).status == 401


async def test_refresh_token_is_dead_after_signing_out(client, ada):
    await client.post("/v1/auth/logout", headers=ada.headers)
    response = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    assert response.status == 401


async def test_expired_session_is_not_there_even_before_it_is_swept_up(client, ada, clock):
    clock.forward(days=15)
    client.app[SERVICES][AuthService].refreshing._tokens.access_seconds = 10**9
    response = await client.get("/v1/me", headers=ada.headers)
    assert response.status == 401


async def test_session_in_use_slides_but_not_for_ever(client, ada, clock, database):
    for _ in range(8):
        clock.forward(days=12)
        response = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
        if response.status != 200:
            break
        ada = replace_token(ada, await response.json())
    assert response.status == 401
    assert (clock() - clock.start).days in range(90, 103)


def replace_token(person, pair):
    return replace(person, access_token=pair["access_token"], refresh_token=pair["refresh_token"])


async def test_use_is_written_every_five_minutes_at_most(client, ada, clock, database):
    async def last_seen():
        return (await database["sessions"].find_one({}))["last_seen_at"]

    start = await last_seen()
    clock.forward(minutes=4)
    await client.get("/v1/me", headers=ada.headers)
    assert await last_seen() == start
    clock.forward(minutes=2)
    await client.get("/v1/me", headers=ada.headers)
    assert await last_seen() > start
