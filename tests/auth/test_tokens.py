import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mongomock_motor import AsyncMongoMockClient

from blogapi.audit.service import AuditService
from blogapi.audit.store import AuditStore
from blogapi.auth.tokens import Tokens
from blogapi.config.secret import derive_key
from blogapi.db.client import Client
from blogapi.errors import Unauthorized
from blogapi.signing.service import KeyRing
from blogapi.signing.store import SigningKeyStore

SECRET = "a secret that is long enough 0123456789"
USER, SESSION = "a" * 24, "b" * 24
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def at():
    """When it is: a one-element list that a test may change."""
    return [START]


@pytest.fixture
def ring(at):
    database, now = Client(AsyncMongoMockClient())["blogapi"], lambda: at[0]
    audit = AuditService(AuditStore(database), timedelta(days=1), now)
    return KeyRing(SigningKeyStore(database), derive_key(SECRET, "signing-keys"), audit, now)


@pytest.fixture
def tokens(at, ring):
    issuer = "https://blog.example"
    return Tokens(ring=ring, secret=SECRET, issuer=issuer, access_seconds=600, now=lambda: at[0])


async def signed(tokens, ring, key=None, algorithm="EdDSA", head=None, **changes):
    """A token as `tokens` makes them, but for what is given."""
    claims = jwt.decode(await tokens.access_token(USER, SESSION), options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    signer = await ring.signer()
    head = {"kid": signer.kid} if head is None else head
    return jwt.encode(claims, key or signer.private, algorithm=algorithm, headers=head)


async def test_access_token_says_who_and_which_session(tokens):
    claims = await tokens.read_access_token(await tokens.access_token(USER, SESSION))
    assert (claims.user_id, claims.session_id) == (USER, SESSION)


async def test_access_token_carries_no_role(tokens):
    claims = jwt.decode(await tokens.access_token(USER, SESSION), options={"verify_signature": False})
    assert set(claims) == {"iss", "sub", "sid", "iat", "exp", "jti"}


async def test_access_tokens_differ(tokens):
    assert await tokens.access_token(USER, SESSION) != await tokens.access_token(USER, SESSION)


async def test_access_token_is_good_until_it_expires(tokens, at):
    token = await tokens.access_token(USER, SESSION)
    at[0] = START + timedelta(seconds=600)
    assert await tokens.read_access_token(token)


async def test_access_token_that_was_good_before_is_looked_at_again(tokens, at):
    token = await tokens.access_token(USER, SESSION)
    assert await tokens.read_access_token(token) == await tokens.read_access_token(token)
    head, claims, signature = token.split(".")
    for other in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}.", f"{head}.{claims}"):
        with pytest.raises(Unauthorized):
            await tokens.read_access_token(other)
    at[0] = START + timedelta(seconds=606)
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(token)


async def test_expired_access_token_is_refused(tokens, at):
    token = await tokens.access_token(USER, SESSION)
    at[0] = START + timedelta(seconds=610)
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(token)


@pytest.mark.parametrize("claim", ["iss", "sub", "sid", "iat", "exp", "jti"])
async def test_access_token_without_a_claim_is_refused(tokens, ring, claim):
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(await signed(tokens, ring, **{claim: None}))


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://elsewhere.example"}, {"sub": "ada"}, {"sid": 7}, {"sid": {"$ne": 1}}],
    ids=["issuer", "user", "number", "query"],
)
async def test_access_token_that_says_something_else_is_refused(tokens, ring, changes):
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(await signed(tokens, ring, **changes))


async def test_access_token_made_by_hand_is_refused_for_what_is_wrong_with_it_alone(tokens, ring):
    """Else the tests around this one prove nothing."""
    assert await tokens.read_access_token(await signed(tokens, ring))


async def test_access_token_of_before_the_key_ring_is_good_until_it_ends(tokens, ring, at):
    token = await signed(tokens, ring, key=derive_key(SECRET, "access-token"), algorithm="HS256", head={})
    assert (await tokens.read_access_token(token)).session_id == SESSION
    at[0] = START + timedelta(seconds=606)
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(token)


@pytest.mark.parametrize("purpose", ["refresh-token", "pepper", "cursor", "signing-keys"])
async def test_access_token_signed_for_another_purpose_is_refused(tokens, ring, purpose):
    token = await signed(tokens, ring, key=derive_key(SECRET, purpose), algorithm="HS256", head={})
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(token)


def encoded(part):
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).decode().rstrip("=")


def by_hand(token, key, **head):
    """The claims of a token under another head, with an HMAC as signature, which PyJWT would refuse to make."""
    claims = token.split(".")[1]
    text = f"{encoded({'typ': 'JWT', **head})}.{claims}"
    return f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}"


