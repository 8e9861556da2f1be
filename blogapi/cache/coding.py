"""Content codings of answers: which one a client prefers (RFC 9110 section 12.5.3), and gzip."""

from __future__ import annotations

import enum
import re
from functools import lru_cache

from isal import igzip_lib

_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")
# Of 0 to 3: what takes a quarter of zlib's level 6 and comes within 5 % of its size.
_LEVEL = 2


class Coding(enum.Enum):
    """What to send."""

    IDENTITY = enum.auto()
    GZIP = enum.auto()
    GZIP_ONLY = enum.auto()
    """The client will not have it as it is."""


@lru_cache(maxsize=512)
def chosen_coding(accept_encoding: str) -> Coding:
    """What the client prefers of gzip and identity; what it says in another form than the RFC's counts for nothing."""
    given: dict[str, float] = {}
    for part in accept_encoding.split(","):
        found = _CODING.fullmatch(part)
        if found:
            given[found[1].lower()] = float(found[2] or 1)
    packed = given.get("gzip", given.get("x-gzip", given.get("*", 0)))
    # Not named, it is acceptable and comes last, unless the wildcard excludes it.
    plain = given.get("identity", 0 if given.get("*") == 0 else 0.0001)
    if packed == 0 or plain > packed:
        return Coding.IDENTITY
    return Coding.GZIP if plain > 0 else Coding.GZIP_ONLY


def pack(body: bytes) -> bytes:
    """With gzip."""
    # Neither this nor `unpack` lets go of the interpreter's lock, which zlib does: to get that back from the threads of
    # the driver takes many times as long as the work.
    packed = igzip_lib.compress(body, _LEVEL, igzip_lib.COMP_GZIP)
    # A copy, of its own size: what is shrunk from a buffer of 16 KiB goes on to have pages of its own (`cli/serve.py`).
    return bytes(memoryview(packed))


def unpack(packed: bytes) -> bytes:
    """What was given to `pack`."""
    return igzip_lib.decompress(packed, igzip_lib.DECOMP_GZIP, bufsize=unpacked_length(packed))


def unpacked_length(packed: bytes) -> int:
    """In bytes, of what was given to `pack` (RFC 1952 section 2.3.1)."""
    return int.from_bytes(packed[-4:], "little")
