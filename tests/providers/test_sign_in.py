"""Signing in with an account elsewhere, from the first time on."""

from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.config import RegistrationConfig, ServerConfig
from tests.conftest import PASSWORD
from tests.contract import checked_client
from tests.providers.conftest import FRONT, PATH, Browser, bearer, new_verifier, problem
from tests.second_factors.conftest import App


async def me(client, signed_in):
    return await (await client.get("/v1/me", headers=bearer(signed_in))).json()


async def register(client, username="grace", email="grace@example.org"):
    new = {"username": username, "email": email, "password": PASSWORD}
    response = await client.post("/v1/auth/register", json=new)
    assert response.status == 201
    return await response.json()


async def verify(database, username):
    """As if the code of the mail had come back."""
    where = {"username": username}
    verified = {"$set": {"email_verified_at": (await database["users"].find_one(where))["created_at"]}}
    await database["users"].update_one(where, verified)
    await database["users"].update_one(where, {"$set": {"status": "active"}})


async def test_providers_are_listed_for_everybody(client):
    response = await client.get("/v1/auth/providers")
    assert response.status == 200
    assert (await response.json())["items"] == [{"name": "example", "title": "Example"}]
    assert response.headers["Cache-Control"].startswith("public")


async def test_first_sign_in_makes_an_account(client, browser):
    signed_in = await browser.sign_in()
    user = await me(client, signed_in)
    assert (user["username"], user["display_name"], user["role"]) == ("grace", "Grace Hopper", "author")
    assert (user["email"], user["status"]) == ("grace@example.org", "active")
    assert user["email_verified_at"] is not None


async def test_later_sign_ins_open_the_same_account(client, browser, issuer):
    first = await browser.sign_in()
    issuer.person |= {"email": "other@example.org", "preferred_username": "other", "name": "Other"}
    again = await Browser(client).sign_in()
    assert again["user"]["id"] == first["user"]["id"]
    assert again["user"]["email"] == "grace@example.org"


