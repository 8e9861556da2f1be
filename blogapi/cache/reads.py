"""Public reads through the cache: what may be kept, what a hit is answered, and Cache-Status (RFC 9211)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

from blogapi.cache.cache import Beginning, Cache
from blogapi.cache.coding import Coding, chosen_coding, pack
from blogapi.cache.serialized import Serialized, head_of
from blogapi.cache.sources import asked, collecting
from blogapi.db.client import Database, database_errors
from blogapi.db.follow import follow
from blogapi.errors import BlogError, NotFound, Unavailable
from blogapi.web.conditional import is_known, recoded_etag, without_content
from blogapi.web.requests import route_of

_KEPT_STATUSES = (200, 301)
_LEAST_PACKED = 1000
_BYTES_PER_FORM = 1000
_LONGEST_KEY = 2000
CACHE_STATUS = "Cache-Status"


@dataclass(slots=True)
class Stored:
    """A finished answer as it is sent to everybody, and how it is sent packed once that was asked for."""

    route: str
    status: int
    body: bytes
    headers: CIMultiDict[str]
    etag: str = field(init=False)
    head: bytes = field(init=False)
    head_if_known: bytes = field(init=False)
    packed: Stored | None = None
    is_packing: bool = False

    def __post_init__(self) -> None:
        self.etag = self.headers.get(hdrs.ETAG, "")
        self.head = head_of(self.status, [*self.headers.items(), (hdrs.CONTENT_LENGTH, str(len(self.body)))])
        self.head_if_known = head_of(304, without_content(self.headers).items())

    @property
    def size(self) -> int:
        """Of all that is kept as bytes or as text, twice in headers, and of the objects that hold it."""
        return len(self.body) + 2 * len(self.head) + len(self.head_if_known) + _BYTES_PER_FORM

    def serialized(self, request: web.Request, own: Mapping[str, str]) -> Serialized:
        """The whole answer to one request, with the headers that are its own: 304 where the client has this already."""
        if hdrs.IF_NONE_MATCH in request.headers and self.etag and is_known(request, self.etag):
            return Serialized(request, 304, self.head_if_known, own, b"")
        return Serialized(request, self.status, self.head, own, self.body)

    def response(self) -> web.Response:
        """A response that the app goes on with, which also looks whether the client has this already."""
        return web.Response(status=self.status, body=self.body or None, headers=self.headers.copy())


@dataclass(slots=True)
class _Fill:
    """Somebody is making the answer to a key: one for everybody, none, or the same failure for all who are unknown."""

    begun: Beginning
    done: asyncio.Future[Stored | BlogError | None]


@dataclass(slots=True, kw_only=True)
class CachedReads:
    """The cache as requests use it. `headers` are those that every answer carries."""

    cache: Cache[Any]
    headers: dict[str, str]
    compresses: bool
    _fills: dict[str, _Fill] = field(default_factory=dict)
    _packing: set[asyncio.Future[Stored]] = field(default_factory=set)

    def find(self, request: web.Request) -> Stored | None:
        """What a safe request is answered from the cache, in the content coding that it prefers."""
        stored: Stored | None = self.cache.get(request.raw_path)
        if stored is None or _wants_origin(request.headers) or _has_two_credentials(request):
            return None
        coding = self._coding_for(request, stored)
        if coding is Coding.IDENTITY:
            return stored
        if stored.packed is None:
            self._pack_soon(request.raw_path, stored)
            return None if coding is Coding.GZIP_ONLY else stored
        return stored.packed

    async def through(self, request: web.Request, make: Callable[[], Awaitable[web.StreamResponse]]) -> Any:
        """The kept answer, or one that is made, and kept if it may be. Raises what `make` raises."""
        found = self.find(request)
        if found is not None:
            return found.response()
        if _has_two_credentials(request):
            return await make()  # which refuses it, unless they are no credentials of ours
        begun = self.cache.now()
        if begun is None:
            return _marked(await make(), f"fwd=bypass; detail={self.cache.aside}")
        if _wants_origin(request.headers):
            return await self._fill(request, begun, make, "fwd=request")
        # Whoever is known to us may see what is not there for others.
        is_anonymous = _is_anonymous(request)
        if is_anonymous and (missing := self.cache.get_missing(request.raw_path)) is not None:
            raise copy(missing)
        fill = self._fills.get(request.raw_path)
        if fill is not None and self.cache.is_unchanged(fill.begun):
            shared = await asyncio.shield(fill.done)
            if isinstance(shared, Stored):
                return _marked(await self._coded(request, shared), "fwd=uri-miss; collapsed")
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
        mine, stored, failure = _Fill(begun, done), None, None
        self._fills[key] = mine
        try:
            with collecting() as sources, database_errors():
                response = await make()
            stored = self._stored(request, response)
        except (NotFound, Unavailable) as error:
            if _is_anonymous(request):
                failure = copy(error)  # which holds on to no frame, and so to no request
                if isinstance(error, NotFound) and len(key) <= _LONGEST_KEY:
                    self.cache.put_missing(key, failure, sources, begun)
            raise
        finally:
            if self._fills.get(key) is mine:
                del self._fills[key]
            done.set_result(stored or failure)
        if stored is None:
            return _marked(response, f"{forwarded}; detail=private")
        is_kept = self.cache.put(key, stored, stored.size, sources, begun)
        return _marked(await self._coded(request, stored), f"{forwarded}; stored" if is_kept else forwarded)

    def _stored(self, request: web.Request, response: web.StreamResponse) -> Stored | None:
        """What to keep of a fresh answer; None of what is not for everybody."""
        is_public = response.headers.get(hdrs.CACHE_CONTROL, "").startswith("public")
        if not is_public or response.status not in _KEPT_STATUSES:
            return None
        if not isinstance(response, web.Response) or len(request.raw_path) > _LONGEST_KEY:
            return None
        headers = CIMultiDict({**self.headers, **response.headers, CACHE_STATUS: "blogapi; hit"})
        body = response.body if isinstance(response.body, bytes) else b""
        return Stored(route_of(request), response.status, body, headers)

    async def _coded(self, request: web.Request, stored: Stored) -> web.Response:
        """In the identity coding, unless the client will not have that."""
        if self._coding_for(request, stored) is Coding.GZIP_ONLY:
            stored = stored.packed or await self._pack(request.raw_path, stored)
        return stored.response()

    def _coding_for(self, request: web.Request, stored: Stored) -> Coding:
        accepted = request.headers.get(hdrs.ACCEPT_ENCODING)
        if accepted is None or not self.compresses or len(stored.body) < _LEAST_PACKED:
            return Coding.IDENTITY
        return chosen_coding(accepted)

    def _pack_soon(self, key: str, stored: Stored) -> None:
        if not stored.is_packing:
            stored.is_packing = True
            task = asyncio.ensure_future(self._pack(key, stored))
            self._packing.add(task)
            task.add_done_callback(self._packing.discard)

    async def _pack(self, key: str, stored: Stored) -> Stored:
        body = await asyncio.to_thread(pack, stored.body)
        headers = stored.headers.copy()
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        if hdrs.ETAG in headers:
            headers[hdrs.ETAG] = recoded_etag(headers[hdrs.ETAG], body)
        packed = Stored(stored.route, stored.status, body, headers)
        if self.cache.grow(key, stored, packed.size):
            stored.packed = packed
        return packed


async def following_writes(database: Database, cache: Cache[Any]) -> None:
    """Keep the cache coherent until cancelled: tell it of all writes, and collect what answers are made from."""
    database.on_read.append(asked)
    database.on_write.append(cache.written)
    try:
        await follow(database, cache.public, cache)
    finally:
        database.on_write.remove(cache.written)
        database.on_read.remove(asked)


CACHED_READS: web.AppKey[CachedReads | None] = web.AppKey("cached_reads")


def _marked(response: web.StreamResponse, how: str) -> web.StreamResponse:
    response.headers[CACHE_STATUS] = f"blogapi; {how}"
    return response


def _wants_origin(headers: CIMultiDictProxy[str]) -> bool:
    """Whether the client asks for what the database says now (RFC 9111 section 5.2.1.4)."""
    return hdrs.CACHE_CONTROL in headers and "no-cache" in ",".join(headers.getall(hdrs.CACHE_CONTROL)).lower()


def _has_two_credentials(request: web.Request) -> bool:
    return hdrs.AUTHORIZATION in request.headers and hdrs.COOKIE in request.headers


def _is_anonymous(request: web.Request) -> bool:
    return hdrs.AUTHORIZATION not in request.headers and hdrs.COOKIE not in request.headers
