"""The plain pages behind the links in mails, in a real browser: they do what their button says."""

import aiohttp
import pytest

from tests.conftest import PASSWORD, until
from tests.mail.reading import code_in
from tests.mail.servers import Postbox, mail_server

from .conftest import demo_blog
from .test_browser import in_browser

NEXT = "nine small wooden boats"


@pytest.fixture
async def postbox():
    async with mail_server(Postbox()) as postbox:
        yield postbox


@pytest.fixture
async def blog(tmp_path, postbox):
    async with demo_blog(tmp_path, MAIL__URL=f"smtp://127.0.0.1:{postbox.port}") as blog:
        yield blog


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


async def code_of(postbox, number):
    """That of the link in the mail with this number, from one."""
    await until(lambda: len(postbox.mails) >= number)
    return code_in(postbox.mails[number - 1])


async def visit(blog, page, code, language="en", **fields):
    """Follow the link of a mail, and send the form."""
    url = f"{blog.address}/{page}?token={code}"
    (seen,) = await in_browser("forms", pages=[{"url": url, "fields": fields, "language": language}])
    # The code is neither in the address any more nor in the history.
    assert seen["address"] == f"{blog.address}/{page}"
    assert seen["complaints"] == []
    return seen


async def test_address_is_confirmed_and_password_set_behind_the_links_of_mails(blog, session, postbox):
    new = {"username": "grace", "email": "grace@example.org", "password": PASSWORD}
    async with session.post(f"{blog.address}/v1/auth/register", json=new) as response:
        assert response.status == 201
    code = await code_of(postbox, 1)
    seen = await visit(blog, "verify-email", code, "de-AT")
    assert (seen["asked"], seen["isDone"]) == ([], True)
    assert seen["says"] == "Danke. Die Adresse ist bestätigt."
    seen = await visit(blog, "verify-email", code)
    assert (seen["isDone"], seen["says"]) == (False, "This link is not valid, or not any more. Ask for a new mail.")

    async with session.post(f"{blog.address}/v1/auth/password/forgot", json={"email": new["email"]}) as response:
        assert response.status == 202
    code = await code_of(postbox, 2)
    seen = await visit(blog, "reset-password", code, password="short")
    assert seen["asked"] == [["password", "password"]]
    assert not seen["isDone"]
    assert "10" in seen["says"]
    seen = await visit(blog, "reset-password", code, password=NEXT)
    assert (seen["isDone"], seen["says"]) == (True, "The password is set. Sign in with it.")
    login = {"login": "grace", "password": NEXT}
    async with session.post(f"{blog.address}/v1/auth/login", json=login) as response:
        assert response.status == 200


async def test_invitation_is_accepted_behind_the_link_of_its_mail(blog, session, postbox):
    login = {"login": "admin", "password": blog.password}
    async with session.post(f"{blog.address}/v1/auth/login", json=login) as response:
        headers = {"Authorization": f"Bearer {(await response.json())['access_token']}"}
    wish = {"email": "noor@example.org", "role": "editor"}
    async with session.post(f"{blog.address}/v1/invitations", json=wish, headers=headers) as response:
        assert response.status == 201
    code, wish = await code_of(postbox, 1), {"username": "noor", "email": "noor@example.org"}
    seen = await visit(blog, "accept-invitation", code, "fr", **wish, password=PASSWORD)
    assert seen["asked"] == [["username", "text"], ["email", "email"], ["password", "password"]]
    assert (seen["isDone"], seen["says"]) == (True, "Bienvenue. Le compte est prêt : connectez-vous avec celui-ci.")
    async with session.post(f"{blog.address}/v1/auth/login", json={"login": "noor", "password": PASSWORD}) as response:
        assert (await response.json())["user"]["role"] == "editor"
