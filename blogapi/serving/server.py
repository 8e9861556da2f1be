"""The server around the app: what aiohttp leaves open to slow, many and broken clients is closed here.

Everything here works on any event loop: what a transport is, only the loop knows.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sys
import termios
import time
from collections import Counter
from collections.abc import Coroutine
from ipaddress import ip_address
from typing import Any, cast

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo
from aiohttp.web_request import BaseRequest

from blogapi.cache.shortcut import Shortcut, shortcut_of
from blogapi.cache.stored import Shared
from blogapi.config import ServerConfig
from blogapi.measures import Measure, gauge
from blogapi.operations.logs import RequestLog
from blogapi.operations.request_log import REQUEST_LOG
from blogapi.operations.traffic import TRAFFIC, Traffic, cache_part
from blogapi.serving.refused import MAX_FIELD_BYTES, MAX_LINE_BYTES, code_of
from blogapi.serving.unsent import Unsent
from blogapi.web.errors import problem_body, problem_headers, titled
from blogapi.web.middlewares.protect import PRIVATE_POLICY, RESOURCE_POLICY, SERVER
from blogapi.web.networks import limit_key, network_of
from blogapi.web.problems import PROBLEMS
from blogapi.web.requests import language_of_reader, request_id

# A reader who takes less than this between two looks is cut off: 4 KiB/s.
_LOOK_SECONDS, _MIN_BYTES_PER_LOOK = 15, 60 * 1024
# What waits beyond this is looked at and counted.
_UNCOUNTED_BYTES = 16 * 1024
_LINGERING_SECONDS = 2
_SHUTDOWN_SECONDS = 1
_VERSIONS = (HttpVersion10, HttpVersion11)

log = logging.getLogger("blogapi.connections")


class Protocol(RequestHandler):
    """One connection. Counted by address, cut off when its reader stalls, and its protocol errors are ours to word."""

    __slots__ = (
        "_address",
        "_answer_bytes",
        "_has_said_all",
        "_is_broken",
        "_latest",
        "_server",
        "_stalled",
        "_unsent",
        "_wire",
    )

    def __init__(self, manager: Server, **kwargs: Any) -> None:
        super().__init__(manager, **kwargs)
        self._server = manager
        self._address = ""
        self._has_said_all = self._is_broken = False
        self._latest: StreamReader | None = None  # the body of the request that is being answered
        # Ours to keep: aiohttp lets go of `transport` once it has closed it, while bytes may still wait.
        self._wire: asyncio.Transport | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._unsent = self._answer_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # By what it can do, not by its class: those of uvloop are none of asyncio's.
        wire = self._wire = cast(asyncio.Transport, transport)
        peer = wire.get_extra_info("peername")
        self._address = str(peer[0]) if peer else "unix"
        wire.set_write_buffer_limits(high=_UNCOUNTED_BYTES)
        if not self._server.admit(self._address):
            wire.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.leave(self._address)
        self._stop_watching()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # what asyncio asks for
        """The client has nothing more to say; it may be waiting for answers, as `nc` and `shutdown` do.

        What has arrived whole is answered, then the connection ends. What has not will never be whole.
        """
        self._has_said_all = True
        self._break_off(ConnectionResetError("The client broke off in the middle of the body."))
        if not self._messages:
            if self._is_idle:
                self.force_close()
            else:
                self._close = True  # after the answer that is being made
        return True

    def data_received(self, data: bytes) -> None:
        if self._is_broken:
            return
        if self._is_idle and self._server.shortcut is not None:
            self._receive(data, self._server.shortcut)
        else:
            super().data_received(data)
        is_error = bool(self._messages) and self._waiter is None and isinstance(self._messages[-1][0], _ErrInfo)
        # Within a body, of which its reader would hear nothing: one answer is enough, and the last one.
        if is_error and self._break_off(RequestPayloadError("The body is not valid HTTP.")):
            self._messages.pop()
            self._is_broken = self._has_said_all = True

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being answered or waits for its turn."""
        return not self._messages and (self._waiter is not None or self._latest is None)

    def _receive(self, data: bytes, shortcut: Shortcut) -> None:
        """Answer at once what the cache holds, and only then wake `start` for what is left."""
        waiter, self._waiter = self._waiter, None
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        while self._messages and self._answer_at_once(*self._messages[0], shortcut):
            self._messages.popleft()
            self._parser.message_consumed()  # type: ignore[union-attr]  # there is one as long as data comes
        if self._messages and waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _answer_at_once(self, asked: RawRequestMessage | _ErrInfo, body: StreamReader, shortcut: Shortcut) -> bool:
        """Whether this could be: not while answers wait to be sent, or so many requests that no more are read."""
        if self._paused or self._buffer_paused or self._server.says_goodbye or isinstance(asked, _ErrInfo):
            return False
        if body is not EMPTY_PAYLOAD or asked.upgrade or asked.version not in _VERSIONS:
            return False
        pieces = shortcut(asked, self._address)
        wire = self._wire
        if pieces is None or wire is None:
            return False
        self._server.requests_count += 1
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        for piece in pieces:
            wire.write(piece)
        if asked.should_close:
            self.force_close()
        return True

    def _break_off(self, error: Exception) -> bool:
        """Tell whoever reads, or will read, a body that has not arrived whole. Whether there is one."""
        bodies = [body for body in (self._latest, *(body for _, body in self._messages)) if body is not None]
        unfinished = [body for body in bodies if not body.is_eof()]
        for body in unfinished:
            body.set_exception(error)
        return bool(unfinished)

    async def start(self) -> None:
        try:
            await super().start()
        finally:
            # Closed, but for what waits to be sent: for that nobody waits for ever.
            if self._stalled is None and self.unsent() > 0:
                self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()
        self._server.unsent.begin(self, limit_key(self._address), is_shared=self._server.is_trusted(self._address))

    def resume_writing(self) -> None:
        self._stop_watching()
        super().resume_writing()

    def _watch(self) -> None:
        self._unsent = self.unsent()
        self._stalled = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._unsent - self.unsent() < _MIN_BYTES_PER_LOOK:
            self.end("its reader has stalled")
        else:
            self._watch()

    def _stop_watching(self) -> None:
        self._server.unsent.end(self)
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def unsent(self) -> int:
        """How many bytes wait to be sent."""
        return 0 if self._wire is None else self._wire.get_write_buffer_size()

    def held(self) -> int:
        """How many bytes are in memory until then: of an answer also what the kernel has taken already."""
        return max(self.unsent(), self._answer_bytes)

    def end(self, why: str) -> None:
        """End the connection at once, whatever waits."""
        if self._wire is not None:
            log.info("cut off a client in %s, %d bytes waited: %s", network_of(self._address), self.unsent(), why)
            self._wire.abort()

    def _handle_request(
        self, request: BaseRequest, start_time: float | None, request_handler: Any
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        self._latest = request.content
        if request._version not in _VERSIONS:
            request._version = HttpVersion11  # in which we answer
            request_handler = self._refuse_version
        return super()._handle_request(request, start_time, request_handler)

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """`Expect` is looked at before any middleware."""
        if type(resp) is web.HTTPExpectationFailed:
            resp = self.handle_error(request, resp.status)
        if self._is_last() and not resp.prepared:
            resp.force_close()
        self._answer_bytes = 0 if isinstance(resp, Shared) else resp.content_length or 0
        finished = await super().finish_response(request, resp, start_time)
        self._answer_bytes = 0
        if self._has_said_all and not self._messages:
            self._close = True
        return finished

    async def _refuse_version(self, request: BaseRequest) -> web.StreamResponse:
        return self.handle_error(request, 505)

    @property
    def has_work(self) -> bool:
        """Whether a request is being answered, or has arrived."""
        return self._request_in_progress or bool(self._messages)

    def _is_last(self) -> bool:
        """Whether the answer that is about to be sent ends the connection: nothing that has arrived goes unanswered."""
        transport = self.transport
        if not self._server.says_goodbye or self._messages:
            return False
        return transport is None or not _unread_bytes(transport.get_extra_info("socket").fileno())

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What the parser refuses never reaches a middleware: a problem document all the same, and no version."""
        if isinstance(exc, ConnectionError):
            raise exc  # the client has gone, which the line of its request tells
        if status in (500, 504):
            self.log_exception("unexpected error outside of the app", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("The answer has begun; nothing can be told any more.")
        problem = PROBLEMS[code := code_of(status, exc)]
        identifier = request_id(request)
        language = language_of_reader(request)
        body = problem_body(request, code, titled(code), language=language, members={})
        headers = {
            **problem_headers(language),
            "Server": SERVER,
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": identifier,
            RESOURCE_POLICY: PRIVATE_POLICY,
        }
        self._server.note(identifier, problem.status, len(body), self._address)
        request._version = HttpVersion11
        response = web.Response(status=problem.status, body=body, headers=headers)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """A fault of ours; one of the client's connection is none, and has a line of its own."""
        if not isinstance(kwargs.get("exc_info"), ConnectionError | RequestPayloadError | HttpProcessingError):
            super().log_exception(*args, **kwargs)


def _unread_bytes(descriptor: int) -> int:
    """How many bytes have come that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


class Server(web.Server):
    """Makes a Protocol for each connection and knows how many each address has."""

    def __init__(
        self,
        app_server: web.Server,
        settings: ServerConfig,
        shortcut: Shortcut | None = None,
        requests: RequestLog | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        super().__init__(
            cast(Any, app_server.request_handler),
            request_factory=app_server.request_factory,
            loop=asyncio.get_running_loop(),
            **app_server._kwargs,
        )
        self._most, self._trusted = settings.connections_per_address, settings.trusted_proxies
        self._open: Counter[str] = Counter()
        self.says_goodbye = False
        """Each answer is the last one on its connection, and says so: `Connection: close`."""
        self.shortcut, self._requests, self._traffic = shortcut, requests, traffic
        self.unsent = Unsent(per_address=settings.unsent_bytes_per_address, in_all=settings.unsent_bytes)

    def __call__(self) -> RequestHandler:
        return Protocol(self, loop=self._loop, **self._kwargs)

    def admit(self, address: str) -> bool:
        """Count a connection in. Proxies bring many people."""
        key = limit_key(address)
        self._open[key] += 1
        return self._open[key] <= self._most or self.is_trusted(address)

    def leave(self, address: str) -> None:
        """Count a connection out."""
        key = limit_key(address)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]

    def note(self, identifier: str, status: int, size: int, address: str) -> None:
        """Count one that no middleware sees, with a line in the log of requests."""
        if self._traffic is not None:
            self._traffic.count("-", "-", status, cache_part(""), 0.0, size)
        if self._requests is not None and self._requests.enabled:
            self._requests.add(time.time(), identifier, "-", "-", status, 0.0, size, network_of(address))

    def is_trusted(self, address: str) -> bool:
        """Whether many people come from there: a proxy of ours."""
        return address == "unix" or any(ip_address(address) in network for network in self._trusted)


class Runner(web.AppRunner):
    """aiohttp's own, with our Server in place of its."""

    __slots__ = ("_settings",)

    def __init__(self, app: web.Application, settings: ServerConfig) -> None:
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=settings.keepalive_seconds,
            # Running requests have had their time before the end: see `serving/worker.py`.
            shutdown_timeout=_SHUTDOWN_SECONDS,
            # Compressed bodies are refused, not inflated: the parser would do it before anybody is asked.
            auto_decompress=False,
            # How long the rest of a body that was refused is read, so that the client sees the answer.
            lingering_time=_LINGERING_SECONDS,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_FIELD_BYTES,
        )
        self._settings = settings

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return Server(server, self._settings, shortcut_of(self._app), self._app[REQUEST_LOG], self._app[TRAFFIC])

    @property
    def connections(self) -> int:
        """How many clients are connected, busy or not."""
        return 0 if self._server is None else len(self._server.connections)

    @property
    def has_work(self) -> bool:
        """Whether any of them waits for an answer."""
        return self._server is not None and any(
            isinstance(connection, Protocol) and connection.has_work for connection in self._server.connections
        )

    @property
    def unsent_bytes(self) -> int:
        """How much of answers waits for their readers."""
        return self._server.unsent.size if isinstance(self._server, Server) else 0

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [
            gauge("blogapi_connections", "Clients that are connected, busy or not.", lambda: self.connections),
            gauge("blogapi_unsent_bytes", "Bytes of answers that wait for their readers.", lambda: self.unsent_bytes),
        ]

    def say_goodbye(self) -> None:
        """Let each connection end with its next answer."""
        if isinstance(self._server, Server):
            self._server.says_goodbye = True
