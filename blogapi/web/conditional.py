"""Conditional requests: ETag, If-None-Match, If-Match (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import hashlib
import re

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

from blogapi.errors import BlogError
from blogapi.translation.sentence import say

_PIECE_BYTES = 2047
_HASH_DIGITS, _MARK_DIGITS = 24, 8
# Of a tag, with the quote at its end: what is another for another content coding.
_RECODED = _HASH_DIGITS - _MARK_DIGITS + 1
_COMPLEMENT = str.maketrans("0123456789abcdef", "fedcba9876543210")
# `"<version>-<hash>"`, and what proxies make of it: weak, without quotes, with the name of their coding at the end.
_VERSIONED = re.compile(
    rf'(?:W/)?("?)([1-9][0-9]{{0,17}})-(0|[0-9a-f]{{{_HASH_DIGITS}}})(?:[-;:.+_]{{1,2}}[A-Za-z0-9]{{1,16}})?\1'
)


def etag_of(body: bytes, version: int | None, of: str = "") -> str:
    """A strong validator, quotes included: `"<version>-<hash>"` of the resource with this id, `"<hash>"` for a list.

    The hash of a resource begins with a mark of it, so that its tag is told from that of another.
    """
    # In pieces: from 2 KiB on, hashlib lets go of the interpreter's lock, and it takes longer to get that back from the
    # threads of the driver than to hash a whole post.
    hashed = hashlib.sha256()
    for start in range(0, len(body), _PIECE_BYTES):
        hashed.update(body[start : start + _PIECE_BYTES])
    digest = hashed.hexdigest()[:_HASH_DIGITS]
    return f'"{digest}"' if version is None else f'"{version}-{mark_of(of)}{digest[_MARK_DIGITS:]}"'


def mark_of(resource: str) -> str:
    """The part of an ETag that is the same for all versions of a resource."""
    return hashlib.sha256(resource.encode()).hexdigest()[:_MARK_DIGITS]


def recoded_etag(etag: str) -> str:
    """The validator of the same representation as it is, of the one in gzip, and the other way round.

    Each has its own (RFC 9110 section 8.8.3.3). It does not depend on the packed bytes, which another machine may make
    in another way: the last 16 digits are complemented.
    """
    return etag[:-_RECODED] + etag[-_RECODED:].translate(_COMPLEMENT)


def revalidated(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """The answer to a read, or 304 if the client has it already."""
    etag, asked = response.headers.get("ETag"), request.headers
    if etag is None or response.status != 200 or "If-None-Match" not in asked or not is_known(asked, etag):
        return response
    return web.Response(status=304, headers=without_content(response.headers))


def without_content(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """The headers of a 304 (RFC 9110 section 15.4.5)."""
    kept = headers.copy()
    kept.popall("Content-Type", None)
    kept.popall("Content-Encoding", None)
    return kept


def is_known(headers: CIMultiDictProxy[str], etag: str) -> bool:
    """Whether the caller's `If-None-Match` says that it has this representation, in whatever content coding.

    The comparison is weak, as the RFC asks (section 13.1.2).
    """
    if headers.get(hdrs.IF_NONE_MATCH) == etag:  # as nearly all clients send it
        return True
    offered = ",".join(headers.getall(hdrs.IF_NONE_MATCH, []))
    tags = [tag.strip().removeprefix("W/") for tag in offered.split(",")]
    return tags == ["*"] or etag in tags or recoded_etag(etag) in tags


def expected_versions(request: web.Request, of: str) -> frozenset[int]:
    """The versions of this resource that the caller's `If-Match` allows.

    Of a tag of this resource only the version is compared, so a like never makes it stale, and what a proxy has done to
    the tag does not matter. Who knows the version alone sends `"<version>-0"`. What is no tag of ours, or one of
    another resource, matches nothing: the result may be empty. Raises BlogError `precondition_required` without the
    header, and for `*`, which would defeat its purpose; beside tags `*` is none (RFC 9110 section 13.1.1).
    """
    tags = [tag.strip() for tag in ",".join(request.headers.getall("If-Match", [])).split(",")]
    if {"", "*"}.issuperset(tags):
        raise BlogError(say("Send the ETag of what you read as If-Match."), code="precondition_required")
    mark = mark_of(of)
    return frozenset(int(found[2]) for tag in tags if (found := _VERSIONED.fullmatch(tag)) and _is_of(mark, found[3]))


def _is_of(mark: str, hashed: str) -> bool:
    return hashed == "0" or hashed.startswith(mark)
