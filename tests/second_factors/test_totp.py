"""Setting up an authenticator app, and taking it away again."""

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from tests.conftest import PASSWORD
from tests.mail.servers import text_of
from tests.second_factors.conftest import (
    CONFIRM,
    RECOVERY,
    TOTP,
    App,
    begin,
    finish,
    mfa_of,
    sign_in,
)
from tests.second_factors.test_sign_in import invalid_at

NONE = {"methods": [], "recovery_codes_left": 0}


async def offer(client, who, clock):
    response = await client.post(TOTP, headers=who.headers)
    assert response.status == 201
    return App((await response.json())["secret"], clock, [])


async def test_secret_comes_as_text_as_address_and_as_a_picture(client, ada):
    response = await client.post(TOTP, json={}, headers=ada.headers)
    assert response.status == 201
    shown = await response.json()
    address = urlsplit(shown["uri"])
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/localhost%208080:ada")
    assert parse_qs(address.query) == {"secret": [shown["secret"]], "issuer": ["localhost 8080"]}
    picture = ElementTree.fromstring(shown["qr_svg"])
    assert picture.tag.endswith("svg")
    assert {child.tag.rpartition("}")[2] for child in picture} == {"path"}
    assert response.headers["Cache-Control"] == "private, no-store"


async def test_secret_does_nothing_before_it_is_confirmed(client, ada, clock):
    await offer(client, ada, clock)
    assert await mfa_of(client, ada) == NONE
    assert (await sign_in(client)).status == 200


async def test_confirming_gives_ten_recovery_codes_and_a_mail(client, ada, app_of_ada, inbox):
    assert len(set(app_of_ada.recovery_codes)) == 10
    assert await mfa_of(client, ada) == {"methods": ["totp"], "recovery_codes_left": 10}
    assert "authenticator app was added" in text_of(await inbox.next("ada@example.org"))


async def test_open_sessions_stay_open(client, ada, clock, add_app):
    other = await (await sign_in(client)).json()
    await add_app(ada)
    for token in (ada.access_token, other["access_token"]):
        assert (await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status == 200


async def test_wrong_code_confirms_nothing(client, ada, clock):
    app = await offer(client, ada, clock)
    response = await client.post(CONFIRM, json={"totp": app.code(steps=5)}, headers=ada.headers)
    assert await invalid_at(response) == {"/totp"}
    assert await mfa_of(client, ada) == NONE
    assert (await client.post(CONFIRM, json={"totp": app.code()}, headers=ada.headers)).status == 200


async def test_nothing_is_confirmed_that_was_not_offered(client, ada):
    assert await invalid_at(await client.post(CONFIRM, json={"totp": "123456"}, headers=ada.headers)) == {"/totp"}


async def test_offered_secret_is_forgotten(client, ada, clock):
    app = await offer(client, ada, clock)
    clock.forward(minutes=9)
    fresh = await client.post("/v1/auth/reauthenticate", json={"password": PASSWORD}, headers=ada.headers)
    headers = {"Authorization": f"Bearer {(await fresh.json())['access_token']}"}
    clock.forward(minutes=6)
    assert await invalid_at(await client.post(CONFIRM, json={"totp": app.code()}, headers=headers)) == {"/totp"}


async def test_latest_offer_counts(client, ada, clock):
    first, second = await offer(client, ada, clock), await offer(client, ada, clock)
    assert first.secret != second.secret
    assert await invalid_at(await client.post(CONFIRM, json={"totp": first.code()}, headers=ada.headers)) == {"/totp"}
    assert (await client.post(CONFIRM, json={"totp": second.code()}, headers=ada.headers)).status == 200


async def test_there_is_one_app(client, ada, app_of_ada):
    for response in (
        await client.post(TOTP, headers=ada.headers),
        await client.post(CONFIRM, json={"totp": app_of_ada.next()}, headers=ada.headers),
    ):
        assert (response.status, (await response.json())["code"]) == (409, "conflict")


async def test_removing_it_takes_the_recovery_codes_along(client, ada, app_of_ada, inbox):
    await inbox.next("ada@example.org")
    assert (await client.delete(TOTP, headers=ada.headers)).status == 204
    assert await mfa_of(client, ada) == NONE
    assert (await sign_in(client)).status == 200
    assert "was removed" in text_of(await inbox.next("ada@example.org"))
    response = await client.post("/v1/auth/reauthenticate", json={"totp": app_of_ada.next()}, headers=ada.headers)
    assert await invalid_at(response) == {"/totp"}


async def test_removing_it_ends_what_was_begun(client, ada, app_of_ada):
    flow = await begin(client)
    await client.delete(TOTP, headers=ada.headers)
    assert await invalid_at(await finish(client, flow, totp=app_of_ada.next())) == {"/totp"}
    assert await invalid_at(await finish(client, flow, recovery_code=app_of_ada.recovery_codes[0])) == {
        "/recovery_code"
    }


async def test_removing_what_is_not_there_is_no_error_and_forgets_an_offer(client, ada, clock):
    app = await offer(client, ada, clock)
    for _ in range(2):
        assert (await client.delete(TOTP, headers=ada.headers)).status == 204
    assert await invalid_at(await client.post(CONFIRM, json={"totp": app.code()}, headers=ada.headers)) == {"/totp"}


async def test_new_recovery_codes_make_the_old_ones_void(client, ada, app_of_ada, inbox):
    await inbox.next("ada@example.org")
    response = await client.post(RECOVERY, headers=ada.headers)
    assert response.status == 200
    new = (await response.json())["recovery_codes"]
    assert len(set(new) - set(app_of_ada.recovery_codes)) == 10
    assert "New recovery codes" in text_of(await inbox.next("ada@example.org"))
    flow = await begin(client)
    old = app_of_ada.recovery_codes[0]
    assert await invalid_at(await finish(client, flow, recovery_code=old)) == {"/recovery_code"}
    assert (await finish(client, flow, recovery_code=new[0])).status == 200


async def test_used_recovery_code_is_told_by_mail(client, ada, app_of_ada, inbox):
    await inbox.next("ada@example.org")
    await finish(client, await begin(client), recovery_code=app_of_ada.recovery_codes[0])
    assert "codes that are left: 9" in text_of(await inbox.next("ada@example.org"))


async def test_recovery_codes_need_something_to_stand_in_for(client, ada):
    response = await client.post(RECOVERY, headers=ada.headers)
    assert (response.status, (await response.json())["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", TOTP), ("POST", CONFIRM), ("DELETE", TOTP), ("POST", RECOVERY)], ids=str
)
async def test_change_needs_a_fresh_sign_in(client, ada, app_of_ada, clock, method, path):
    clock.forward(minutes=10)
    body = {"totp": app_of_ada.code()} if path == CONFIRM else None
    response = await client.request(method, path, json=body, headers=ada.headers)
    assert (response.status, (await response.json())["code"]) == (403, "reauthentication_required")


