"""Public reads through the cache: what may be kept, what a hit is answered, and Cache-Status (RFC 9211)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import hdrs, web
from multidict import CIMultiDictProxy

from blogapi.cache.cache import Beginning, Cache
from blogapi.cache.coding import Coding, chosen_coding
from blogapi.cache.serialized import lines_of
from blogapi.cache.sources import Sources, asked, collecting
from blogapi.cache.stored import Stored
from blogapi.db.client import Database, database_errors
from blogapi.db.follow import Listener, Listeners, follow
from blogapi.errors import BlogError, NotFound, Unavailable
from blogapi.translation.sentence import Sentence
from blogapi.web.conditional import is_known
from blogapi.web.requests import route_of

_KEPT_STATUSES = (200, 301)
_LEAST_PACKED = 1000
_LONGEST_KEY = 2000
_BYTES_PER_FAILURE = 600
# What `Stored` holds beside the header lines.
_OF_CONTENT = frozenset({hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH, hdrs.ETAG})
CACHE_STATUS = "Cache-Status"
Headers: TypeAlias = CIMultiDictProxy[str]


@dataclass(slots=True)
class _Fill:
    """Somebody is making the answer to a key: one for everybody, none, or the same failure for all who are unknown."""

    begun: Beginning
    done: asyncio.Future[Stored | BlogError | None]
    readers: int = 0
    """How many wait for it."""


@dataclass(slots=True, kw_only=True)
class CachedReads:
    """The cache as requests use it. `headers` are those that every answer carries."""

    cache: Cache[Any]
    headers: dict[str, str]
    compresses: bool
    _fills: dict[str, _Fill] = field(default_factory=dict)
    _shared_lines: dict[frozenset[str], bytes] = field(default_factory=dict)

    def find(self, target: str, headers: Headers) -> Stored | None:
        """What a safe request is answered from the cache, as it is kept."""
        stored: Stored | None = self.cache.get(target)
        if stored is None or _wants_origin(headers) or _has_two_credentials(headers):
            return None
        return stored

    def answer(self, target: str, headers: Headers, stored: Stored) -> tuple[int, str, bytes]:
        """To a request for what was found: 304 where the client has it, else in the coding that it prefers.

        The status, those header lines that depend on the form, and the body.
        """
        packed = stored.is_packed and _coding_for(headers) is not Coding.IDENTITY
        if hdrs.IF_NONE_MATCH in headers:
            etag = stored.etag_of(packed=packed)
            if etag and is_known(headers, etag):
                return 304, f"ETag: {etag}\r\n", b""
        body = self._body(target, stored, packed=packed)
        return stored.status, stored.content_lines(body, packed=packed), body

    def _body(self, target: str, stored: Stored, *, packed: bool) -> bytes:
        """Of what was found, in this form."""
        if packed or not stored.is_packed:
            return stored.body
        body = self.cache.get_unpacked(target)
        if body is None:
            body = stored.unpacked_body()
            self.cache.put_unpacked(target, body)
        return body

    async def through(self, request: web.Request, make: Callable[[], Awaitable[web.StreamResponse]]) -> Any:
        """The kept answer, or one that is made, and kept if it may be. Raises what `make` raises."""
        found = self.find(request.raw_path, request.headers)
        if found is not None:
            packed = found.is_packed and _coding_for(request.headers) is not Coding.IDENTITY
            body, shares = self._body(request.raw_path, found, packed=packed), request.method == hdrs.METH_GET
            return found.response(body, packed=packed, shares=shares)
        if _has_two_credentials(request.headers):
            return await make()  # which refuses it, unless they are no credentials of ours
        begun = self.cache.now()
        if begun is None:
            return _marked(await make(), f"fwd=bypass; detail={self.cache.aside}")
        if _wants_origin(request.headers):
            return await self._fill(request, begun, make, "fwd=request")
        # Whoever is known to us may see what is not there for others.
        is_anonymous = _is_anonymous(request.headers)
        if is_anonymous and (missing := self.cache.get_missing(request.raw_path)) is not None:
            raise copy(missing)
        fill = self._fills.get(request.raw_path)
        if fill is not None and self.cache.is_unchanged(fill.begun):
            fill.readers += 1
            shared = await asyncio.shield(fill.done)
            if isinstance(shared, Stored):
                return _marked(self._coded(request, shared), "fwd=uri-miss; collapsed")
            if shared is not None and is_anonymous:
                raise copy(shared)
        return await self._fill(request, begun, make, "fwd=uri-miss")

    async def _fill(
        self,
        request: web.Request,
        begun: Beginning,
        make: Callable[[], Awaitable[web.StreamResponse]],
        forwarded: str,
    ) -> web.StreamResponse:
        key, done = request.raw_path, asyncio.get_running_loop().create_future()
        mine, stored, failure, is_wanted = _Fill(begun, done), None, None, False
        self._fills[key] = mine
        try:
            with collecting() as sources, database_errors():
                response = await make()
            if not _is_for_everybody(request, response):
                return _marked(response, f"{forwarded}; detail=private")
            is_wanted = self.cache.offer(key, len(_body_of(response)), 1 + mine.readers)
            if is_wanted or mine.readers:
                stored = self._stored(request, response)
        except (NotFound, Unavailable) as error:
            if _is_anonymous(request.headers):
                failure = copy(error)  # which holds on to no frame, and so to no request
                if isinstance(error, NotFound) and len(key) <= _LONGEST_KEY:
                    self.cache.put_missing(key, failure, _size_of(failure), sources, begun)
            raise
        finally:
            if self._fills.get(key) is mine:
                del self._fills[key]
            done.set_result(stored or failure)
        kept = self._keep(key, stored, sources, begun) if stored is not None and is_wanted else None
        coding = _coding_for(request.headers)
        if kept is not None and kept.is_packed and coding is not Coding.IDENTITY:
            response = kept.response(kept.body, packed=True)
        elif coding is Coding.GZIP_ONLY and self._may_pack(_body_of(response)):
            packed = self._stored(request, response).packed()
            response = packed.response(packed.body, packed=True)
        return _marked(response, forwarded if kept is None else f"{forwarded}; stored")

    def _keep(self, key: str, stored: Stored, sources: Sources, begun: Beginning) -> Stored | None:
        """What is kept of an answer from now on: packed where that helps; None where it is not kept."""
        kept = stored.packed() if self._may_pack(stored.body) else stored
        return kept if self.cache.put(key, kept, kept.size, sources, begun) else None

    def _may_pack(self, body: bytes) -> bool:
        return self.compresses and len(body) >= _LEAST_PACKED

    def _stored(self, request: web.Request, response: web.StreamResponse) -> Stored:
        own = {name: value for name, value in response.headers.items() if name not in _OF_CONTENT}
        return Stored(
            route=route_of(request),
            status=response.status,
            shared_lines=self._lines_beside(own),
            own_lines=lines_of(own.items()),
            content_type=response.headers.get(hdrs.CONTENT_TYPE, ""),
            etag=response.headers.get(hdrs.ETAG, ""),
            body=_body_of(response),
        )

    def _lines_beside(self, own: Mapping[str, str]) -> bytes:
        """What every kept answer carries, but for what an answer says itself: the same object for nearly all."""
        said = self.headers.keys() & own.keys()
        lines = self._shared_lines.get(frozenset(said))
        if lines is None:
            left = {name: value for name, value in self.headers.items() if name not in said}
            lines = self._shared_lines[frozenset(said)] = lines_of({**left, CACHE_STATUS: "blogapi; hit"}.items())
        return lines

    def _coded(self, request: web.Request, stored: Stored) -> web.StreamResponse:
        """In the identity coding, unless the client will not have that."""
        packs = self._may_pack(stored.body) and _coding_for(request.headers) is Coding.GZIP_ONLY
        sent = stored.packed() if packs else stored
        return sent.response(sent.body, packed=packs)


async def following_writes(database: Database, cache: Cache[Any], others: Sequence[Listener] = ()) -> None:
    """Keep the cache coherent until cancelled: tell it of all writes, and collect what answers are made from.

    `others` want to know of the same writes.
    """
    listeners = Listeners([cache, *others])
    database.on_read.append(asked)
    database.on_write.append(listeners.written)
    try:
        await follow(database, cache.public, listeners)
    finally:
        database.on_write.remove(listeners.written)
        database.on_read.remove(asked)


CACHED_READS: web.AppKey[CachedReads | None] = web.AppKey("cached_reads")


def _coding_for(headers: Headers) -> Coding:
    accepted = headers.get(hdrs.ACCEPT_ENCODING)
    return Coding.IDENTITY if accepted is None else chosen_coding(accepted)


def _is_for_everybody(request: web.Request, response: web.StreamResponse) -> bool:
    if not response.headers.get(hdrs.CACHE_CONTROL, "").startswith("public"):
        return False
    is_whole = isinstance(response, web.Response) and response.status in _KEPT_STATUSES
    return is_whole and len(request.raw_path) <= _LONGEST_KEY


def _body_of(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _size_of(failure: BlogError) -> int:
    """In bytes, about."""
    filled_in = failure.detail.params.values() if isinstance(failure.detail, Sentence) else ()
    return _BYTES_PER_FAILURE + sum(map(sys.getsizeof, (failure.detail, *filled_in, *failure.members.values())))


def _marked(response: web.StreamResponse, how: str) -> web.StreamResponse:
    response.headers[CACHE_STATUS] = f"blogapi; {how}"
    return response


def _wants_origin(headers: Headers) -> bool:
    """Whether the client asks for what the database says now (RFC 9111 section 5.2.1.4)."""
    return hdrs.CACHE_CONTROL in headers and "no-cache" in ",".join(headers.getall(hdrs.CACHE_CONTROL)).lower()


def _has_two_credentials(headers: Headers) -> bool:
    return hdrs.AUTHORIZATION in headers and hdrs.COOKIE in headers


def _is_anonymous(headers: Headers) -> bool:
    return hdrs.AUTHORIZATION not in headers and hdrs.COOKIE not in headers
