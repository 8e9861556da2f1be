"""The port on which the first process tells Prometheus of all workers together. No reader of the blog comes here."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress

from blogapi.config import MetricsConfig
from blogapi.errors import ConfigError, NotYet
from blogapi.operations.ledger import Ledger
from blogapi.serving.listening import listen_on

PATH = "/metrics"
_AGAIN_SECONDS = 5

log = logging.getLogger("blogapi.metrics")


class MetricsPort:
    """Serves a ledger. A blog without metrics is better than none: while the port is taken it waits for it."""

    def __init__(self, settings: MetricsConfig, ledger: Ledger) -> None:
        """Raises ConfigError when it can never be had."""
        self._settings, self.ledger = settings, ledger
        self._socket: socket.socket | None = None
        try:
            self._socket = self._take()
        except NotYet as missing:
            log.warning("no metrics yet: %s", missing)

    @property
    def address(self) -> str | None:
        """Where Prometheus finds them; None while the port is another process's."""
        if self._socket is None:
            return None
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"http://{host}:{self._socket.getsockname()[1]}{PATH}"

    def _take(self) -> socket.socket:
        return listen_on("metrics", self._settings.host, self._settings.port)

    async def serve(self) -> None:
        """Until cancelled."""
        # Only now, while the first worker starts: it takes a while to be imported.
        from aiohttp import web
        from prometheus_client import CollectorRegistry
        from prometheus_client.aiohttp import make_aiohttp_handler

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self.ledger)
        app = web.Application()
        app.router.add_get(PATH, make_aiohttp_handler(registry))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            was_taken = self._socket is None
            while self._socket is None:
                await asyncio.sleep(_AGAIN_SECONDS)
                with suppress(NotYet, ConfigError):
                    self._socket = await asyncio.to_thread(self._take)
            await web.SockSite(runner, self._socket).start()
            if was_taken:  # else the start says where they are
                log.info("metrics at %s", self.address)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            if self._socket is not None:
                self._socket.close()
