from dataclasses import dataclass

import pyotp
import pytest

from tests.auth.conftest import app, clock, inbox
from tests.conftest import PASSWORD

__all__ = ["app", "clock", "inbox"]
LOGIN, MFA = "/v1/auth/login", "/v1/auth/mfa"
TOTP, CONFIRM, RECOVERY = "/v1/auth/totp", "/v1/auth/totp/confirm", "/v1/auth/recovery-codes"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class App:
    """An authenticator app with somebody's secret, and their recovery codes."""

    secret: str
    clock: object
    recovery_codes: list[str]

    def code(self, *, steps=0):
        """That of now, or of so many steps of 30 seconds later."""
        return pyotp.TOTP(self.secret).at(int(self.clock().timestamp()) + 30 * steps)

    def next(self):
        """A code that was not used before: waits for it."""
        self.clock.forward(seconds=30)
        return self.code()


@pytest.fixture
def add_app(client, clock):
    """Set up an authenticator app for somebody: `await add_app(ada)`."""

    async def add_app(who):
        offered = await client.post(TOTP, headers=who.headers)
        assert offered.status == 201
        app = App((await offered.json())["secret"], clock, [])
        confirmed = await client.post(CONFIRM, json={"totp": app.code()}, headers=who.headers)
        assert confirmed.status == 200
        app.recovery_codes = (await confirmed.json())["recovery_codes"]
        return app

    return add_app


@pytest.fixture
async def app_of_ada(ada, add_app):
    return await add_app(ada)


async def sign_in(client, login="ada", mode="token", headers=SAME_SITE):
    return await client.post(LOGIN, json={"login": login, "password": PASSWORD, "mode": mode}, headers=headers)


async def begin(client, login="ada", **how):
    """The flow of a sign-in that waits for a second factor."""
    response = await sign_in(client, login, **how)
    assert response.status == 401
    problem = await response.json()
    assert problem["code"] == "mfa_required"
    return problem["flow"]


async def finish(client, flow, headers=SAME_SITE, **shown):
    return await client.post(MFA, json={"flow": flow, **shown}, headers=headers)


async def signed_in_with(client, login="ada", **shown):
    """The headers of a session that took both factors."""
    response = await finish(client, await begin(client, login), **shown)
    assert response.status == 200, await response.text()
    return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def mfa_of(client, who):
    return (await (await client.get("/v1/me", headers=who.headers)).json())["mfa"]
