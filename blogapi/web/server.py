"""The server around the app: what aiohttp leaves open to slow, many and broken clients is closed here."""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
from collections import Counter
from collections.abc import Coroutine
from ipaddress import ip_address
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from blogapi.addresses import limit_key
from blogapi.config import ServerConfig
from blogapi.web.errors import CONTENT_TYPE, problem_body
from blogapi.web.hits import Ask, answer_hits
from blogapi.web.middlewares.protect import SERVER
from blogapi.web.problems import CODE_OF_STATUS, PROBLEMS
from blogapi.web.requests import request_id

# A reader who takes less than this between two looks is cut off: 4 KiB/s.
_LOOK_SECONDS, _MIN_BYTES_PER_LOOK = 15, 60 * 1024
_LINGERING_SECONDS = 2
_SHUTDOWN_SECONDS = 1
# Not the same, so that it shows in an error which of the two was too long.
_MAX_LINE_BYTES, _MAX_FIELD_BYTES = 8190, 8192


class Protocol(RequestHandler):
    """One connection. Counted by address, cut off when its reader stalls, and its protocol errors are ours to word."""

    __slots__ = ("_address", "_stalled", "_unsent")

    def __init__(self, manager: Server, **kwargs: Any) -> None:
        super().__init__(manager, **kwargs)
        self._address = ""
        self._stalled: asyncio.TimerHandle | None = None
        self._unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else "unix"
        manager = self._manager
        if isinstance(manager, Server) and not manager.admit(self._address):
            assert isinstance(transport, asyncio.Transport)
            transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        if isinstance(self._manager, Server):
            self._manager.leave(self._address)
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self._buffered()
        self._watch()

    def resume_writing(self) -> None:
        self._stop_watching()
        super().resume_writing()

    def _watch(self) -> None:
        self._stalled = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        unsent = self._buffered()
        if self._unsent - unsent < _MIN_BYTES_PER_LOOK and self.transport is not None:
            self.transport.abort()
            return
        self._unsent = unsent
        self._watch()

    def _stop_watching(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _buffered(self) -> int:
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """`Expect` is looked at before any middleware."""
        if type(resp) is web.HTTPExpectationFailed:
            resp = self.handle_error(request, resp.status)
        if self._is_last() and not resp.prepared:
            resp.force_close()
        return super().finish_response(request, resp, start_time)

    @property
    def has_work(self) -> bool:
        """Whether a request is being answered, or has arrived."""
        return self._request_in_progress or bool(self._messages)

    def _is_last(self) -> bool:
        """Whether the answer that is about to be sent ends the connection: nothing that has arrived goes unanswered."""
        manager, transport = self._manager, self.transport
        if not isinstance(manager, Server) or not manager.says_goodbye or self._messages:
            return False
        return transport is None or not _unread_bytes(transport.get_extra_info("socket").fileno())

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What the parser refuses never reaches a middleware: a problem document all the same, and no version."""
        if status >= 500:
            self.log_exception("unexpected error outside of the app", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("The answer has begun; nothing can be told any more.")
        code = CODE_OF_STATUS.get(431 if _is_long_head(exc) else status, "bad_request")
        identifier = request_id(request)
        detail = f"{PROBLEMS[code].title}."
        body = problem_body(code, detail, instance=request.path, request_id=identifier, members={})
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "private, no-store",
            "Server": SERVER,
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": identifier,
        }
        response = web.Response(status=PROBLEMS[code].status, body=body, headers=headers)
        response.force_close()
        return response


def _unread_bytes(descriptor: int) -> int:
    """How many bytes have come that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


def _is_long_head(error: BaseException | None) -> bool:
    if isinstance(error, LineTooLong):
        return bool(error.args[1] != _MAX_LINE_BYTES)
    # The parser has no kind of its own for this one.
    return isinstance(error, BadHttpMessage) and error.message == "Too many headers received"


class Server(web.Server):
    """Makes a Protocol for each connection and knows how many each address has."""

    def __init__(self, app_server: web.Server, settings: ServerConfig, answer: Ask | None = None) -> None:
        super().__init__(
            cast(Any, answer or app_server.request_handler),
            request_factory=app_server.request_factory,
            loop=asyncio.get_running_loop(),
            **app_server._kwargs,
        )
        self._most, self._trusted = settings.connections_per_address, settings.trusted_proxies
        self._open: Counter[str] = Counter()
        self.says_goodbye = False
        """Each answer is the last one on its connection, and says so: `Connection: close`."""

    def __call__(self) -> RequestHandler:
        return Protocol(self, loop=self._loop, **self._kwargs)

    def admit(self, address: str) -> bool:
        """Count a connection in. Proxies bring many people."""
        key = limit_key(address)
        self._open[key] += 1
        return self._open[key] <= self._most or self._is_trusted(address)

    def leave(self, address: str) -> None:
        """Count a connection out."""
        key = limit_key(address)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]

    def _is_trusted(self, address: str) -> bool:
        return address == "unix" or any(ip_address(address) in network for network in self._trusted)


class Runner(web.AppRunner):
    """aiohttp's own, with our Server in place of its."""

    __slots__ = ("_settings",)

    def __init__(self, app: web.Application, settings: ServerConfig) -> None:
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=settings.keepalive_seconds,
            # Running requests have had their time before the end: see `web/worker.py`.
            shutdown_timeout=_SHUTDOWN_SECONDS,
            # Compressed bodies are refused, not inflated: the parser would do it before anybody is asked.
            auto_decompress=False,
            # How long the rest of a body that was refused is read, so that the client sees the answer.
            lingering_time=_LINGERING_SECONDS,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_FIELD_BYTES,
        )
        self._settings = settings

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return Server(server, self._settings, answer_hits(self._app, server.request_handler))

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

    def say_goodbye(self) -> None:
        """Let each connection end with its next answer."""
        if isinstance(self._server, Server):
            self._server.says_goodbye = True
