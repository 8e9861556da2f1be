"""Registering passkeys, and signing in with them."""

from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.config import AuthConfig, CorsConfig, PasskeyConfig, RegistrationConfig, ServerConfig
from blogapi.passkeys.model import MAX_PASSKEYS
from blogapi.privacy.service import PrivacyService
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, until
from tests.contract import checked_client, codes, pointers
from tests.passkeys.authenticator import EDDSA, ES256, RS256, Authenticator, decoded
from tests.passkeys.conftest import PATH, creation_options, register, request_options, sign_in


async def passkeys(client, who):
    return (await (await client.get(PATH, headers=who.headers)).json())["items"]


# Registering


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
async def test_passkey_of_any_key_is_registered_and_signs_in(client, ada, algorithm):
    phone = Authenticator(algorithm=algorithm)
    made = await register(client, ada, phone, name="My phone")
    assert (made["name"], made["transports"], made["last_used_at"]) == ("My phone", ["hybrid", "internal"], None)
    assert made["backup_eligible"]
    assert made["backed_up"]
    response = await sign_in(client, phone)
    assert response.status == 200
    answer = await response.json()
    assert answer["user"]["id"] == ada.id
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert me.status == 200


async def test_credential_that_signs_itself_is_accepted(client, ada, phone):
    credential = phone.create(await creation_options(client, ada), sign_itself=True)
    response = await client.post(PATH, json={"credential": credential}, headers=ada.headers)
    assert response.status == 201
    assert (await response.json())["name"] == "Passkey"
    assert (await sign_in(client, phone)).status == 200


async def test_options_ask_for_a_passkey_that_needs_no_username(client, ada, phone, passkey):
    options = (await creation_options(client, ada))["options"]
    assert options["rp"] == {"id": "localhost", "name": "localhost:8080"}
    assert options["user"]["name"] == "ada"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["excludeCredentials"] == [
        {"type": "public-key", "id": passkey["credential_id"], "transports": passkey["transports"]}
    ]
    with pytest.raises(ValueError, match="already"):
        phone.create({"options": options})


async def test_authenticators_know_an_account_by_one_handle_that_tells_nothing(client, ada, bob, phone, passkey):
    first, again = [decoded((await creation_options(client, ada))["options"]["user"]["id"]) for _ in range(2)]
    assert first == again == phone.credentials[0].user_handle
    assert ada.id.encode() not in first
    assert bytes.fromhex(ada.id) not in first
    assert decoded((await creation_options(client, bob))["options"]["user"]["id"]) != first


async def test_handle_stays_when_the_secret_changes(
    aiohttp_client, config, database, clock, client, ada, phone, passkey
):
    handle = phone.credentials[0].user_handle
    auth = replace(config.auth, secret="another secret that is as long as it has to be 0123")
    changed = await checked_client(aiohttp_client, create_app(replace(config, auth=auth), database, now=clock))
    response = await sign_in(changed, phone)
    assert response.status == 200
    token = (await response.json())["access_token"]
    options = await changed.post(f"{PATH}/options", headers={"Authorization": f"Bearer {token}"})
    assert decoded((await options.json())["options"]["user"]["id"]) == handle


