"""An authenticator and the browser around it, in software. What an attacker would do otherwise is said by keyword."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from webauthn.helpers import encode_cbor

ORIGIN = "http://localhost:8080"
ES256, EDDSA, RS256 = -7, -8, -257
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, WITH_CREDENTIAL, WITH_EXTENSIONS = 1, 4, 8, 16, 64, 128
USUAL = PRESENT | VERIFIED | ELIGIBLE | BACKED_UP


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "===")


def client_data(kind: str, challenge: str, origin: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **more}).encode()


@dataclass
class Credential:
    """A key pair of an authenticator, for one account of one site."""

    algorithm: int = ES256
    id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: bytes = b""
    count: int = 0
    key: Any = None

    def __post_init__(self) -> None:
        if self.key is None:
            self.key = {
                ES256: lambda: ec.generate_private_key(ec.SECP256R1()),
                EDDSA: ed25519.Ed25519PrivateKey.generate,
                RS256: lambda: rsa.generate_private_key(65537, 2048),
            }[self.algorithm]()

    @property
    def cose(self) -> dict[int, Any]:
        """The public key (RFC 9053)."""
        public = self.key.public_key()
        if self.algorithm == EDDSA:
            return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        if self.algorithm == RS256:
            return {1: 3, 3: RS256, -1: _bytes_of(numbers.n), -2: _bytes_of(numbers.e)}
        size = (public.curve.key_size + 7) // 8
        curve = {256: 1, 384: 2, 521: 3}[public.curve.key_size]
        return {1: 2, 3: ES256, -1: curve, -2: numbers.x.to_bytes(size), -3: numbers.y.to_bytes(size)}

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == EDDSA:
            return self.key.sign(data)
        if self.algorithm == RS256:
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


class Authenticator:
    """Holds credentials, and answers options as a browser gives them out with `toJSON()`."""

    def __init__(self, origin: str = ORIGIN, *, algorithm: int = ES256, counts: bool = True) -> None:
        self.origin, self.algorithm, self.counts = origin, algorithm, counts
        self.credentials: list[Credential] = []

    def create(
        self,
        answer: dict[str, Any],
        *,
        kind: str = "webauthn.create",
        challenge: str | None = None,
        origin: str | None = None,
        rp_id: str | None = None,
        flags: int = USUAL | WITH_CREDENTIAL,
        credential: Credential | None = None,
        cose: Any = None,
        fmt: str = "none",
        statement: dict[str, Any] | None = None,
        sign_itself: bool = False,
        extensions: bytes = b"",
        attestation_object: bytes | None = None,
        said: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A new credential. Raises KeyError for an algorithm that nobody wants, and ValueError when it has one."""
        options = answer["options"]
        if credential is None:
            accepted = {each["alg"] for each in options["pubKeyCredParams"]}
            if self.algorithm not in accepted:
                raise KeyError(self.algorithm)
            if {each["id"] for each in options["excludeCredentials"]} & {encoded(each.id) for each in self.credentials}:
                raise ValueError("it has a passkey of this account already")
            credential = Credential(self.algorithm, user_handle=decoded(options["user"]["id"]))
            self.credentials.append(credential)
        data = client_data(kind, challenge or options["challenge"], origin or self.origin, **(said or {}))
        key = cose if isinstance(cose, bytes) else encode_cbor(credential.cose if cose is None else cose)
        authenticator_data = b"".join(
            [
                _head(rp_id or options["rp"]["id"], flags, credential.count),
                bytes(16) + len(credential.id).to_bytes(2) + credential.id + key if flags & WITH_CREDENTIAL else b"",
                extensions,
            ]
        )
        if sign_itself:
            signature = credential.sign(authenticator_data + hashlib.sha256(data).digest())
            fmt, statement = "packed", {"alg": credential.algorithm, "sig": signature}
        whole = {"fmt": fmt, "attStmt": statement or {}, "authData": authenticator_data}
        return {
            "id": encoded(credential.id),
            "rawId": encoded(credential.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": encoded(data),
                "attestationObject": encoded(attestation_object or encode_cbor(whole)),
                "authenticatorData": encoded(authenticator_data),
                "publicKeyAlgorithm": credential.algorithm,
                "transports": ["hybrid", "internal"],
            },
        }

    def get(
        self,
        answer: dict[str, Any],
        *,
        kind: str = "webauthn.get",
        challenge: str | None = None,
        origin: str | None = None,
        rp_id: str | None = None,
        flags: int = USUAL,
        credential: Credential | None = None,
        signed_by: Credential | None = None,
        user_handle: bytes | None = None,
        with_user_handle: bool = True,
        count: int | None = None,
        extensions: bytes = b"",
        said: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A signature of the newest credential that is allowed."""
        options = answer["options"]
        allowed = {each["id"] for each in options["allowCredentials"]}
        if credential is None:
            credential = [each for each in self.credentials if not allowed or encoded(each.id) in allowed][-1]
        if self.counts:
            credential.count += 1
        data = client_data(kind, challenge or options["challenge"], origin or self.origin, **(said or {}))
        head = _head(rp_id or options["rpId"], flags, credential.count if count is None else count) + extensions
        signature = (signed_by or credential).sign(head + hashlib.sha256(data).digest())
        handle = encoded(credential.user_handle if user_handle is None else user_handle)
        return {
            "id": encoded(credential.id),
            "rawId": encoded(credential.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(data),
                "authenticatorData": encoded(head),
                "signature": encoded(signature),
                **({"userHandle": handle} if with_user_handle else {}),
            },
        }


def _head(rp_id: str, flags: int, count: int) -> bytes:
    return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4)


def _bytes_of(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
