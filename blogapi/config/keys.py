"""One secret, many keys: each purpose gets its own, so that what one signs is worth nothing for another."""

from __future__ import annotations

import hmac


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose. HMAC as a pseudo-random function (RFC 5869, section 2.3, with one block)."""
    return hmac.digest(secret.encode(), b"blogapi:" + purpose.encode() + b"\x01", "sha256")
