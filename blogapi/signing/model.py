"""The keys that sign access tokens (Ed25519), and which of them does so when."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from blogapi.text import base64url

# How long a new key is published before it signs. By then every process has read it, and every service has fetched
# the key set again.
PUBLISHED_AHEAD = timedelta(minutes=10)
# How long a key stays published after a newer one began to sign. No access token lives longer than a day
# (`auth.access_token_seconds`).
KEPT = timedelta(hours=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as it is stored. `id` is its generation, so of many rotations at once one gets the next number."""

    id: int
    kid: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    signs_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """A decrypted key."""

    generation: int
    kid: str
    private: Ed25519PrivateKey = field(repr=False)
    public: Ed25519PublicKey = field(repr=False)
    created_at: datetime
    signs_from: datetime

    @property
    def x(self) -> str:
        """The public key as a key set has it (RFC 8037 section 2)."""
        return base64url.encoded(self.public.public_bytes_raw())


@dataclass(frozen=True, slots=True)
class Ring:
    """All keys, the newest generation first."""

    keys: tuple[RingKey, ...] = ()

    def signer(self, now: datetime) -> RingKey | None:
        """The newest key that may sign now. If the clock is so late that none may, the oldest one."""
        begun = [key for key in self.keys if key.signs_from <= now]
        return next(iter(begun or self.keys[-1:]), None)

    def find(self, kid: str) -> RingKey | None:
        """The one with this name."""
        return next((key for key in self.keys if key.kid == kid), None)


def spent(keys: Sequence[StoredKey], now: datetime) -> tuple[int, ...]:
    """The generations whose tokens have all expired."""
    return tuple(key.id for key in keys if any(other.id > key.id and other.signs_from + KEPT <= now for other in keys))


def thumbprint(public: Ed25519PublicKey) -> str:
    """43 characters that name a key (RFC 7638, RFC 8037 appendix A.3)."""
    x = base64url.encoded(public.public_bytes_raw())
    return base64url.encoded(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())
