"""The server around the app: what aiohttp leaves open to slow, many and broken clients is closed here."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from blogapi.addresses import limit_key
from blogapi.config import ServerConfig
from blogapi.errors import ConfigError
from blogapi.web.errors import CONTENT_TYPE, problem_body
from blogapi.web.health import READINESS, Readiness
from blogapi.web.problems import CODE_OF_STATUS, PROBLEMS

# A reader who takes less than this between two looks is cut off: 4 KiB/s.
_LOOK_SECONDS, _MIN_BYTES_PER_LOOK = 15, 60 * 1024
_BACKLOG = 1024
_LINGERING_SECONDS = 2
# How long a busy server still takes connections after it was told to stop.
_GRACE_SECONDS = 2

log = logging.getLogger("blogapi.server")


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

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What the parser refuses never reaches a middleware: a problem document all the same, and no version."""
        if status >= 500:
            self.log_exception("unexpected error outside of the app", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("The answer has begun; nothing can be told any more.")
        code = CODE_OF_STATUS.get(status, "bad_request")
        body = problem_body(code, PROBLEMS[code].title + ".", instance="", request_id="", members={})
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "private, no-store",
            "Server": "blogapi",
            "X-Content-Type-Options": "nosniff",
        }
        response = web.Response(status=PROBLEMS[code].status, body=body, headers=headers)
        response.force_close()
        return response


class Server(web.Server):
    """Makes a Protocol for each connection and knows how many each address has."""

    def __init__(self, app_server: web.Server, settings: ServerConfig) -> None:
        super().__init__(
            app_server.request_handler,
            request_factory=app_server.request_factory,
            loop=asyncio.get_running_loop(),
            **app_server._kwargs,
        )
        self._most, self._trusted = settings.connections_per_address, settings.trusted_proxies
        self._open: Counter[str] = Counter()

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
            shutdown_timeout=settings.drain_seconds,
            # Compressed bodies are refused, not inflated: the parser would do it before anybody is asked.
            auto_decompress=False,
            # How long the rest of a body that was refused is read, so that the client sees the answer.
            lingering_time=_LINGERING_SECONDS,
        )
        self._settings = settings

    async def _make_server(self) -> web.Server:
        return Server(await super()._make_server(), self._settings)


async def _drain(readiness: Readiness, seconds: float) -> None:
    """While it is busy, go on for a moment: whoever sends requests here reads on /readyz that it should not."""
    readiness.draining = True
    deadline = time.monotonic() + seconds
    while readiness.running and time.monotonic() < deadline:  # noqa: ASYNC110  (an event would cost every request)
        await asyncio.sleep(0.05)


def take_address(settings: ServerConfig) -> socket.socket:
    """A socket on the configured address; nobody is heard on it yet. Raises ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"server.port: cannot listen on {settings.host}:{settings.port} ({error.strerror}). "
            "Stop what listens there or set another port (BLOGAPI_SERVER__PORT; 0 takes a free one)."
        ) from None


async def run_until_stopped(
    app: web.Application, settings: ServerConfig, listener: socket.socket, on_listening: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then drain: /readyz 503, no new connections, running requests finish."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = Runner(app, settings)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        on_listening()
        await stop.wait()
        await _drain(app[READINESS], min(settings.drain_seconds, _GRACE_SECONDS))
    finally:
        await runner.cleanup()
