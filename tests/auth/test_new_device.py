"""People hear of a sign-in on a device that they have not used before."""

from dataclasses import replace
from datetime import datetime

import pytest

from blogapi.app import create_app
from blogapi.auth.model import TOKEN, Caller, SessionRequest
from blogapi.auth.service import AuthService
from blogapi.config import LimitsConfig
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.audit.test_killed import dies_after
from tests.auth.test_cookies import sign_in as sign_in_by_cookie
from tests.auth.test_devices import sign_in
from tests.auth.test_passwords import change
from tests.conftest import PASSWORD, QUIET, matching, with_etag
from tests.contract import checked_client
from tests.mail.servers import html_of, text_of

LONG_AGO = datetime(2026, 1, 1)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


@pytest.fixture
async def ada(ada, database):
    """Her address is confirmed."""
    await database["users"].update_one({"username": "ada"}, {"$set": {"email_verified_at": LONG_AGO}})
    return ada


@pytest.fixture
def app(config, database, clock):
    """Mails wait until a test looks at them."""
    return create_app(config, database, QUIET, now=clock)


@pytest.fixture
def told(client, database):
    """How many mails about new devices there were so far."""

    async def told():
        await client.app[SERVICES][UserService].outbox.hand_over()
        return await database["mails"].count_documents({"kind": "new_device"})

    return told


async def test_mail_says_when_where_and_on_what(aiohttp_client, config, database, client, ada, inbox, clock):
    sent = {"bio": "Counts.", "timezone": "Europe/Berlin", "locale": "de-DE"}
    me = await with_etag(await client.get("/v1/me", headers=ada.headers))
    assert (await client.patch("/v1/me", json=sent, headers=matching(ada, me))).status == 200
    wish = {"login": "ada", "password": PASSWORD}
    await client.post("/v1/auth/login", json=wish, headers={"User-Agent": FIREFOX})
    await checked_client(aiohttp_client, create_app(config, database, now=clock))  # which has jobs that send
    mail = await inbox.next(ada.email)
    assert mail["Subject"] == "Eine neue Anmeldung bei Ihrem Konto auf localhost:8080"
    assert "Gerät: Firefox, Linux. Netz: 127.0.0.0/24." in text_of(mail)
    assert "Zeit: " in text_of(mail)
    assert ("MEZ" in text_of(mail)) or ("MESZ" in text_of(mail))
    assert "Firefox, Linux" in html_of(mail)


async def test_strange_device_is_told_once(client, ada, told):
    device = (await sign_in(client))["device_token"]
    assert await told() == 1
    await sign_in(client, device=device)
    assert await told() == 1
    await sign_in(client)
    assert await told() == 2


async def test_browser_is_known_by_its_cookie(client, ada, told):
    for _ in range(2):
        assert (await sign_in_by_cookie(client)).status == 200
    assert await told() == 1


async def test_very_first_sign_in_is_no_news(client, told, database):
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    await client.post("/v1/auth/register", json=new)
    await database["users"].update_one({"username": "grace"}, {"$set": {"email_verified_at": LONG_AGO}})
    await sign_in(client, "grace")
    assert await told() == 0
    await sign_in(client, "grace")
    assert await told() == 1


async def test_address_that_nobody_confirmed_gets_no_mail(client, bob, told):
    """Else anybody could have mails sent to somebody else, by registering with their address."""
    for _ in range(2):
        await sign_in(client, "bob")
    assert await told() == 0


async def test_failed_sign_in_is_no_news(client, ada, told):
    await client.post("/v1/auth/login", json={"login": "ada", "password": "not it"})
    assert await told() == 0


async def test_device_is_news_again_after_the_password_was_changed_elsewhere(client, ada, told):
    device = (await sign_in(client))["device_token"]
    assert (await change(client, ada, password=PASSWORD)).status == 204
    await sign_in(client, device=device)
    assert await told() == 2


async def test_mails_about_devices_do_not_fill_a_mailbox(aiohttp_client, config, database, client, ada, told):
    limited = replace(config, limits=LimitsConfig(mail="2/hour"))
    other = await checked_client(aiohttp_client, create_app(limited, database, QUIET))
    for _ in range(4):
        await sign_in(other)
    assert await told() == 2


async def test_sign_in_is_never_without_its_mail(client, ada, told, database):
    """Whoever is killed after whichever write: a mail about nothing is harmless, a sign-in without its mail is not."""
    auth, count, killed = client.app[SERVICES][AuthService], 0, True
    wanted = SessionRequest(kind=TOKEN, caller=Caller(device="", address="192.0.2.1"))
    while killed:
        count += 1
        sessions, mails = await database["sessions"].count_documents({}), await told()
        killed = await dies_after(database, count, auth.sign_in.with_password("ada", PASSWORD, wanted))
        opened = await database["sessions"].count_documents({}) - sessions
        assert await told() - mails >= opened
    assert opened == 1