async def test_public_key_is_no_secret_to_sign_with(tokens, ring):
    """Everybody knows it, in each of these spellings (CVE-2015-9235 and its like)."""
    signer, token = await ring.signer(), await tokens.access_token(USER, SESSION)
    spellings = [
        signer.public.public_bytes_raw(),
        signer.x.encode(),
        signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        signer.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        b"",
    ]
    for key in spellings:
        for head in ({"alg": "HS256"}, {"alg": "HS256", "kid": signer.kid}, {"alg": "EdDSA", "kid": signer.kid}):
            with pytest.raises(Unauthorized):
                await tokens.read_access_token(by_hand(token, key, **head))


async def test_shared_secret_signs_nothing_in_the_name_of_a_key(tokens, ring):
    kid, token, key = (
        (await ring.signer()).kid,
        await tokens.access_token(USER, SESSION),
        derive_key(SECRET, "access-token"),
    )
    assert await tokens.read_access_token(by_hand(token, key, alg="HS256"))
    for head in ({"alg": "HS256", "kid": kid}, {"alg": "HS256", "kid": "x"}, {"alg": "EdDSA"}, {"alg": "HS512"}, {}):
        with pytest.raises(Unauthorized):
            await tokens.read_access_token(by_hand(token, key, **head))


@pytest.mark.parametrize(
    "kid",
    [
        None,
        7,
        "",
        "x",
        ["x"],
        {"$ne": None},
        "../../../../dev/null",
        "A" * 43,
        "A" * 4000,
        "' OR 1=1 --",
        "http://elsewhere.example/jwks.json",
    ],
)
async def test_key_is_chosen_among_ours_alone(tokens, ring, kid):
    claims, signature = (await signed(tokens, ring)).split(".")[1:]
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(f"{encoded({'alg': 'EdDSA', 'kid': kid})}.{claims}.{signature}")


async def test_key_that_comes_with_the_token_is_not_looked_at(tokens, ring):
    own, kid = Ed25519PrivateKey.generate(), (await ring.signer()).kid
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(own.public_key()))
    for head in ({"kid": kid, "jwk": jwk}, {"jwk": jwk}, {"kid": kid, "jku": "https://elsewhere.example/jwks.json"}):
        with pytest.raises(Unauthorized):
            await tokens.read_access_token(await signed(tokens, ring, key=own, head=head))


@pytest.mark.parametrize("algorithm", ["none", "NONE", "", "RS256", "ES256", "HS384", "EdDSAX", None, 7, [], {"a": 1}])
async def test_access_token_of_another_algorithm_is_refused(tokens, ring, algorithm):
    head, payload, signature = (await signed(tokens, ring)).split(".")
    head = {"alg": algorithm, "typ": "JWT", "kid": (await ring.signer()).kid}
    for end in (signature, ""):
        for without_kid in (head, {name: value for name, value in head.items() if name != "kid"}):
            with pytest.raises(Unauthorized):
                await tokens.read_access_token(f"{encoded(without_kid)}.{payload}.{end}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 2000])
async def test_nonsense_is_no_access_token(tokens, token):
    with pytest.raises(Unauthorized):
        await tokens.read_access_token(token)


def test_refresh_token_is_the_same_for_the_same_generation(tokens):
    assert tokens.refresh_token(SESSION, 3, "nonce") == tokens.refresh_token(SESSION, 3, "nonce")


def test_refresh_token_proves_itself(tokens):
    claims = tokens.read_refresh_token(tokens.refresh_token(SESSION, 3, "nonce"))
    assert (claims.session_id, claims.generation) == (SESSION, 3)
    assert tokens.is_proven(claims, "nonce")


@pytest.mark.parametrize(
    "other",
    [
        lambda tokens: tokens.refresh_token(SESSION, 4, "nonce"),
        lambda tokens: tokens.refresh_token("c" * 24, 3, "nonce"),
        lambda tokens: tokens.refresh_token(SESSION, 3, "other nonce"),
    ],
    ids=["generation", "session", "nonce"],
)
def test_proof_of_another_refresh_token_is_worth_nothing(tokens, other):
    mac = other(tokens).rpartition(".")[2]
    claims = tokens.read_refresh_token(f"{SESSION}.3.{mac}")
    assert not tokens.is_proven(claims, "nonce")


@pytest.mark.parametrize("token", ["", "x", f"{SESSION}.3", f"{SESSION}.03.{'m' * 43}", f"{SESSION}.-1.{'m' * 43}\n"])
def test_nonsense_is_no_refresh_token(tokens, token):
    assert tokens.read_refresh_token(token) is None
