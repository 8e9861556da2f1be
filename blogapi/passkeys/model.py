"""Passkeys: WebAuthn credentials with which people sign in (Web Authentication Level 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from blogapi.errors import InvalidCredentials
from blogapi.ids import Id
from blogapi.text import base64url
from blogapi.translation.sentence import say

MAX_NAME = 80
DEFAULT_NAME = "Passkey"
MAX_PASSKEYS = 20
"""Of each user."""

CHALLENGE_TIME = timedelta(minutes=5)
# Best first: EdDSA, ES256, and RS256 for Windows Hello on older machines (COSE numbers, RFC 9053).
ALGORITHMS = (-8, -7, -257)


class Unproven(Exception):
    """What an authenticator signed does not show what it should. Why, nobody is told."""


class PasskeyRefused(InvalidCredentials):
    """What a client is told instead: nobody signs in with this, for whatever reason."""

    def __init__(self) -> None:
        super().__init__(say("The passkey was not accepted. Ask for new options, and sign them with a passkey."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A public key whose private half an authenticator of the user keeps.

    `user_handle` is what the authenticator knows the account by. `public_key` is a COSE key (RFC 9053).
    """

    id: Id
    user_id: Id
    user_handle: str
    credential_id: str  # base64url
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: tuple[str, ...] = ()
    aaguid: str = ""
    backup_eligible: bool = False
    backed_up: bool = False
    name: str
    epoch: int = 0  # that of its user when it was registered
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What `navigator.credentials.create()` gave a browser; nothing is checked yet."""

    credential_id: bytes
    client_data: bytes
    attestation_object: bytes = field(repr=False)
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What `navigator.credentials.get()` gave a browser; nothing is checked yet."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes = field(repr=False)
    user_handle: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What an attestation shows."""

    public_key: bytes
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """What an assertion shows besides who signed it."""

    sign_count: int
    backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A credential to be registered, and what its user calls it."""

    attestation: Attestation
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a browser is to be asked, in the JSON of WebAuthn, and until when the answer is accepted."""

    value: dict[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who we are to authenticators: a passkey belongs to the domain `id`, people see `name`."""

    id: str
    name: str

    def creation(
        self, challenge: bytes, user_handle: str, username: str, display_name: str, known: Sequence[Passkey]
    ) -> dict[str, Any]:
        """PublicKeyCredentialCreationOptionsJSON. An authenticator with a known passkey makes no second one."""
        return {
            "rp": {"id": self.id, "name": self.name},
            "user": {"id": user_handle, "name": username, "displayName": display_name},
            "challenge": base64url.encoded(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
            "timeout": _milliseconds(CHALLENGE_TIME),
            "excludeCredentials": _descriptors(known),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }

    def request(self, challenge: bytes, allowed: Sequence[Passkey]) -> dict[str, Any]:
        """PublicKeyCredentialRequestOptionsJSON. With none allowed by name, the authenticator offers what it has."""
        return {
            "rpId": self.id,
            "challenge": base64url.encoded(challenge),
            "timeout": _milliseconds(CHALLENGE_TIME),
            "allowCredentials": _descriptors(allowed),
            "userVerification": "required",
        }


def _descriptors(passkeys: Sequence[Passkey]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": passkey.credential_id, "transports": list(passkey.transports)}
        for passkey in passkeys
    ]


def _milliseconds(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)
