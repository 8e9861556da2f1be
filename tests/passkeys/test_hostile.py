"""Answers that no honest authenticator gives, and honest ones in the wrong place."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from webauthn.helpers import encode_cbor

from blogapi.app import create_app
from blogapi.config import LimitsConfig
from blogapi.passkeys.cbor import check_items
from tests.contract import checked_client
from tests.passkeys.authenticator import (
    ELIGIBLE,
    ES256,
    PRESENT,
    USUAL,
    VERIFIED,
    WITH_CREDENTIAL,
    WITH_EXTENSIONS,
    Authenticator,
    Credential,
    decoded,
    encoded,
)
from tests.passkeys.conftest import PATH, creation_options, request_options, sign_in

NEW = USUAL | WITH_CREDENTIAL
DEEP = b"\x81" * 3000 + b"\x00"
# 5 * 2 ** 999999999 (RFC 8949, section 3.4.4).
BOMB = bytes.fromhex("c5821a3b9ac9ff05")


def on_curve(curve):
    return Credential(key=ec.generate_private_key(curve))


def with_numbers(**changes):
    """The key of an honest credential, but for these parameters."""
    return encode_cbor({**Credential().cose, **{int(key.replace("_", "-")): value for key, value in changes.items()}})


NOT_REGISTERED = {
    "another type": {"kind": "webauthn.get"},
    "another challenge": {"challenge": encoded(b"0b1060000000000000000041." + b"A" * 43)},
    "a challenge of another form": {"challenge": encoded(b"\xff\x00")},
    "no base64url as challenge": {"challenge": "!"},
    "another page": {"origin": "https://evil.example"},
    "a page that looks like ours": {"origin": "http://localhost.evil.example:8080"},
    "a page within another": {"said": {"crossOrigin": True}},
    "an origin that is no text": {"origin": ["http://localhost:8080"]},
    "another site": {"rp_id": "evil.example"},
    "user not there": {"flags": NEW & ~PRESENT},
    "user not verified": {"flags": NEW & ~VERIFIED},
    "backed up without being eligible": {"flags": NEW & ~ELIGIBLE},
    "no credential in it": {"flags": NEW & ~WITH_CREDENTIAL},
    "an attestation of a certificate": {"fmt": "packed", "statement": {"alg": ES256, "sig": b"x", "x5c": [b"x"]}},
    "an attestation of another kind": {"fmt": "tpm"},
    "a statement where there is none": {"statement": {"sig": b"x"}},
    "a wrong signature of itself": {"fmt": "packed", "statement": {"alg": ES256, "sig": b"x"}},
    "another curve": {"credential": on_curve(ec.SECP521R1())},
    "a point that is on no curve": {"cose": with_numbers(_2=bytes(32))},
    "an algorithm that was not asked for": {"cose": with_numbers(**{"3": -47})},
    "a key of no kind": {"cose": with_numbers(**{"1": 99})},
    "a short RSA key": {"credential": Credential(-257, key=rsa.generate_private_key(65537, 1024))},
    "an RSA key that takes long": {"cose": encode_cbor({1: 3, 3: -257, -1: b"\xff" * 2000, -2: b"\xff" * 2000})},
    "no key": {"cose": b""},
    "a key that is no map": {"cose": b"\x04"},
    "a key that is cut off": {"cose": encode_cbor(Credential().cose)[:-1]},
    "a key nested deeply": {"cose": DEEP},
    "a key to be computed": {"cose": BOMB},
    "extensions to be computed": {"flags": NEW | WITH_EXTENSIONS, "extensions": BOMB},
    "more behind it": {"extensions": b"\x00\x00\x00"},
    "an attestation nested deeply": {"attestation_object": DEEP},
    "an attestation to be computed": {"attestation_object": BOMB},
    "an attestation without data": {"attestation_object": encode_cbor({"fmt": "none", "attStmt": {}})},
    "data that is no bytes": {"attestation_object": encode_cbor({"fmt": "none", "attStmt": {}, "authData": 6000000})},
    "data that is too short": {"attestation_object": encode_cbor({"fmt": "none", "attStmt": {}, "authData": b"x"})},
    "an attestation that is a list": {"attestation_object": encode_cbor(["fmt", "attStmt", "authData"])},
}
NOT_SIGNED_IN = {
    name: NOT_REGISTERED[name]
    for name in [
        "another challenge",
        "a challenge of another form",
        "no base64url as challenge",
        "another page",
        "a page within another",
        "another site",
    ]
} | {
    "another type": {"kind": "webauthn.create"},
    "user not there": {"flags": USUAL & ~PRESENT},
    "user not verified": {"flags": USUAL & ~VERIFIED},
    "no longer eligible for backup": {"flags": PRESENT | VERIFIED},
    "signed by another key": {"signed_by": Credential()},
    "another user": {"user_handle": b"another user"},
    "no user": {"with_user_handle": False},
    "a credential that nobody has": {"credential": Credential(user_handle=b"nobody")},
    "extensions to be computed": {"flags": USUAL | WITH_EXTENSIONS, "extensions": BOMB},
    "extensions nested deeply": {"flags": USUAL | WITH_EXTENSIONS, "extensions": DEEP[-1000:]},
    "more behind it": {"extensions": b"\x00"},
}


async def is_refused(response):
    """As a registration is; the answer does not say why."""
    assert response.status == 422, await response.text()
    problem = await response.json()
    assert problem["code"] == "code_invalid"
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/credential", "code_invalid")]
    return problem["detail"]


async def signs_nobody_in(response):
    """As a sign-in is; the answer does not say why."""
    assert response.status == 401, await response.text()
    problem = await response.json()
    assert problem["code"] == "invalid_credentials"
    return problem["detail"]


@pytest.mark.parametrize("what", NOT_REGISTERED)
async def test_attestation_is_refused(client, ada, phone, what):
    credential = phone.create(await creation_options(client, ada), **NOT_REGISTERED[what])
    response = await client.post(PATH, json={"credential": credential}, headers=ada.headers)
    await is_refused(response)
    assert (await (await client.get(PATH, headers=ada.headers)).json())["items"] == []


@pytest.mark.parametrize("what", NOT_SIGNED_IN)
async def test_assertion_is_refused(client, phone, passkey, what):
    await signs_nobody_in(await sign_in(client, phone, **NOT_SIGNED_IN[what]))
    assert (await sign_in(client, phone)).status == 200


async def test_all_refusals_say_the_same(client, phone, passkey):
    said = {await signs_nobody_in(await sign_in(client, phone, **changes)) for changes in NOT_SIGNED_IN.values()}
    assert len(said) == 1


# Honest answers in the wrong place or at the wrong time


async def test_assertion_signs_in_once(client, phone, passkey):
    body = {"credential": phone.get(await request_options(client))}
    answers = [await client.post(f"{PATH}/login", json=body) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 401]


async def test_attestation_registers_once(client, ada, phone):
    body = {"credential": phone.create(await creation_options(client, ada))}
    answers = [await client.post(PATH, json=body, headers=ada.headers) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 422]


@pytest.mark.parametrize("seconds", [299, 300])
async def test_challenges_are_good_for_five_minutes(client, ada, clock, phone, passkey, seconds):
    new = Authenticator().create(await creation_options(client, ada))
    signed = phone.get(await request_options(client))
    clock.forward(seconds=seconds)
    in_time = seconds < 300
    response = await client.post(PATH, json={"credential": new}, headers=ada.headers)
    assert response.status == (201 if in_time else 422)
    response = await client.post(f"{PATH}/login", json={"credential": signed})
    assert response.status == (200 if in_time else 401)


async def test_challenge_to_register_signs_nobody_in(client, ada, phone, passkey):
    options = await creation_options(client, ada)
    credential = phone.get(await request_options(client), challenge=options["options"]["challenge"])
    await signs_nobody_in(await client.post(f"{PATH}/login", json={"credential": credential}))


async def test_challenge_to_sign_in_registers_nothing(client, ada, phone):
    signing = await request_options(client, ada)
    credential = phone.create(await creation_options(client, ada), challenge=signing["options"]["challenge"])
    await is_refused(await client.post(PATH, json={"credential": credential}, headers=ada.headers))


async def test_challenge_of_another_user_registers_nothing(client, ada, bob, phone):
    credential = phone.create(await creation_options(client, bob))
    await is_refused(await client.post(PATH, json={"credential": credential}, headers=ada.headers))


async def test_challenge_that_another_user_got_signs_nobody_in(client, bob, phone, passkey):
    credential = phone.get(
        await request_options(client), challenge=(await request_options(client, bob))["options"]["challenge"]
    )
    await signs_nobody_in(await client.post(f"{PATH}/login", json={"credential": credential}))


async def test_code_of_a_mail_is_no_challenge(client, ada, phone, inbox, passkey):
    await client.post("/v1/auth/password/forgot", json={"email": ada.email})
    mail = await inbox.next(ada.email)
    while "token=" not in mail.get_body(("plain",)).get_content():
        mail = await inbox.next(ada.email)
    code = mail.get_body(("plain",)).get_content().partition("token=")[2].split()[0]
    credential = phone.get(await request_options(client), challenge=encoded(code.encode()))
    await signs_nobody_in(await client.post(f"{PATH}/login", json={"credential": credential}))


async def test_challenge_is_no_code_of_a_mail(client, ada, phone, passkey):
    code = decoded((await request_options(client, ada))["options"]["challenge"]).decode()
    body = {"token": code, "password": "another long password"}
    response = await client.post("/v1/auth/password/reset", json=body)
    assert response.status == 422


async def test_credential_of_another_user_is_not_registered_again(client, ada, bob, phone, passkey):
    """Its id is no secret; who registers it for themselves would have its owner sign in to a strange account."""
    credential = phone.create(await creation_options(client, bob), credential=phone.credentials[0])
    await is_refused(await client.post(PATH, json={"credential": credential}, headers=bob.headers))
    response = await sign_in(client, phone)
    assert (await response.json())["user"]["id"] == ada.id


@pytest.mark.parametrize(
    ("field", "most"), [("clientDataJSON", 4096), ("attestationObject", 8192)], ids=["client data", "attestation"]
)
async def test_long_answers_are_not_read(client, ada, phone, field, most):
    credential = phone.create(await creation_options(client, ada))
    credential["response"][field] = "A" * (most + 1)
    response = await client.post(PATH, json={"credential": credential}, headers=ada.headers)
    assert response.status == 422
    assert [(each["pointer"], each["code"]) for each in (await response.json())["errors"]] == [
        (f"/credential/response/{field}", "too_long")
    ]


async def test_nobody_fills_the_database_with_challenges(aiohttp_client, config, database, clock):
    limited = replace(config, limits=LimitsConfig(sign_in_address="3/minute"))
    client = await checked_client(aiohttp_client, create_app(limited, database, now=clock))
    answers = [await client.post(f"{PATH}/login/options") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert await database["proofs"].count_documents({}) == 3
    # Whoever only opens a page of ours uses up nobody's sign-ins.
    body = {"login": "nobody", "password": "a password"}
    assert (await client.post("/v1/auth/login", json=body)).status == 401


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"\x18",
        b"\x42a",
        b"\x5f\x41a\xff",
        b"\x9f\xff",
        b"\xf9\x00\x00",
        b"\xfb" + bytes(8),
        b"\xc1\x00",
        b"\xd8\x23\x61a",
        b"\xbb" + b"\xff" * 8,
        b"\x9b" + b"\xff" * 8 + b"\x00",
        b"\x81" * 5 + b"\x00",
        b"\x00\x00",
    ],
    ids=bytes.hex,
)
def test_cbor_that_authenticators_do_not_write_is_refused(item):
    if item:
        with pytest.raises(ValueError):
            check_items(item, most=1)
    else:
        check_items(item, most=1)


@pytest.mark.parametrize("value", [{}, {"a": [1, -1, b"x", "x", True, None, {"b": 2**40}]}, "x" * 300, b"x" * 70000])
def test_cbor_that_authenticators_write_is_accepted(value):
    check_items(encode_cbor(value), most=1)