async def test_database_holds_nothing_that_signs_anybody_in(client, ada, app_of_ada, database):
    flow = await begin(client)
    kept = ""
    for name in ("users", "proofs", "sessions", "mails", "limits"):
        kept += str(await database[name].find({}).to_list(None))
    assert app_of_ada.secret not in kept
    assert not [code for code in app_of_ada.recovery_codes if code in kept or code.replace("-", "") in kept]
    assert flow.partition(".")[2] not in kept


async def test_factors_of_one_user_are_worth_nothing_for_another(client, ada, app_of_ada, bob, add_app, database):
    """As if somebody had copied them in the database: a secret is encrypted, and a code hashed, for its user."""
    await add_app(bob)
    of_ada = await database["users"].find_one({"username": "ada"})
    await database["users"].update_one({"username": "bob"}, {"$set": {"mfa": of_ada["mfa"]}})
    flow = await begin(client, "bob")
    assert await invalid_at(await finish(client, flow, totp=app_of_ada.next())) == {"/totp"}
    at = await invalid_at(await finish(client, flow, recovery_code=app_of_ada.recovery_codes[0]))
    assert at == {"/recovery_code"}


async def test_change_of_factors_leaves_the_version(client, ada, app_of_ada):
    me = await client.get("/v1/me", headers=ada.headers)
    await finish(client, await begin(client), totp=app_of_ada.next())
    edit = {**ada.headers, "If-Match": me.headers["ETag"]}
    assert (await client.patch("/v1/me", json={"bio": "Bees."}, headers=edit)).status == 200
    await client.delete(TOTP, headers=ada.headers)
    assert (await client.get("/v1/me", headers=ada.headers)).headers["ETag"] != me.headers["ETag"]


async def test_administrators_see_who_has_a_second_factor_and_readers_do_not(client, app_of_ada, admin, ada):
    seen = await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)
    assert (await seen.json())["mfa"]["methods"] == ["totp"]
    listed = await (await client.get("/v1/users?view=admin", headers=admin.headers)).json()
    assert {user["username"]: user["mfa"]["methods"] for user in listed["items"]} == {"ada": ["totp"], "adam": []}


async def test_erased_user_has_no_factors(client, ada, app_of_ada, admin, database):
    etag = (await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)).headers["ETag"]
    headers = {**admin.headers, "If-Match": etag}
    assert (await client.delete(f"/v1/users/{ada.id}", headers=headers)).status in (200, 204)
    (kept,) = [user for user in await database["users"].find({}).to_list(None) if str(user["_id"]) == ada.id]
    assert (kept["mfa"]["totp"], kept["mfa"]["recovery_codes"], kept["mfa"]["methods"]) == (None, [], [])
