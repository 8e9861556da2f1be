"""base64url without padding (RFC 4648 section 5), as tokens, addresses and WebAuthn have bytes."""

from __future__ import annotations

import base64


def encoded(data: bytes) -> str:
    """Bytes as letters, digits, `-` and `_`."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of a text, padded or not. Raises ValueError."""
    plain = text.rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
