"""The two tokens of a token client: a short-lived access token (JWT, RFC 7519), and a refresh token."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from blogapi.auth.model import Session, TokenPair
from blogapi.config import Config
from blogapi.config.secret import derive_key
from blogapi.errors import Unauthorized
from blogapi.ids import is_id
from blogapi.signing.service import KeyRing
from blogapi.text import base64url
from blogapi.translation.sentence import say

# For the difference between the clocks of two servers.
_LEEWAY_SECONDS = 5
# Tokens whose signature was checked, by their digests: some 300 bytes each.
_MOST_KNOWN = 4096
_ALGORITHM = "EdDSA"
# How tokens were signed before there was a key ring. They are valid until they expire.
_FORMER_ALGORITHM = "HS256"
_CLAIMS = ("iss", "sub", "sid", "iat", "exp", "jti")
_KID = re.compile("[A-Za-z0-9_-]{43}")
_REFRESH_TOKEN = re.compile(r"([0-9a-f]{24})\.(0|[1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What an access token says. Roles are not in it: they are looked up."""

    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshClaims:
    """What a refresh token says, and its proof; nothing is checked yet."""

    session_id: str
    generation: int
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """What a token with this header says, whose signature was checked with this key."""

    head: dict[str, Any]
    key: Ed25519PublicKey | bytes
    claims: AccessClaims
    expires: float


class Tokens:
    """Signs and reads tokens."""

    def __init__(
        self, *, ring: KeyRing, secret: str, issuer: str, access_seconds: int, now: Callable[[], datetime]
    ) -> None:
        self._ring, self._former_key = ring, derive_key(secret, "access-token")
        self._refresh_key = derive_key(secret, "refresh-token")
        self._issuer, self.access_seconds, self._now = issuer, access_seconds, now
        self._known: dict[bytes, _Verified] = {}

    @classmethod
    def configured(cls, config: Config, ring: KeyRing, now: Callable[[], datetime]) -> Tokens:
        """From the configuration."""
        secret, seconds = config.auth.secret, config.auth.access_token_seconds
        return cls(ring=ring, secret=secret, issuer=config.public_url, access_seconds=seconds, now=now)

    async def access_token(self, user_id: str, session_id: str) -> str:
        """A new one, good from now on."""
        key = await self._ring.signer()
        issued = int(self._now().timestamp())
        claims = {
            "iss": self._issuer,
            "sub": user_id,
            "sid": session_id,
            "iat": issued,
            "exp": issued + self.access_seconds,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, key.private, algorithm=_ALGORITHM, headers={"kid": key.kid})

    async def read_access_token(self, token: str) -> AccessClaims:
        """Raises Unauthorized."""
        try:
            verified = await self._verified(token)
        except jwt.PyJWTError:
            raise Unauthorized(say("The access token is not valid.")) from None
        if verified.expires + _LEEWAY_SECONDS <= self._now().timestamp():
            raise Unauthorized(say("The access token has expired. Refresh it."))
        return verified.claims

    async def _verified(self, token: str) -> _Verified:
        """What a token of ours says. A client sends the same token again and again: its signature is checked once.

        Raises PyJWTError.
        """
        # Any bytes can come in a header.
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        known = self._known.get(digest)
        if known is not None and known.key is (await self._key_of(known.head))[1]:
            return known
        head = jwt.get_unverified_header(token)
        algorithm, key = await self._key_of(head)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            # The algorithm of the key, not of the token. A list, since PyJWT would search within a string.
            algorithms=[algorithm],
            issuer=self._issuer,
            # Times are compared with our clock, each time.
            options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        if not (is_id(claims["sub"]) and is_id(str(claims["sid"]))):
            raise jwt.InvalidTokenError("No session of ours.")
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        said = AccessClaims(user_id=claims["sub"], session_id=claims["sid"])
        self._known[digest] = verified = _Verified(head=head, key=key, claims=said, expires=claims["exp"])
        return verified

    async def _key_of(self, head: dict[str, Any]) -> tuple[str, Ed25519PublicKey | bytes]:
        """The algorithm and the key of a token with this header. Raises InvalidTokenError.

        Anybody can write any header. It only chooses among our keys, and each key belongs to one algorithm.
        """
        kid = head.get("kid")
        if kid is None and head.get("alg") == _FORMER_ALGORITHM:
            return _FORMER_ALGORITHM, self._former_key
        key = await self._ring.find(kid) if kid is not None and _KID.fullmatch(kid) else None
        if key is None:
            raise jwt.InvalidTokenError("No key of ours.")
        return _ALGORITHM, key.public

    async def pair(self, session: Session, generation: int) -> TokenPair:
        """The tokens of a session, with the refresh token of this generation."""
        return TokenPair(
            session_id=session.id,
            access_token=await self.access_token(session.user_id, session.id),
            refresh_token=self.refresh_token(session.id, generation, session.nonce),
            expires_in=self.access_seconds,
        )

    def refresh_token(self, session_id: str, generation: int, nonce: str) -> str:
        """The one of this generation; always the same one."""
        return f"{session_id}.{generation}.{self._mac(session_id, generation, nonce)}"

    def read_refresh_token(self, token: str) -> RefreshClaims | None:
        """What it claims; None for what cannot be one."""
        parts = _REFRESH_TOKEN.fullmatch(token)
        if parts is None:
            return None
        return RefreshClaims(session_id=parts[1], generation=int(parts[2]), mac=parts[3])

    def is_proven(self, claims: RefreshClaims, nonce: str) -> bool:
        """Whether we made this refresh token, for the session with this nonce."""
        return hmac.compare_digest(claims.mac, self._mac(claims.session_id, claims.generation, nonce))

    def _mac(self, session_id: str, generation: int, nonce: str) -> str:
        text = f"{session_id}.{generation}.{nonce}".encode()
        return base64url.encoded(hmac.digest(self._refresh_key, text, "sha256"))
