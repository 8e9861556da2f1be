"""Conditional requests: ETag, If-None-Match, If-Match (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import hashlib
import re

from aiohttp import web
from multidict import CIMultiDict

from blogapi.errors import BlogError

_STRONG_TAG = re.compile(r'\s*"([\x21\x23-\x7e\x80-\xff]*)"\s*')
_PIECE_BYTES = 2047
_VERSIONED = re.compile(r"([0-9]{1,18})-[0-9a-f]+")


def etag_of(body: bytes, version: int | None) -> str:
    """A strong validator, quotes included: `"<version>-<hash>"` for a resource, `"<hash>"` for a list."""
    # In pieces: from 2 KiB on, hashlib lets go of the interpreter's lock, and it takes longer to get that back from the
    # threads of the driver than to hash a whole post.
    hashed = hashlib.sha256()
    for start in range(0, len(body), _PIECE_BYTES):
        hashed.update(body[start : start + _PIECE_BYTES])
    digest = hashed.hexdigest()[:24]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def recoded_etag(etag: str, body: bytes) -> str:
    """The validator of the same representation in another content coding (RFC 9110 section 8.8.3.3)."""
    version, dash, _ = etag.strip('"').rpartition("-")
    return etag_of(body, int(version) if dash else None)


def revalidated(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """The answer to a read, or 304 if the caller has it already."""
    etag = response.headers.get("ETag")
    if etag is None or response.status != 200 or "If-None-Match" not in request.headers or not is_known(request, etag):
        return response
    return web.Response(status=304, headers=without_content(response.headers))


def without_content(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """The headers of a 304 (RFC 9110 section 15.4.5)."""
    kept = headers.copy()
    kept.popall("Content-Type", None)
    kept.popall("Content-Encoding", None)
    return kept


def is_known(request: web.Request, etag: str) -> bool:
    """Whether the caller's `If-None-Match` says that it has this representation: weak comparison, as the RFC asks."""
    if request.headers.get("If-None-Match") == etag:  # as nearly all clients send it
        return True
    offered = ",".join(request.headers.getall("If-None-Match", []))
    return offered.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in offered.split(",")]


def expected_versions(request: web.Request) -> frozenset[int]:
    """The versions that the caller's `If-Match` allows.

    Only the version in a tag is compared, so a like never makes it stale. A weak tag, and one that is not ours, never
    matches (strong comparison): the result may be empty. Raises BlogError `precondition_required` without the header,
    and for `*`, which would defeat its purpose.
    """
    offered = ",".join(request.headers.getall("If-Match", []))
    if not offered.strip() or offered.strip() == "*":
        raise BlogError("Send the ETag of what you read as If-Match.", code="precondition_required")
    tags = (_STRONG_TAG.fullmatch(tag) for tag in offered.split(","))
    versions = (_VERSIONED.fullmatch(tag[1]) for tag in tags if tag)
    return frozenset(int(version[1]) for version in versions if version)