async def test_cookie_is_given_where_one_is_asked_for(client, browser):
    code = await browser.code()
    response = await browser.finish(code, mode="cookie", headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status == 200
    assert "access_token" not in await response.json()
    assert response.cookies["session"]["httponly"]
    assert (await client.get("/v1/me")).status == 200


async def test_cookie_for_another_site_is_refused_and_the_code_stays_good(browser):
    code = await browser.code()
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    await problem(await browser.finish(code, mode="cookie", headers=evil), 403, "cross_site")
    assert (await browser.finish(code)).status == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_every_allowed_algorithm_signs_in(browser, issuer, algorithm):
    issuer.algorithm = algorithm
    assert (await browser.sign_in())["user"]["username"] == "grace"


@pytest.mark.parametrize("methods", [["client_secret_post"], ["client_secret_basic"], None])
async def test_client_shows_its_secret_as_the_provider_wants_it(browser, issuer, methods):
    issuer.metadata["token_endpoint_auth_methods_supported"] = methods
    assert (await browser.sign_in())["user"]["username"] == "grace"


async def test_address_is_asked_for_where_the_token_lacks_it(browser, issuer):
    issuer.is_split = True
    assert (await browser.sign_in())["user"]["email"] == "grace@example.org"
    assert issuer.count("/userinfo") == 1


@pytest.mark.parametrize("verified", [True, "true"])
async def test_verified_account_with_this_address_is_found(client, browser, database, issuer, verified):
    known = await register(client, "amazing-grace")
    await verify(database, "amazing-grace")
    issuer.person |= {"email": "Grace@Example.org", "email_verified": verified}
    assert (await browser.sign_in())["user"]["id"] == known["id"]


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes", "True"])
async def test_address_that_the_provider_does_not_confirm_proves_nothing(client, browser, database, issuer, verified):
    await register(client)
    await verify(database, "grace")
    issuer.person["email_verified"] = verified
    known = await problem(await browser.finish(await browser.code()), 409, "link_required")
    issuer.person["email"] = "nobody@example.org"
    unknown = await problem(await browser.finish(await browser.code()), 409, "link_required")
    assert known["detail"] == unknown["detail"]  # nobody learns who has an account


@pytest.mark.parametrize("person", [{"email": None}, {"email": ""}, {"email": "no address"}, {"email": 7}])
async def test_account_without_an_address_makes_none_here(browser, issuer, person):
    issuer.person |= person
    issuer.metadata["userinfo_endpoint"] = None
    await problem(await browser.finish(await browser.code()), 409, "link_required")


async def test_who_registered_first_with_a_foreign_address_gets_nothing(client, browser, database):
    """Otherwise somebody could register with your address, wait until you come, and share the account with you."""
    await register(client)
    await problem(await browser.finish(await browser.code()), 409, "link_required")
    assert await database["provider_links"].count_documents({}) == 0


async def test_look_alike_of_an_address_opens_nothing(client, browser, database, issuer):
    """The key of an address takes full-width letters for the same, and they may be another mailbox."""
    await register(client)
    await verify(database, "grace")
    issuer.person["email"] = "\uff47race@example.org"
    await problem(await browser.finish(await browser.code()), 409, "link_required")


async def test_address_that_went_to_somebody_else_opens_nothing(client, browser, issuer):
    await browser.sign_in()
    issuer.person["sub"] = "a new employee with an old address"
    await problem(await browser.finish(await browser.code()), 409, "already_linked")


@pytest.mark.parametrize("mode", ["closed", "invite"])
async def test_newcomers_stay_out_where_registration_is_not_open(
    aiohttp_client, config, database, clock, client, issuer, mode
):
    known = await Browser(client).sign_in()
    closed = create_app(replace(config, registration=RegistrationConfig(mode=mode)), database, now=clock)
    browser = Browser(await checked_client(aiohttp_client, closed))
    assert (await browser.sign_in())["user"]["id"] == known["user"]["id"]
    issuer.person |= {"sub": "2", "email": "other@example.org"}
    await problem(await browser.finish(await browser.code()), 403, "registration_closed")


async def test_suspended_people_stay_out(client, browser, database):
    await browser.sign_in()
    await database["users"].update_one({"username": "grace"}, {"$set": {"status": "suspended"}})
    await problem(await browser.finish(await browser.code()), 401, "invalid_credentials")


async def test_role_is_that_of_the_configuration(aiohttp_client, config, database, issuer):
    app = create_app(replace(config, registration=RegistrationConfig(role="reader")), database)
    assert (await Browser(await aiohttp_client(app)).sign_in())["user"]["role"] == "reader"


@pytest.mark.parametrize(
    ("person", "username", "display_name"),
    [
        ({"preferred_username": "taken"}, "taken-2", "Grace Hopper"),
        ({"preferred_username": "grace@example.org"}, "grace-hopper", "Grace Hopper"),
        ({"preferred_username": "admin"}, "admin-2", "Grace Hopper"),
        ({"preferred_username": None, "name": "Грейс"}, "greis", "Грейс"),
        ({"preferred_username": "x", "name": "\u200b"}, "reader", "reader"),
        ({"preferred_username": None, "name": " A\n\x00very " + "long " * 40}, "a-very-long-long-long-long-long", None),
        ({"preferred_username": ["a"], "name": {"b": 1}}, "reader", "reader"),
    ],
)
async def test_username_is_made_of_what_people_are_called(client, browser, issuer, person, username, display_name):
    await register(client, "taken", "taken@example.org")
    issuer.person |= person
    user = (await browser.sign_in())["user"]
    assert user["username"] == username
    assert display_name is None or user["display_name"] == display_name
    assert len(user["display_name"]) <= 80


async def test_account_without_a_password_takes_none(client, browser):
    await browser.sign_in()
    for password in ("", PASSWORD, "None"):
        sent = {"login": "grace", "password": password or "x"}
        await problem(await client.post("/v1/auth/login", json=sent), 401, "invalid_credentials")


async def test_second_factor_is_asked_for_after_a_provider(client, browser, clock):
    offered = await client.post("/v1/auth/totp", headers=bearer(await browser.sign_in()))
    app = App((await offered.json())["secret"], clock, [])
    again = Browser(client)
    confirmed = await client.post(
        "/v1/auth/totp/confirm", json={"totp": app.code()}, headers=bearer(await again.sign_in())
    )
    assert confirmed.status == 200
    refused = await problem(await browser.finish(await browser.code()), 401, "mfa_required")
    response = await client.post("/v1/auth/mfa", json={"flow": refused["flow"], "totp": app.next()})
    assert response.status == 200
    assert (await response.json())["user"]["username"] == "grace"


async def test_session_says_with_what_it_was_opened(browser, database):
    signed_in = await browser.sign_in()
    (session,) = await database["sessions"].find({}).to_list(None)
    assert str(session["_id"]) == signed_in["session_id"]
    assert session["factors"] == ["provider"]


# The way through the browser


@pytest.mark.any_driver
@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/",
        "https://front.example.evil.example/",
        "https://front.example@evil.example/",
        "https://evil.example\\@front.example/",
        "https://front.example:444/",
        "http://front.example/",
        "//front.example/",
        "https:front.example/",
        "https://FRONT.example/",
        "https://front.example/#part",
        "https://front.example/\n",
        "https://front.example/ x",
        "javascript:alert(1)//https://front.example",
        "https://front.example.",
        "/signed-in",
        "",
        "https://front.example/" + "x" * 500,
    ],
)
async def test_nobody_is_sent_anywhere_else(browser, redirect):
    await problem(await browser.start(redirect=redirect), 400, "invalid_parameter")


