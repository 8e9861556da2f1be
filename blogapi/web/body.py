"""Request bodies: bounded, typed, and parsed more strictly than the standard library would."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

from aiohttp import web

from blogapi.errors import BlogError

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 32
_INTEGERS = range(-(2**63), 2**63)


async def read_json(request: web.Request, *, media_types: frozenset[str], timeout_seconds: float) -> Any:
    """The parsed body, or None when there is none.

    Raises BlogError: `too_large`, `unsupported_media_type`, `malformed_json`, `request_timeout`.
    """
    if (request.content_length or 0) > MAX_BYTES:
        raise BlogError("A request body holds at most 2 MiB.", code="too_large")
    if not request.body_exists:
        return None
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BlogError("Send the body uncompressed.", code="unsupported_media_type")
    raw = await _read(request, timeout_seconds)
    if not raw:
        return None
    if request.content_type not in media_types or (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        accepted = " or ".join(sorted(media_types))
        raise BlogError(f"Send {accepted} in UTF-8.", code="unsupported_media_type")
    return parse_json(raw)


async def _read(request: web.Request, timeout_seconds: float) -> bytes:
    # aiohttp has no deadline of its own for bodies that stall.
    try:
        async with asyncio.timeout(timeout_seconds):
            return await request.read()
    except TimeoutError:
        raise BlogError("The body did not arrive in time.", code="request_timeout") from None
    except web.HTTPRequestEntityTooLarge:
        raise BlogError("A request body holds at most 2 MiB.", code="too_large") from None


def parse_json(raw: bytes) -> Any:
    """One JSON document (RFC 8259, section 4: unique names). Raises BlogError `malformed_json`."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
        if "\\u" in text:
            _encode_strings(value)
    except RecursionError:
        raise _malformed("nested deeper than 32 levels") from None
    except ValueError as error:
        raise _malformed(str(error)) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise _malformed("nested deeper than 32 levels")
    return value


def _malformed(why: str) -> BlogError:
    return BlogError(f"The body is not acceptable JSON: {why}.", code="malformed_json")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is there twice")
    return members


def _integer(digits: str) -> int:
    # Looked at before int(), whose time grows with the square of the length.
    if len(digits) > 20 or (number := int(digits)) not in _INTEGERS:
        raise ValueError("an integer is beyond 64 bits")
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _encode_strings(value: Any) -> None:
    """Raises UnicodeEncodeError, a ValueError, for a lone surrogate that an escape has brought in."""
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(layer)
