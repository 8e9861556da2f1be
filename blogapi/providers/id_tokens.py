"""Verifies the ID token by which a provider says who somebody is. OpenID Connect Core 1.0 section 3.1.3.7."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from jwt.algorithms import get_default_algorithms

from blogapi.providers.model import Claims, ProviderFailed
from blogapi.text import base64url

# By algorithm, the type of its keys and the hash of `at_hash`. Nothing with a shared secret, and never `none`.
_ALGORITHMS: Mapping[str, tuple[str, Callable[[bytes], Any]]] = {
    "RS256": ("RSA", hashlib.sha256),
    "PS256": ("RSA", hashlib.sha256),
    "ES256": ("EC", hashlib.sha256),
    "EdDSA": ("OKP", hashlib.sha512),
}
ALGORITHMS = tuple(_ALGORITHMS)
# For the difference between the provider's clock and ours.
_LEEWAY_SECONDS = 60
# In seconds, as no calendar goes beyond the year 9999.
_LATEST = 253_402_300_799
_MOST_KEYS = 100
_MOST_BYTES = 32 * 1024
# 255 characters of ASCII at most. OpenID Connect Core 1.0 section 2.
_MOST_SUBJECT = 255
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
_JWS = jwt.PyJWT(options={"enforce_minimum_key_length": True})


class UnknownKey(Exception):
    """The token is signed by a key that is not among those that we have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the token has to say. `access_token` is what came with it."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    algorithms: Sequence[str]
    access_token: str = field(default="", repr=False)


def keys_in(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The keys of a JWK set (RFC 7517 section 5). Raises ProviderFailed."""
    keys = document.get("keys")
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise ProviderFailed("no JWK set")
    return keys


def verified(token: object, keys: Iterable[Mapping[str, Any]], expected: Expected, now: datetime) -> Claims:
    """The claims of a token that is good for this sign-in. Raises ProviderFailed, UnknownKey."""
    if not isinstance(token, str) or len(token) > _MOST_BYTES:
        raise ProviderFailed("no ID token")
    try:
        head = jwt.get_unverified_header(token)
        algorithm = str(head.get("alg"))
        if algorithm not in expected.algorithms or algorithm not in _ALGORITHMS:
            raise ProviderFailed("an ID token with an algorithm that is not allowed")
        claims: dict[str, Any] = _JWS.decode(
            token,
            _key_of(head, algorithm, keys),
            # The header has chosen among those that are allowed, and the key is of its kind. A list, since PyJWT would
            # search within a string.
            algorithms=[algorithm],
            issuer=expected.issuer,
            audience=expected.client_id,
            # Times are compared below, with our clock.
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError as error:
        # The name of the error says which check failed, and never what the token holds.
        raise ProviderFailed(f"an ID token that is not valid: {type(error).__name__}") from None
    _check_party(claims, expected.client_id)
    _check_times(claims, now.timestamp())
    if not _equal(claims["nonce"], expected.nonce):
        raise ProviderFailed("an ID token of another sign-in")
    if "at_hash" in claims and not _equal(claims["at_hash"], _half_hash(algorithm, expected.access_token)):
        raise ProviderFailed("an ID token of another access token")
    subject = claims["sub"]
    if not (0 < len(subject) <= _MOST_SUBJECT and subject.isascii() and subject.isprintable()):
        raise ProviderFailed("no usable subject")
    return claims


def _key_of(head: Mapping[str, Any], algorithm: str, keys: Iterable[Mapping[str, Any]]) -> Any:
    """The one key that this header means."""
    kind, wanted = _ALGORITHMS[algorithm][0], head.get("kid")
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    ]
    found = fitting if wanted is None else [key for key in fitting if key.get("kid") == wanted]
    if not found:
        raise UnknownKey
    if len(found) > 1:
        raise ProviderFailed("an ID token that does not say which key has signed it")
    try:
        return get_default_algorithms()[algorithm].from_jwk(dict(found[0]))
    except (jwt.PyJWTError, ValueError, TypeError):
        raise ProviderFailed("a key that cannot be read") from None


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """A token for several parties has to name us as the one that asked for it."""
    parties = claims["aud"]
    has_others = isinstance(parties, list) and len(parties) > 1
    if has_others and "azp" not in claims:
        raise ProviderFailed("an ID token for others, too")
    if "azp" in claims and claims["azp"] != client_id:
        raise ProviderFailed("an ID token that another party has asked for")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    times = [claims["exp"], claims["iat"], claims.get("nbf", 0)]
    if not all(_is_time(time) for time in times):
        raise ProviderFailed("an ID token with times that are none")
    expires, *begins = times
    if expires + _LEEWAY_SECONDS <= now:
        raise ProviderFailed("an expired ID token")
    if max(begins) > now + _LEEWAY_SECONDS:
        raise ProviderFailed("an ID token from the future")


def _is_time(found: object) -> bool:
    # NaN, which PyJWT reads, is neither before nor after any time: such a token would never expire.
    return isinstance(found, int | float) and not isinstance(found, bool) and abs(found) <= _LATEST


def _half_hash(algorithm: str, access_token: str) -> str:
    digest: bytes = _ALGORITHMS[algorithm][1](access_token.encode()).digest()
    return base64url.encoded(digest[: len(digest) // 2])


def _equal(found: object, expected: str) -> bool:
    # What is compared here is ASCII. PyJWT reads halves of surrogate pairs, which cannot be encoded.
    return isinstance(found, str) and found.isascii() and hmac.compare_digest(found, expected)
