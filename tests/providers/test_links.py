"""Accounts elsewhere that belong to an account here."""

from dataclasses import replace

from blogapi.app import create_app
from blogapi.auth.service import AuthService
from blogapi.clock import utc_now
from blogapi.config import ProviderConfig
from blogapi.db.client import new_id, object_id
from blogapi.mail.model import Mail
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD
from tests.contract import checked_client
from tests.providers.conftest import NAME, PATH, Browser, bearer, new_verifier, problem
from tests.providers.issuer import CLIENT, SECRET, issuing
from tests.providers.test_sign_in import register, verify

LINKS = "/v1/me/providers"


async def link(client, browser, headers, **more):
    body = {"code": await browser.code(), "verifier": browser.verifier, **more}
    return await client.post(LINKS, json=body, headers=headers)


async def linked(client, headers):
    response = await client.get(LINKS, headers=headers)
    assert response.status == 200
    return (await response.json())["items"]


async def test_who_is_signed_in_links_an_account(client, browser, ada):
    response = await link(client, browser, ada.headers)
    assert response.status == 201
    answer = await response.json()
    assert (answer["name"], answer["title"], answer["email"]) == ("example", "Example", "grace@example.org")
    assert await linked(client, ada.headers) == [answer]
    assert (await Browser(client).sign_in())["user"]["id"] == ada.id


async def test_address_does_not_matter_to_who_is_signed_in(client, browser, ada, issuer):
    issuer.person |= {"email": None, "email_verified": None}
    issuer.metadata["userinfo_endpoint"] = None
    response = await link(client, browser, ada.headers)
    assert (await response.json())["email"] is None
    assert (await Browser(client).sign_in())["user"]["id"] == ada.id


async def test_linking_again_changes_nothing(client, browser, ada):
    first = await (await link(client, browser, ada.headers)).json()
    assert await (await link(client, browser, ada.headers)).json() == first


async def test_linking_takes_a_fresh_sign_in(client, browser, ada, clock):
    code = await browser.code()
    clock.forward(minutes=10)
    body = {"code": code, "verifier": browser.verifier}
    await problem(await client.post(LINKS, json=body, headers=ada.headers), 403, "reauthentication_required")
    await problem(await client.delete(f"{LINKS}/{NAME}", headers=ada.headers), 403, "reauthentication_required")


async def test_code_of_somebody_else_links_nothing(client, browser, ada):
    """An attacker has you open the address with their code: your front end does not know its verifier."""
    body = {"code": await browser.code(), "verifier": new_verifier()}
    await problem(await client.post(LINKS, json=body, headers=ada.headers), 422, "code_invalid")
    assert await linked(client, ada.headers) == []


async def test_code_is_spent_by_linking(client, browser, ada):
    code = await browser.code()
    body = {"code": code, "verifier": browser.verifier}
    assert (await client.post(LINKS, json=body, headers=ada.headers)).status == 201
    await problem(await client.post(LINKS, json=body, headers=ada.headers), 422, "code_invalid")
    await problem(await browser.finish(code), 422, "code_invalid")


async def test_account_of_somebody_else_is_not_linked(client, browser, ada, bob):
    assert (await link(client, browser, ada.headers)).status == 201
    await problem(await link(client, browser, bob.headers), 409, "already_linked")
    assert await linked(client, bob.headers) == []


async def test_second_account_of_a_provider_is_not_linked(client, browser, ada, issuer):
    assert (await link(client, browser, ada.headers)).status == 201
    issuer.person["sub"] = "another account"
    await problem(await link(client, browser, ada.headers), 409, "already_linked")
    assert len(await linked(client, ada.headers)) == 1


