"""Cursors and pages over HTTP."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web
from marshmallow import fields

from blogapi.errors import BlogError
from blogapi.paging.page import Page, PageRequest, Position
from blogapi.text import base64url
from blogapi.translation.sentence import say
from blogapi.web.fields import Choice, QueryWhole, Strict, Text

DEFAULT_LIMIT = 20
# A page ends early when its items have as many bytes of JSON.
_PAGE_BYTES = 8 * 1024 * 1024
_LIMIT = "At most this many items. A page may have fewer, even if it is not the last one."
# What does not change which items the list has, or their order: a cursor outlives a change of these.
_NOT_BOUND = frozenset({"cursor", "limit", "fields", "count"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE: web.RequestKey[PageRequest] = web.RequestKey("page", PageRequest)
CURSOR_KEY: web.AppKey[bytes] = web.AppKey("cursor_key", bytes)


class PageQuery(Strict):
    """The parameters of every list."""

    limit = QueryWhole(1, 100, load_default=DEFAULT_LIMIT, metadata={"description": _LIMIT})
    cursor = fields.String(load_default=None, metadata={"description": "The `page.next` of the page before."})
    count = Text(
        load_default=None,
        validate=Choice(["exact"]),
        metadata={"description": "`exact` adds `page.total`. Counting takes time."},
    )


def page_request(request: web.Request, query: Mapping[str, Any]) -> PageRequest:
    """The page that was asked for. Raises BlogError `invalid_cursor`."""
    known = request.get(_PAGE)
    if known is None:
        cursor = query["cursor"]
        after = None if cursor is None else _decode(cursor, _binding(request), request.config_dict[CURSOR_KEY])
        known = request[_PAGE] = PageRequest(limit=query["limit"], after=after, count=query["count"] is not None)
    return known


def page_body(request: web.Request, page: Page[Any], items: list[Any], after: Position | None) -> dict[str, Any]:
    """The envelope of a list whose next page starts after a position. The page is the one of `page_request`."""
    cursor = None if after is None else _encode(after, _binding(request), request.config_dict[CURSOR_KEY])
    about: dict[str, Any] = {"limit": request[_PAGE].limit, "next": cursor}
    if page.total is not None:
        about["total"] = page.total
    return {"items": items, "page": about}


def link_header(request: web.Request, cursor: str) -> str:
    """`Link` to the next page (RFC 8288), relative to this server's root."""
    parameters = [(name, value) for name, value in request.query.items() if name != "cursor"]
    return f'<{request.rel_url.raw_path}?{_encoded([*parameters, ("cursor", cursor)])}>; rel="next"'


def _binding(request: web.Request) -> bytes:
    # A repeated parameter means the same as one with commas.
    bound = {name: ",".join(request.query.getall(name)) for name in request.query if name not in _NOT_BOUND}
    return f"{request.rel_url.raw_path}?{_encoded(sorted(bound.items()))}".encode()


def _encoded(parameters: Iterable[tuple[str, str]]) -> str:
    # A parser may let bytes through that are not UTF-8, as surrogates.
    return urlencode([*parameters], errors="surrogateescape")


def _mac(payload: bytes, binding: bytes, key: bytes) -> bytes:
    # Not hmac.digest: that lets go of the interpreter's lock for a microsecond, and gets it back milliseconds later.
    return hmac.new(key, len(payload).to_bytes(4) + payload + binding, "sha256").digest()[:12]


def _encode(position: Position, binding: bytes, key: bytes) -> str:
    value = position.value
    plain = ["t", (value - _EPOCH) // timedelta(milliseconds=1)] if isinstance(value, datetime) else ["v", value]
    payload = orjson.dumps([*plain, position.id])
    return base64url.encoded(_mac(payload, binding, key) + payload)


def _decode(cursor: str, binding: bytes, key: bytes) -> Position:
    refused = BlogError(
        say("This cursor does not belong to this list, its filter and its sort."), code="invalid_cursor"
    )
    try:
        raw = base64url.decoded(cursor)
    except ValueError:
        raise refused from None
    mac, payload = raw[:12], raw[12:]
    if not hmac.compare_digest(mac, _mac(payload, binding, key)):
        raise refused
    kind, value, identifier = orjson.loads(payload)
    return Position(_EPOCH + timedelta(milliseconds=value) if kind == "t" else value, identifier)


def fitting(page: Page[Any], dump: Callable[[Any], bytes]) -> tuple[list[orjson.Fragment], Position | None]:
    """As many items as one answer holds, at least one, and where the next page starts."""
    items: list[orjson.Fragment] = []
    size = 0
    for item in page.items:
        dumped = dump(item)
        size += len(dumped)
        if items and page.position_of and size > _PAGE_BYTES:
            return items, page.position_of(len(items) - 1)
        items.append(orjson.Fragment(dumped))
    return items, page.next