@pytest.mark.parametrize("redirect", [FRONT, f"{FRONT}/", f"{FRONT}/a/b?c=d%20e&f=https://evil.example/"])
async def test_path_of_an_allowed_origin_is_free(browser, redirect):
    response = await browser.arrive(await browser.authorize(await browser.start(redirect=redirect)))
    assert response.headers["Location"].startswith(redirect + ("&" if "?" in redirect else "?") + "code=")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("challenge", ["", "short", "x" * 44, "=" * 43, None])
async def test_front_end_has_to_send_a_challenge(client, challenge):
    query = {"redirect": FRONT, **({} if challenge is None else {"challenge": challenge})}
    response = await client.get(f"{PATH}/start", params=query, allow_redirects=False)
    await problem(response, 400, "invalid_parameter")


async def test_unknown_provider_is_not_there(client):
    stranger = Browser(client, "/v1/auth/providers/stranger")
    await problem(await stranger.start(), 404, "not_found")
    response = await client.get("/v1/auth/providers/stranger/callback?state=x&code=y", allow_redirects=False)
    await problem(response, 404, "not_found")
    await problem(await stranger.finish("x.y.z"), 404, "not_found")


async def test_code_is_worthless_without_the_verifier(browser):
    code = await browser.code()
    await problem(await browser.finish(code, new_verifier()), 422, "code_invalid")
    assert (await browser.finish(code)).status == 200


async def test_code_is_good_once(browser):
    code = await browser.code()
    assert (await browser.finish(code)).status == 200
    await problem(await browser.finish(code), 422, "code_invalid")


async def test_code_is_good_for_five_minutes(browser, clock):
    code = await browser.code()
    clock.forward(minutes=5)
    await problem(await browser.finish(code), 422, "code_invalid")


@pytest.mark.parametrize(
    "code", ["", "x", "a.b.c", "0b1060000000000000000051." + "A" * 43 + ".xxxx", "." * 100, "\u00e9.b.c", "A" * 5000]
)
async def test_malformed_code_is_refused(browser, code):
    response = await browser.finish(code)
    assert response.status == 422
    assert (await response.json())["code"] in ("code_invalid", "invalid_fields")


async def test_changed_code_is_refused(browser):
    first, second = await browser.code(), await browser.code()
    swapped = f"{first.rpartition('.')[0]}.{second.rpartition('.')[2]}"
    await problem(await browser.finish(swapped), 422, "code_invalid")
    assert (await browser.finish(first)).status == 200


async def test_way_back_works_only_in_the_browser_that_began(client, browser):
    """Or a stranger could have somebody else go on with the stranger's account."""
    address = await browser.authorize(await browser.start())
    client.session.cookie_jar.clear()
    await problem(await browser.arrive(address), 422, "code_invalid")
    await browser.start()  # another sign-in of this browser does not help
    await problem(await browser.arrive(address), 422, "code_invalid")


async def test_way_back_works_once(browser, client):
    address = await browser.authorize(await browser.start())
    kept = client.session.cookie_jar.filter_cookies(client.make_url("/"))["provider-flow"].value
    assert (await browser.arrive(address)).status == 303
    response = await client.get(address.relative(), headers={"Cookie": f"provider-flow={kept}"}, allow_redirects=False)
    assert response.headers["Location"] == f"{FRONT}/signed-in?next=%2Fposts&error=code_invalid"


async def test_way_back_is_open_for_a_quarter_of_an_hour(browser, clock):
    address = await browser.authorize(await browser.start())
    clock.forward(minutes=15)
    response = await browser.arrive(address)
    assert "error=code_invalid" in response.headers["Location"]


async def test_three_tabs_do_not_disturb_each_other(client):
    tabs = [Browser(client) for _ in range(4)]
    addresses = [await tab.authorize(await tab.start()) for tab in tabs]
    answers = [(await tab.arrive(address)).status for tab, address in zip(tabs, addresses, strict=True)]
    assert answers == [422, 303, 303, 303]


async def test_cookie_is_for_this_browser_and_server_alone(browser, aiohttp_client, config, database):
    cookie = (await browser.start()).cookies["provider-flow"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "Lax", "/", "900")
    secure = replace(config, server=ServerConfig(public_url="https://blog.example"))
    browser = Browser(await aiohttp_client(create_app(secure, database)))
    assert (await browser.start()).cookies["__Host-provider-flow"]["secure"]


async def test_long_addresses_still_fit_the_cookie(browser):
    for _ in range(3):
        response = await browser.start(redirect=f"{FRONT}/".ljust(500, "x"))
    assert len(response.cookies["provider-flow"].OutputString()) < 4096


async def test_refusal_at_the_provider_is_told_to_the_front_end(browser, issuer):
    issuer.back |= {"code": None, "error": "access_denied", "error_description": "<script>"}
    assert await browser.back() == {"next": "/posts", "error": "provider_denied"}
