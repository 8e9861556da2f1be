import base64
import hashlib
import secrets
from dataclasses import replace

import pytest
from aiohttp import ClientSession
from mongomock_motor import AsyncMongoMockClient
from yarl import URL

from blogapi.config import CorsConfig, ProviderConfig
from blogapi.db.client import Client
from tests.auth.conftest import app, clock, inbox
from tests.providers.issuer import CLIENT, SECRET, issuing

__all__ = ["app", "clock", "inbox"]
NAME = "example"
PATH = f"/v1/auth/providers/{NAME}"
FRONT = "https://front.example"


@pytest.fixture
async def issuer():
    async with issuing() as issuer:
        yield issuer


def with_provider(config, issuer):
    """This configuration with the provider, and with a front end."""
    providers = {NAME: ProviderConfig(issuer=issuer.url, client_id=CLIENT, client_secret=SECRET, title="Example")}
    return replace(config, providers=providers, cors=CorsConfig(origins=(FRONT,)))


@pytest.fixture
def config(config, issuer):
    return with_provider(config, issuer)


def on_mock():
    """A database for tests that are about the provider."""
    return Client(AsyncMongoMockClient())["blogapi"]


def new_verifier():
    return secrets.token_urlsafe(32)


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Browser:
    """A browser that a front end sends around. Its cookies are those of the client."""

    def __init__(self, client, path=PATH):
        self.client, self.path = client, path
        self.verifier = new_verifier()

    async def start(self, redirect=f"{FRONT}/signed-in?next=%2Fposts", **more):
        query = {"redirect": redirect, "challenge": challenge_of(self.verifier), **more}
        return await self.client.get(f"{self.path}/start", params=query, allow_redirects=False)

    async def authorize(self, response):
        """Sign in at the provider; returns the address with which it sends back."""
        assert response.status == 303, await response.text()
        there = URL(response.headers["Location"], encoded=True)
        async with ClientSession() as session, session.get(there, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return URL(answer.headers["Location"], encoded=True)

    async def arrive(self, address):
        return await self.client.get(address.relative(), allow_redirects=False)

    async def back(self, **more):
        """All of it, to the front end; returns the parameters with which the front end goes on."""
        response = await self.arrive(await self.authorize(await self.start(**more)))
        assert response.status == 303, await response.text()
        address = URL(response.headers["Location"], encoded=True)
        assert str(address.origin()) == FRONT
        return dict(address.query)

    async def code(self):
        found = await self.back()
        assert "code" in found, found
        return found["code"]

    async def finish(self, code, verifier=None, headers=None, **more):
        body = {"code": code, "verifier": verifier or self.verifier, **more}
        return await self.client.post(f"{self.path}/finish", json=body, headers=headers or {})

    async def sign_in(self, **more):
        """The whole way to a session; returns the answer."""
        response = await self.finish(await self.code(), **more)
        assert response.status == 200, await response.text()
        return await response.json()


@pytest.fixture
def browser(client):
    return Browser(client)


def bearer(signed_in):
    return {"Authorization": f"Bearer {signed_in['access_token']}"}


async def problem(response, status, code):
    """The problem of an answer, which has to be this one."""
    found = await response.json()
    assert (response.status, found["code"]) == (status, code), found
    return found
