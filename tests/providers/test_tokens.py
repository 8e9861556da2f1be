"""ID tokens that look like ours and are not: none of them signs anybody in, and the log says why."""

import base64
import hmac
import json
import time

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.providers.conftest import Browser, on_mock, problem
from tests.providers.issuer import half_hash, jwk_of, private_key

# What is asked of the database is the same as in test_sign_in.py.
database = pytest.fixture(on_mock)
FAILED = {"next": "/posts", "error": "provider_failed"}


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims):
    return f"{part({'alg': 'none'})}.{part(claims)}."


def hmac_signed(secret):
    """The classic confusion of algorithms: the public key, which everybody knows, as a shared secret."""

    def sign(claims):
        signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
        mac = hmac.digest(secret, signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return sign


def public_bytes(form):
    key = private_key("RS256").public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) if form == "pem" else jwk(key)


def jwk(_):
    return json.dumps(jwk_of(private_key("RS256"), "one")).encode()


def signed_by(key, algorithm, **head):
    return lambda claims: jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "one", **head})


async def refused(browser, database, caplog, reason):
    assert await browser.back() == FAILED
    assert reason in caplog.text
    assert "eyJ" not in caplog.text  # no token is ever logged
    assert await database["users"].count_documents({}) == 0


NOW = int(time.time())
HALF = "\ud83d"  # what is left of a letter beyond the BMP where a text is cut to a length in UTF-16


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.example"}, "InvalidIssuerError"),
        ({"iss": None}, "MissingRequiredClaimError"),
        ({"aud": "another client"}, "InvalidAudienceError"),
        ({"aud": ["another client"]}, "InvalidAudienceError"),
        ({"aud": None}, "MissingRequiredClaimError"),
        ({"aud": ["blog", "another client"]}, "for others, too"),
        ({"aud": ["blog", "another client"], "azp": "another client"}, "another party"),
        ({"azp": "another client"}, "another party"),
        ({"nonce": "that of another sign-in"}, "of another sign-in"),
        ({"nonce": None}, "MissingRequiredClaimError"),
        ({"nonce": ["x"]}, "of another sign-in"),
        ({"nonce": HALF}, "of another sign-in"),
        ({"exp": NOW - 3600}, "expired"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"exp": "tomorrow"}, "times that are none"),
        ({"exp": True}, "times that are none"),
        ({"exp": float("nan")}, "times that are none"),
        ({"exp": float("inf")}, "times that are none"),
        ({"exp": 10**400}, "times that are none"),
        ({"iat": NOW + 3600}, "from the future"),
        ({"iat": None}, "MissingRequiredClaimError"),
        ({"nbf": NOW + 3600}, "from the future"),
        ({"at_hash": half_hash("another access token")}, "another access token"),
        ({"at_hash": 7}, "another access token"),
        ({"at_hash": HALF}, "another access token"),
        ({"sub": None}, "MissingRequiredClaimError"),
        ({"sub": ""}, "no usable subject"),
        ({"sub": "x" * 256}, "no usable subject"),
        ({"sub": "a\nb"}, "no usable subject"),
        ({"sub": 7}, "InvalidSubjectError"),
    ],
)
async def test_token_with_wrong_claims_is_refused(browser, issuer, database, caplog, claims, reason):
    issuer.claims |= claims
    await refused(browser, database, caplog, reason)


@pytest.mark.parametrize("claims", [{"at_hash": None}, {"aud": ["blog"]}, {"aud": ["blog", "b"], "azp": "blog"}])
async def test_token_with_other_right_claims_is_good(browser, issuer, claims):
    issuer.claims |= claims
    assert (await browser.sign_in())["user"]["username"] == "grace"


async def test_names_that_were_cut_amid_a_letter_are_left_out(browser, issuer):
    issuer.claims |= {"name": f"Grace {HALF}", "preferred_username": HALF}
    user = (await browser.sign_in())["user"]
    assert (user["username"], user["display_name"]) == ("reader", "reader")


async def test_address_that_was_cut_amid_a_letter_is_nobody_s(browser, issuer):
    """Mended it could be that of somebody else."""
    issuer.claims |= {"email": f"grace{HALF}@example.org"}
    await problem(await browser.finish(await browser.code()), 409, "link_required")


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        (unsigned, "not allowed"),
        (hmac_signed(public_bytes("pem")), "not allowed"),
        (hmac_signed(public_bytes("jwk")), "not allowed"),
        (hmac_signed(b""), "not allowed"),
        (signed_by(private_key("RS256", 1), "RS256"), "InvalidSignatureError"),
        (signed_by(private_key("RS256"), "RS512"), "not allowed"),
        (signed_by(private_key("RS256"), "RS256", crit=["b64"]), "InvalidTokenError"),
        (signed_by(private_key("ES256"), "ES256"), "not allowed"),
        (signed_by(private_key("RS256"), "RS256", kid="unknown"), "none of the provider's keys"),
        (lambda claims: "x", "DecodeError"),
        (lambda claims: None, "no ID token"),
        (lambda claims: {"iss": "x"}, "no ID token"),
        (lambda claims: "x" * 40_000, "no ID token"),
        (lambda claims: f"{part({'alg': 'RS256', 'kid': 'one'})}.{part([1])}.AA", "InvalidSignatureError"),
        (lambda claims: f"{part({'alg': ['RS256']})}.{part(claims)}.AA", "not allowed"),
    ],
)
async def test_token_that_is_not_signed_by_the_provider_is_refused(browser, issuer, database, caplog, sign, reason):
    issuer.algorithm, issuer.sign = "RS256", sign
    await refused(browser, database, caplog, reason)