async def test_links_are_in_the_audit_log(client, browser, ada, sign_up):
    assert (await link(client, browser, ada.headers)).status == 201
    assert (await client.delete(f"{LINKS}/{NAME}", headers=ada.headers)).status == 204
    newcomer = await Browser(client).sign_in()
    admin = await sign_up("chief", role="admin")
    response = await client.get("/v1/audit?action=provider.linked,provider.unlinked", headers=admin.headers)
    found = [
        (each["action"], each["actor"]["kind"], each["actor"]["user_id"], each["target"]["id"], each["facts"])
        for each in (await response.json())["items"]
    ]
    facts, grace = {"provider": NAME}, newcomer["user"]["id"]
    assert sorted(found) == sorted(
        [
            ("provider.linked", "session", ada.id, ada.id, facts),
            ("provider.unlinked", "session", ada.id, ada.id, facts),
            ("provider.linked", "provider", grace, grace, facts),
        ]
    )


async def test_owner_is_told_by_mail(client, browser, ada, inbox):
    assert (await link(client, browser, ada.headers)).status == 201
    assert (await inbox.next(ada.email))["Subject"] == "Your account on localhost:8080 was linked to another service"
    assert (await client.delete(f"{LINKS}/{NAME}", headers=ada.headers)).status == 204
    assert "was removed" in (await inbox.next(ada.email))["Subject"]


async def test_owner_is_told_of_a_link_that_a_sign_in_makes(client, browser, database, inbox):
    await register(client)
    assert "Confirm" in (await inbox.next("grace@example.org"))["Subject"]
    await verify(database, "grace")
    await browser.sign_in()
    assert "was linked" in (await inbox.next("grace@example.org"))["Subject"]


async def test_newcomer_gets_no_mail_about_the_own_sign_in(client, browser, database):
    await browser.sign_in()
    assert await database["mails"].count_documents({}) == 0


async def test_unlinked_account_opens_nothing(client, browser, ada, issuer):
    issuer.person["email_verified"] = False
    assert (await link(client, browser, ada.headers)).status == 201
    assert (await client.delete(f"{LINKS}/{NAME}", headers=ada.headers)).status == 204
    assert await linked(client, ada.headers) == []
    await problem(await browser.finish(await browser.code()), 409, "link_required")
    await problem(await client.delete(f"{LINKS}/{NAME}", headers=ada.headers), 404, "not_found")
    await problem(await client.delete(f"{LINKS}/unknown", headers=ada.headers), 404, "not_found")


async def test_last_way_in_stays(client, browser):
    headers = bearer(await browser.sign_in())
    await problem(await client.delete(f"{LINKS}/{NAME}", headers=headers), 409, "last_sign_in_method")
    assert len(await linked(client, headers)) == 1
    assert (await Browser(client).sign_in())["user"]["username"] == "grace"


async def test_one_of_two_ways_in_goes(aiohttp_client, config, database, clock):
    async with issuing() as other:
        second = ProviderConfig(issuer=other.url, client_id=CLIENT, client_secret=SECRET)
        both = replace(config, providers={**config.providers, "other": second})
        client = await checked_client(aiohttp_client, create_app(both, database, now=clock))
        headers = bearer(await Browser(client).sign_in())
        clock.forward(seconds=1)
        response = await link(client, Browser(client, PATH.replace(NAME, "other")), headers)
        assert response.status == 201
        assert [each["name"] for each in await linked(client, headers)] == ["other", NAME]
        assert (await client.delete(f"{LINKS}/{NAME}", headers=headers)).status == 204
        await problem(await client.delete(f"{LINKS}/other", headers=headers), 409, "last_sign_in_method")
        # A provider that is not in the configuration any more lets nobody in, so it does not count.
        await client.post(LINKS, json={"code": "x.y", "verifier": "x" * 43}, headers=headers)
        assert (await link(client, Browser(client), headers)).status == 201
        without = await checked_client(aiohttp_client, create_app(config, database, now=clock))
        assert [each["name"] for each in await linked(without, headers)] == [NAME]
        await problem(await without.delete(f"{LINKS}/{NAME}", headers=headers), 409, "last_sign_in_method")


async def set_password(client, email):
    """By mail, as who has forgotten it."""
    mail = Mail(id=new_id(), kind="reset_password", to=email, created_at=utc_now())
    letter = await client.app[SERVICES][AuthService].letters.reset_password(mail)
    body = {"token": letter.facts["link"].partition("token=")[2], "password": PASSWORD}
    assert (await client.post("/v1/auth/password/reset", json=body)).status == 204


