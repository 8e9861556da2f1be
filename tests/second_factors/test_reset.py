"""Second factors that an operator takes away from somebody who has lost them."""

import pytest

from blogapi.access.administrator import as_operator
from blogapi.errors import NotFound
from blogapi.passkeys.service import PasskeyService
from blogapi.second_factors.service import SecondFactors
from blogapi.wiring import SERVICES
from tests.mail.servers import text_of
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import register
from tests.passkeys.conftest import sign_in as sign_in_with_passkey
from tests.second_factors.conftest import mfa_of, sign_in


@pytest.fixture
def factors(client):
    return client.app[SERVICES][SecondFactors]


async def resets(client, admin):
    response = await client.get("/v1/audit?action=second_factor.totp_reset", headers=admin.headers)
    return (await response.json())["items"]


async def test_operator_helps_who_has_lost_everything(client, ada, admin, app_of_ada, factors, inbox):
    await inbox.next("ada@example.org")
    assert await factors.reset(as_operator(), "ada@example.org")
    assert await mfa_of(client, ada) == {"methods": [], "recovery_codes_left": 0}
    assert (await sign_in(client)).status == 200
    assert "have removed" in text_of(await inbox.next("ada@example.org"))
    (entry,) = await resets(client, admin)
    assert (entry["actor"]["kind"], entry["target"]["id"]) == ("command_line", ada.id)


async def test_reset_of_nothing_is_told_to_nobody(client, ada, admin, factors):
    assert not await factors.reset(as_operator(), "ada")
    assert await resets(client, admin) == []


async def test_reset_of_nobody_is_an_error(client, factors):
    with pytest.raises(NotFound):
        await factors.reset(as_operator(), "nobody")


async def test_operator_takes_passkeys_away_too(client, ada, admin, factors, inbox):
    phone = Authenticator()
    await register(client, ada, phone)
    await inbox.next(ada.email)
    passkeys = client.app[SERVICES][PasskeyService]
    assert await passkeys.reset(as_operator(), "ada")
    assert not await passkeys.reset(as_operator(), "ada")
    assert await mfa_of(client, ada) == {"methods": [], "recovery_codes_left": 0}
    assert (await sign_in_with_passkey(client, phone)).status == 401
    assert "one passkey less" in text_of(await inbox.next(ada.email))
    response = await client.get("/v1/audit?action=passkey.removed", headers=admin.headers)
    (entry,) = (await response.json())["items"]
    assert (entry["actor"]["kind"], entry["target"]["id"]) == ("command_line", ada.id)
    with pytest.raises(NotFound):
        await passkeys.reset(as_operator(), "nobody")
