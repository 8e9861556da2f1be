import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from blogapi.auth.tokens import Tokens
from blogapi.config.secret import derive_key
from blogapi.errors import Unauthorized

SECRET = "a secret that is long enough 0123456789"
USER, SESSION = "a" * 24, "b" * 24
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def at():
    """When it is: a one-element list that a test may change."""
    return [START]


@pytest.fixture
def tokens(at):
    return Tokens(secret=SECRET, issuer="https://blog.example", access_seconds=600, now=lambda: at[0])


def signed(tokens, key=None, algorithm="HS256", **changes):
    claims = jwt.decode(tokens.access_token(USER, SESSION), options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or derive_key(SECRET, "access-token"), algorithm=algorithm)


def test_access_token_says_who_and_which_session(tokens):
    claims = tokens.read_access_token(tokens.access_token(USER, SESSION))
    assert (claims.user_id, claims.session_id) == (USER, SESSION)


def test_access_token_carries_no_role(tokens):
    claims = jwt.decode(tokens.access_token(USER, SESSION), options={"verify_signature": False})
    assert set(claims) == {"iss", "sub", "sid", "iat", "exp", "jti"}


def test_access_tokens_differ(tokens):
    assert tokens.access_token(USER, SESSION) != tokens.access_token(USER, SESSION)


def test_access_token_is_good_until_it_expires(tokens, at):
    token = tokens.access_token(USER, SESSION)
    at[0] = START + timedelta(seconds=600)
    assert tokens.read_access_token(token)


def test_expired_access_token_is_refused(tokens, at):
    token = tokens.access_token(USER, SESSION)
    at[0] = START + timedelta(seconds=610)
    with pytest.raises(Unauthorized):
        tokens.read_access_token(token)


@pytest.mark.parametrize("claim", ["iss", "sub", "sid", "iat", "exp", "jti"])
def test_access_token_without_a_claim_is_refused(tokens, claim):
    with pytest.raises(Unauthorized):
        tokens.read_access_token(signed(tokens, **{claim: None}))


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://elsewhere.example"}, {"sub": "ada"}, {"sid": 7}, {"sid": {"$ne": 1}}],
    ids=["issuer", "user", "number", "query"],
)
def test_access_token_that_says_something_else_is_refused(tokens, changes):
    with pytest.raises(Unauthorized):
        tokens.read_access_token(signed(tokens, **changes))


@pytest.mark.parametrize("purpose", ["refresh-token", "pepper", "cursor"])
def test_access_token_signed_for_another_purpose_is_refused(tokens, purpose):
    with pytest.raises(Unauthorized):
        tokens.read_access_token(signed(tokens, key=derive_key(SECRET, purpose)))


def test_access_token_of_another_algorithm_is_refused(tokens):
    with pytest.raises(Unauthorized):
        tokens.read_access_token(signed(tokens, key=derive_key(SECRET, "access-token") * 2, algorithm="HS512"))


def test_unsigned_access_token_is_refused(tokens):
    _, payload, _ = tokens.access_token(USER, SESSION).split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    with pytest.raises(Unauthorized):
        tokens.read_access_token(f"{head}.{payload}.")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 2000])
def test_nonsense_is_no_access_token(tokens, token):
    with pytest.raises(Unauthorized):
        tokens.read_access_token(token)


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