async def test_reset_by_mail_leaves_no_link_of_before(client, browser, ada, database, issuer):
    """A stranger may have linked an account of their own while they had the session."""
    assert (await link(client, browser, ada.headers)).status == 201
    await set_password(client, ada.email)
    assert await database["provider_links"].count_documents({}) == 0
    issuer.person["email_verified"] = False
    await problem(await browser.finish(await browser.code()), 409, "link_required")


async def test_link_of_before_a_reset_is_good_for_nothing_before_it_is_removed(client, browser, ada, database, issuer):
    assert (await link(client, browser, ada.headers)).status == 201
    (kept,) = await database["provider_links"].find({}).to_list(None)
    await set_password(client, ada.email)
    await database["provider_links"].insert_one(kept)  # as if the server had been killed between the two
    issuer.person["email_verified"] = False
    await problem(await browser.finish(await browser.code()), 409, "link_required")


async def test_account_gets_a_password_by_mail_and_keeps_its_provider(client, browser):
    """The address is verified on both sides, so the next sign-in links anew."""
    first = await browser.sign_in()
    await set_password(client, "grace@example.org")
    response = await client.post("/v1/auth/login", json={"login": "grace", "password": PASSWORD})
    assert response.status == 200
    assert (await Browser(client).sign_in())["user"]["id"] == first["user"]["id"]
    headers = bearer(await response.json())
    assert (await client.delete(f"{LINKS}/{NAME}", headers=headers)).status == 204


async def test_account_of_an_erased_person_is_free(client, browser, database):
    first = await browser.sign_in()
    await database["users"].update_one({"username": "grace"}, {"$set": {"status": "erased", "username": "erased-1"}})
    await database["users"].update_one(
        {"username": "erased-1"}, {"$set": {"username_key": "erased-1", "email": None, "email_key": None}}
    )
    again = await Browser(client).sign_in()
    assert again["user"]["id"] != first["user"]["id"]


async def test_link_of_an_issuer_is_not_that_of_its_successor(aiohttp_client, config, database, client, browser):
    """Somebody gives a provider's name to another issuer: whoever has the same number there is somebody else."""
    first = await browser.sign_in()
    async with issuing() as other:
        other.person["email_verified"] = False
        moved = replace(config, providers={NAME: replace(config.providers[NAME], issuer=other.url)})
        elsewhere = Browser(await checked_client(aiohttp_client, create_app(moved, database)))
        await problem(await elsewhere.finish(await elsewhere.code()), 409, "link_required")
    assert (await Browser(client).sign_in())["user"]["id"] == first["user"]["id"]


# Killed between two writes: what had been written by then is there, and the rest is not.


async def test_account_without_its_link_is_found_by_its_address(client, browser, database):
    first = await browser.sign_in()
    await database["provider_links"].delete_many({})
    await database["sessions"].delete_many({})
    again = await Browser(client).sign_in()
    assert again["user"]["id"] == first["user"]["id"]
    assert await database["users"].count_documents({}) == 1


async def test_removal_that_was_cut_off_hinders_nobody_for_long(aiohttp_client, config, database, clock):
    async with issuing() as other:
        second = ProviderConfig(issuer=other.url, client_id=CLIENT, client_secret=SECRET)
        both = replace(config, providers={**config.providers, "other": second})
        client = await checked_client(aiohttp_client, create_app(both, database, now=clock))
        headers = bearer(await Browser(client).sign_in())
        assert (await link(client, Browser(client, PATH.replace(NAME, "other")), headers)).status == 201
        cut_off = {"$push": {"leaving": {"id": object_id(new_id()), "at": clock()}}}
        await database["provider_links"].update_one({"issuer": other.url}, cut_off)
        assert (await Browser(client, PATH.replace(NAME, "other")).sign_in())["user"]["username"] == "grace"
        await problem(await client.delete(f"{LINKS}/{NAME}", headers=headers), 409, "last_sign_in_method")
        clock.forward(minutes=1)
        assert (await client.delete(f"{LINKS}/{NAME}", headers=headers)).status == 204