@pytest.mark.parametrize(("method", "path"), [("POST", "/options"), ("DELETE", "/{id}")])
async def test_passkeys_need_a_password_shown_lately(client, ada, clock, passkey, method, path):
    clock.forward(minutes=10)
    token = await client.post("/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    headers = {"Authorization": f"Bearer {(await token.json())['access_token']}"}
    response = await client.request(method, PATH + path.format(**passkey), headers=headers)
    assert response.status == 403
    assert (await response.json())["code"] == "reauthentication_required"


async def test_user_has_a_limited_number_of_passkeys(client, ada):
    options = [await creation_options(client, ada) for _ in range(2)]
    for _ in range(MAX_PASSKEYS - 1):
        await register(client, ada, Authenticator())
    answers = [
        await client.post(PATH, json={"credential": Authenticator().create(each)}, headers=ada.headers)
        for each in options
    ]
    assert [answer.status for answer in answers] == [201, 409]
    response = await client.post(f"{PATH}/options", headers=ada.headers)
    assert response.status == 409
    assert str(MAX_PASSKEYS) in (await response.json())["detail"]


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\nb", None, 7])
async def test_bad_name_is_refused(client, ada, phone, passkey, name):
    credential = Authenticator().create(await creation_options(client, ada))
    for response in [
        await client.post(PATH, json={"credential": credential, "name": name}, headers=ada.headers),
        await client.patch(f"{PATH}/{passkey['id']}", json={"name": name}, headers=ada.headers),
    ]:
        assert response.status == 422
        assert pointers(await response.json()) == {"/name"}


# One's own


async def test_passkeys_are_listed_newest_first(client, ada, bob, clock, passkey):
    clock.forward(seconds=1)
    second = await register(client, ada, Authenticator(), name="My laptop")
    await register(client, bob, Authenticator())
    assert await passkeys(client, ada) == [second, passkey]
    response = await client.get(f"{PATH}/{passkey['id']}", headers=ada.headers)
    assert await response.json() == passkey


async def test_passkey_gets_another_name(client, ada, passkey):
    response = await client.patch(f"{PATH}/{passkey['id']}", json={"name": " My old phone "}, headers=ada.headers)
    assert response.status == 200
    assert await response.json() == {**passkey, "name": "My old phone"}
    assert await passkeys(client, ada) == [{**passkey, "name": "My old phone"}]


async def test_removed_passkey_signs_nobody_in(client, ada, phone, passkey):
    response = await client.delete(f"{PATH}/{passkey['id']}", headers=ada.headers)
    assert response.status == 204
    assert await passkeys(client, ada) == []
    assert (await sign_in(client, phone)).status == 401
    again = await client.delete(f"{PATH}/{passkey['id']}", headers=ada.headers)
    assert again.status == 404


async def test_passkeys_of_others_are_not_there(client, bob, passkey):
    path = f"{PATH}/{passkey['id']}"
    answers = [
        await client.get(path, headers=bob.headers),
        await client.patch(path, json={"name": "Mine"}, headers=bob.headers),
        await client.delete(path, headers=bob.headers),
    ]
    assert [answer.status for answer in answers] == [404, 404, 404]


async def test_user_is_told_of_a_passkey_that_comes_and_of_one_that_goes(client, ada, inbox, phone):
    made = await register(client, ada, phone)
    mail = await inbox.next(ada.email)
    assert mail["Subject"] == "A passkey was added to your account on localhost:8080"
    await client.delete(f"{PATH}/{made['id']}", headers={**ada.headers, "Accept-Language": "de"})
    mail = await inbox.next(ada.email)
    assert mail["Subject"] == "Ein Passkey Ihres Kontos auf localhost:8080 wurde entfernt"


# Signing in


async def test_use_of_a_passkey_is_noted(client, ada, clock, phone, passkey):
    clock.forward(minutes=1)
    assert (await sign_in(client, phone)).status == 200
    (used,) = await passkeys(client, ada)
    assert used["last_used_at"] > passkey["created_at"]


async def test_passkey_opens_a_session_with_a_cookie(client, ada, phone, passkey):
    credential = phone.get(await request_options(client))
    body = {"credential": credential, "mode": "cookie"}
    response = await client.post(f"{PATH}/login", json=body, headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status == 200
    assert "access_token" not in await response.json()
    assert (await client.get("/v1/me")).status == 200


async def test_cookie_is_given_to_no_other_site(client, phone, passkey):
    credential = phone.get(await request_options(client))
    body = {"credential": credential, "mode": "cookie"}
    response = await client.post(f"{PATH}/login", json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status == 403
    assert (await response.json())["code"] == "cross_site"


async def test_options_name_passkeys_to_their_owner_alone(client, ada, bob, passkey):
    named = [
        [each["id"] for each in (await request_options(client, who))["options"]["allowCredentials"]]
        for who in (ada, bob, None)
    ]
    assert named == [[passkey["credential_id"]], [], []]


async def test_authenticator_that_counts_nothing_signs_in_again_and_again(client, ada):
    phone = Authenticator(counts=False)
    await register(client, ada, phone)
    assert [(await sign_in(client, phone)).status for _ in range(3)] == [200, 200, 200]


async def test_count_that_goes_back_is_refused_and_told(client, ada, admin, phone, passkey):
    assert (await sign_in(client, phone, count=7)).status == 200
    assert [(await sign_in(client, phone, count=count)).status for count in (7, 3, 0)] == [401, 401, 401]
    told = await client.get(f"/v1/audit?action=security.passkey_count&target={ada.id}", headers=admin.headers)
    assert [each["facts"] for each in (await told.json())["items"]] == [{"passkey_id": passkey["id"]}] * 3
    assert (await sign_in(client, phone, count=8)).status == 200


async def test_what_browsers_will_say_besides_is_no_error(client, ada, phone):
    credential = phone.create(await creation_options(client, ada), said={"topOrigin": "https://later.example"})
    credential["later"] = credential["response"]["later"] = {"a": 1}
    response = await client.post(PATH, json={"credential": credential}, headers=ada.headers)
    assert response.status == 201


# Accounts that may not


async def test_suspended_account_does_not_sign_in(client, ada, admin, phone, passkey):
    user = await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)
    headers = {**admin.headers, "If-Match": user.headers["ETag"]}
    suspended = await client.patch(f"/v1/users/{ada.id}", json={"status": "suspended"}, headers=headers)
    assert suspended.status == 200
    response = await sign_in(client, phone)
    assert response.status == 401
    assert (await response.json())["code"] == "invalid_credentials"
    headers = {**admin.headers, "If-Match": suspended.headers["ETag"]}
    await client.patch(f"/v1/users/{ada.id}", json={"status": "active"}, headers=headers)
    assert (await sign_in(client, phone)).status == 200


async def test_account_that_has_to_confirm_its_address_first_does_not_sign_in(
    aiohttp_client, config, database, clock, client, phone
):
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=new)).status == 201
    signed_in = await client.post("/v1/auth/login", json={"login": "grace", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {(await signed_in.json())['access_token']}"}
    options = await (await client.post(f"{PATH}/options", headers=headers)).json()
    assert (await client.post(PATH, json={"credential": phone.create(options)}, headers=headers)).status == 201
    strict = replace(config, registration=RegistrationConfig(verify_email="first"))
    stricter = await checked_client(aiohttp_client, create_app(strict, database, now=clock))
    response = await sign_in(stricter, phone)
    assert response.status == 401
    assert (await response.json())["code"] == "invalid_credentials"


async def test_nothing_is_left_of_an_erased_account(client, ada, admin, phone, passkey, database):
    user = await client.get(f"/v1/users/{ada.id}?view=admin", headers=admin.headers)
    headers = {**admin.headers, "If-Match": user.headers["ETag"]}
    assert (await client.delete(f"/v1/users/{ada.id}", headers=headers)).status in (200, 204)
    assert (await sign_in(client, phone)).status == 401
    await client.app[SERVICES][PrivacyService].erase()  # or the job, if it was faster

    async def is_empty():
        return await database["passkeys"].count_documents({}) == 0

    await until(is_empty)


# To which site they belong


async def test_passkeys_belong_to_the_domain_that_is_set(aiohttp_client, config, database, clock):
    www = "https://www.example.org"
    settings = replace(
        config,
        server=ServerConfig(workers=1, public_url="https://api.example.org"),
        cors=CorsConfig(origins=(www,)),
        auth=AuthConfig(secret=config.auth.secret, bcrypt_rounds=4, passkeys=PasskeyConfig(rp_id="example.org")),
    )
    client = await checked_client(aiohttp_client, create_app(settings, database, now=clock))
    options = await request_options(client)
    assert options["options"]["rpId"] == "example.org"
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=new)).status == 201
    signed_in = await client.post("/v1/auth/login", json={"login": "grace", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {(await signed_in.json())['access_token']}"}
    for origin, status in [(www, 201), ("https://api.example.org", 201), ("https://evil.example.org", 422)]:
        asked = await (await client.post(f"{PATH}/options", headers=headers)).json()
        answer = Authenticator(origin).create(asked)
        response = await client.post(PATH, json={"credential": answer}, headers=headers)
        assert response.status == status, origin


async def test_api_key_has_no_passkeys(client, ada):
    wish = {"name": "Backup", "scopes": []}
    key = (await (await client.post("/v1/me/api-keys", json=wish, headers=ada.headers)).json())["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for method, path in [("GET", ""), ("POST", "/options")]:
        response = await client.request(method, PATH + path, headers=headers)
        assert response.status == 403
        assert (await response.json())["code"] == "insufficient_scope"


async def test_all_wrong_fields_are_named(client):
    body = {"credential": {"id": "!", "type": "password", "response": {"signature": 7}}, "mode": "none", "more": 1}
    response = await client.post(f"{PATH}/login", json=body)
    assert response.status == 422
    assert codes(await response.json()) >= {
        ("/credential/id", "invalid_format"),
        ("/credential/type", "invalid_choice"),
        ("/credential/response/clientDataJSON", "required"),
        ("/credential/response/authenticatorData", "required"),
        ("/credential/response/signature", "invalid_type"),
        ("/mode", "invalid_choice"),
        ("/more", "unknown_field"),
    }
