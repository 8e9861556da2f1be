"""Request bodies: bounded, typed, and parsed more strictly than the standard library would."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from blogapi.errors import BlogError
from blogapi.translation.sentence import Sentence, either, say

_KIB = 1024
MAX_BYTES = 2048 * _KIB
SMALL_BYTES = 64 * _KIB
MAX_DEPTH = 32
# Far more than any valid body has. Each costs time and memory before anybody knows what it is, and who sent it.
_MAX_OF_EACH = 20_000
_TOO_MANY = {
    (b"[", b"{"): say("more than {most:,} arrays and objects", most=_MAX_OF_EACH),
    (b":",): say("more than {most:,} members", most=_MAX_OF_EACH),
    (b",",): say("more than {most:,} values", most=_MAX_OF_EACH),
}
_TOO_DEEP = say("nested deeper than {levels} levels", levels=MAX_DEPTH)
# What the json module says of a fault.
_FAULTS: Mapping[str, Sentence] = {
    each: each
    for each in (
        say("Expecting value"),
        say("Expecting ',' delimiter"),
        say("Expecting ':' delimiter"),
        say("Expecting property name enclosed in double quotes"),
        say("Illegal trailing comma before end of array"),
        say("Illegal trailing comma before end of object"),
        say("Unterminated string starting at"),
        say("Invalid control character at"),
        say("Invalid \\escape"),
        say("Invalid \\uXXXX escape"),
        say("Extra data"),
        say("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
    )
}
_MAX_MEMBERS = 1_000
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The parsed body of a request. A large one is loaded in a thread, so that other requests need not wait."""

    value: Any
    is_large: bool = False


async def read_json(
    request: web.Request,
    *,
    media_types: frozenset[str],
    timeout_seconds: float,
    admit: Callable[[], Awaitable[None]],
    max_bytes: int = MAX_BYTES,
) -> RequestBody:
    """The parsed body. A missing one counts as an empty object, except for a PATCH.

    Of a large body, only the beginning is read before `admit` has let the sender in. Raises what `admit` raises, and
    BlogError: `too_large`, `unsupported_media_type`, `malformed_json`, `request_timeout`.
    """
    if (request.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    if not request.body_exists:
        return _nothing(request)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BlogError(say("Send the body uncompressed."), code="unsupported_media_type")
    received, deadline = bytearray(), asyncio.get_running_loop().time() + timeout_seconds
    announced = request.content_length or 0
    if announced <= SMALL_BYTES:
        await _read(request, received, SMALL_BYTES, deadline)
        if not received:
            return _nothing(request)
        if len(received) > max_bytes:
            raise _too_large(max_bytes)
    _check_type(request, media_types)
    if max(announced, len(received)) <= SMALL_BYTES:
        return RequestBody(parse_json(bytes(received)))
    await admit()
    await _read(request, received, max_bytes, deadline)
    if len(received) > max_bytes:
        raise _too_large(max_bytes)
    return RequestBody(await asyncio.to_thread(parse_json, bytes(received)), is_large=True)


def _check_type(request: web.Request, media_types: frozenset[str]) -> None:
    if request.content_type not in media_types or (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        detail = say("Send {media_types} in UTF-8.", media_types=either(sorted(media_types)))
        raise BlogError(detail, code="unsupported_media_type")


async def _read(request: web.Request, received: bytearray, enough: int, deadline: float) -> None:
    """Read until the body is complete, or too large."""
    content = request.content
    if content.is_eof():  # small ones come together with the head
        received += content.read_nowait()
        return
    # aiohttp has no deadline of its own for bodies that stall, and one bound for all routes.
    try:
        async with asyncio.timeout_at(deadline):
            while len(received) <= enough and (chunk := await content.readany()):
                received += chunk
    except TimeoutError:
        raise BlogError(say("The body did not arrive in time."), code="request_timeout") from None


def size_text(size: int) -> str:
    """`64 KiB`, `2 MiB`."""
    return f"{size // _KIB} KiB" if size < _KIB * _KIB else f"{size // (_KIB * _KIB)} MiB"


def _too_large(max_bytes: int) -> BlogError:
    return BlogError(say("A body holds at most {size} here.", size=size_text(max_bytes)), code="too_large")


def _nothing(request: web.Request) -> RequestBody:
    if request.method == "PATCH":
        raise _malformed(say("there is none"))
    return RequestBody({})


def parse_json(raw: bytes) -> Any:
    """One JSON document (RFC 8259, section 4: unique names). Raises BlogError `malformed_json`."""
    _refuse_too_many(raw)
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
        raise _malformed(_TOO_DEEP) from None
    except UnicodeError:
        raise _malformed(say("it is not UTF-8")) from None
    except json.JSONDecodeError as error:
        raise _malformed(_explained(error)) from None
    except ValueError as error:
        raise _malformed(error.args[0]) from None
    if _count(raw, (b"[", b"{")) > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise _malformed(_TOO_DEEP)
    return value


def _refuse_too_many(raw: bytes) -> None:
    suspected = [marks for marks in _TOO_MANY if _count(raw, marks) > _MAX_OF_EACH]
    if suspected:
        bare = _without_strings(raw)
        for marks in suspected:
            if _count(bare, marks) > _MAX_OF_EACH:
                raise _malformed(_TOO_MANY[marks])


def _count(raw: bytes, marks: Iterable[bytes]) -> int:
    return sum(map(raw.count, marks))


def _without_strings(raw: bytes) -> bytes:
    # Pairs of backslashes first: then the one that is left before a quotation mark escapes it.
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    return b"".join(plain.split(b'"')[::2])


def _malformed(why: Sentence) -> BlogError:
    return BlogError(say("The body is not acceptable JSON: {why}.", why=why), code="malformed_json")


def _explained(error: json.JSONDecodeError) -> Sentence:
    """Where the parser stopped, and why."""
    return say(
        "{fault}: line {line} column {column} (char {position})",
        fault=_FAULTS.get(error.msg, error.msg),
        line=error.lineno,
        column=error.colno,
        position=error.pos,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MAX_MEMBERS:
        raise ValueError(say("an object has more than {most:,} members", most=_MAX_MEMBERS))
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(say("a key is there twice"))
    return members


def _integer(digits: str) -> int:
    # Looked at before int(), whose time grows with the square of the length.
    if len(digits) > 20 or (number := int(digits)) not in _INTEGERS:
        raise ValueError(say("an integer is beyond 64 bits"))
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(say("a number is too large"))
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(say("{name} is not JSON", name=name))


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
