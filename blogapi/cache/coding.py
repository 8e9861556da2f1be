"""Content codings of answers: which one a client prefers (RFC 9110 section 12.5.3), and gzip."""

from __future__ import annotations

import enum
import gzip
import re
from functools import lru_cache

_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")
_LEVEL = 6


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
    """The same bytes for the same body, so that they have one ETag. Takes a millisecond for each 20 KB."""
    return gzip.compress(body, _LEVEL, mtime=0)