@pytest.mark.parametrize("offered", [["none"], ["HS256"], ["none", "HS256", "RS512"], [], "RS256", None])
async def test_provider_chooses_no_algorithm_that_we_do_not_allow(browser, issuer, offered):
    """Without a word of it, the specification says RS256."""
    issuer.metadata["id_token_signing_alg_values_supported"] = offered
    issuer.sign = unsigned
    start = await browser.start()
    if offered is None:
        assert (await browser.arrive(await browser.authorize(start))).headers["Location"].endswith("provider_failed")
    else:
        assert start.headers["Location"].endswith("error=provider_failed")


async def test_token_of_somebody_else_is_refused(browser, issuer, database, caplog, client):
    """It was stolen from another sign-in, and is put in the place of the right one."""
    stolen = []
    honest = issuer.id_token
    issuer.id_token = lambda begun, token: stolen.append(honest(begun, token)) or stolen[0]
    assert "code" in await browser.back()
    issuer.person = {**issuer.person, "sub": "the thief"}
    assert await Browser(client).back() == FAILED


async def test_code_of_somebody_else_is_refused(browser, issuer, client):
    """PKCE: the thief's sign-in has another verifier."""
    theirs = await browser.authorize(await browser.start())
    thief = Browser(client)
    own = await thief.authorize(await thief.start())
    response = await thief.arrive(own.update_query(code=theirs.query["code"]))
    assert response.headers["Location"].endswith("error=provider_failed")


async def test_key_that_was_rotated_is_fetched(browser, issuer, client, clock):
    await browser.sign_in()
    assert issuer.count("/jwks") == 1
    issuer.key_number, issuer.kid = 1, "two"
    clock.forward(seconds=30)
    await Browser(client).sign_in()
    assert issuer.count("/jwks") == 2


async def test_made_up_keys_have_the_provider_asked_now_and_then(browser, issuer, client, clock):
    await browser.sign_in()
    issuer.sign = signed_by(private_key("ES256"), "ES256", kid="made up")
    for _ in range(3):
        assert await Browser(client).back() == FAILED
    assert issuer.count("/jwks") == 1
    clock.forward(seconds=30)
    for _ in range(3):
        assert await Browser(client).back() == FAILED
    assert issuer.count("/jwks") == 2


async def test_withdrawn_key_is_good_for_an_hour_at_most(browser, issuer, client, clock):
    await browser.sign_in()
    old = signed_by(private_key("ES256"), "ES256")
    issuer.key_number, issuer.kid, issuer.sign = 1, "two", old
    clock.forward(hours=1)
    issuer.claims["exp"] = NOW + 7200
    assert await Browser(client).back() == FAILED


async def test_token_without_a_key_id_is_good_where_one_key_fits(browser, issuer):
    issuer.sign = lambda claims: jwt.encode(claims, issuer.key, algorithm="ES256")
    assert (await browser.sign_in())["user"]["username"] == "grace"


async def keys(*found):
    async def answer(_):
        return web.json_response({"keys": list(found)})

    return answer


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "RSA"},
        {"kid": "two"},
        {"x": "AA"},
        {"crv": "P-521"},
        {"crv": "unknown"},
        {"x": 7},
    ],
)
async def test_key_for_something_else_verifies_nothing(browser, issuer, change):
    issuer.answers["/jwks"] = await keys({**jwk_of(issuer.key, "one"), **change})
    assert await browser.back() == FAILED


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_short_key_verifies_nothing(browser, issuer):
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    issuer.algorithm, issuer.sign = "RS256", signed_by(short, "RS256")
    issuer.answers["/jwks"] = await keys(jwk_of(short, "one"))
    assert await browser.back() == FAILED


@pytest.mark.parametrize("about", [{"sub": "somebody else"}, {"sub": None}])
async def test_profile_of_somebody_else_is_refused(browser, issuer, about):
    issuer.is_split, issuer.profile = True, about
    assert await browser.back() == FAILED


async def test_address_and_its_verification_are_of_one_source(browser, issuer, database):
    issuer.is_split = True
    issuer.claims["email_verified"] = True
    issuer.profile |= {"email": "ada@example.org", "email_verified": None}
    response = await browser.finish(await browser.code())
    assert (await response.json())["code"] == "link_required"
