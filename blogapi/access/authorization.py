"""The Authorization header: what each scheme carries (RFC 6750 section 2.1, RFC 7617 section 2)."""

from __future__ import annotations

import base64
import binascii

from aiohttp import hdrs, web

API_KEY_PREFIX = "bk_"
"""Tells an API key from an access token."""


def bearer_value(request: web.Request) -> str | None:
    """The token; None where the header has another scheme."""
    scheme, _, value = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def basic_user(request: web.Request) -> str | None:
    """The user name; None where the header has another scheme or cannot be read."""
    scheme, _, value = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, _ = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return user if colon else None
