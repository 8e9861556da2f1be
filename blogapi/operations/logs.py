"""Logging: one line per event, JSON for machines or text for people, on standard error.

Request lines are most of it, so they are cheap: collected as finished values and written in batches by a thread. Their
fields are chosen, never dumped: a route, not a path, and no query, header, body, name or full address, so that neither
secrets nor personal data reach the log.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TextIO

import orjson

_BATCH_SECONDS = 0.1
# Kept while standard error is stuck: a few megabytes.
_MAX_PENDING = 10_000
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log = logging.getLogger("blogapi.requests")


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_whole_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)  # thousands of lines fall into the same one
def _whole_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


class JsonFormatter(logging.Formatter):
    """A JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(entry).decode()


class TextFormatter(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_timestamp(record.created)[11:23]} {record.levelname.lower():7} {record.name}: {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def set_up_logging(level: str, form: str) -> None:
    """Send everything that is logged to standard error. `form` is `json` or `text`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for chatty in ("pymongo", "motor", "asyncio", "markdown_it", "watchfiles"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, _LEVELS[level]))


class RequestLog:
    """Writes a line per request, in batches, off the event loop.

    When standard error takes nothing, lines wait up to a bound; what comes then is counted and told later.
    """

    def __init__(self, level: str, form: str, stream: TextIO | None = None, *, max_pending: int = _MAX_PENDING) -> None:
        self.enabled = _LEVELS[level] <= logging.INFO
        self._format: Callable[..., str] = _json_line if form == "json" else _text_line
        self._stream = stream
        self._pending: list[tuple[Any, ...]] = []
        self._max_pending, self._dropped = max_pending, 0
        self._writing: Future[None] | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="request-log")

    def add(self, *fields: Any) -> None:
        """Takes time, request id, method, route, status, milliseconds, bytes and the client's network."""
        if len(self._pending) >= self._max_pending:
            self._dropped += 1
            return
        if not self._pending:
            self._flush_soon()
        self._pending.append(fields)

    def _flush_soon(self) -> None:
        asyncio.get_running_loop().call_later(_BATCH_SECONDS, self._flush_unless_stuck)

    def _flush_unless_stuck(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._flush_soon()
        else:
            self._flush()

    def _flush(self) -> None:
        batch, self._pending = self._pending, []
        dropped, self._dropped = self._dropped, 0
        if batch:
            self._writing = self._writer.submit(self._write, batch, dropped)

    def _write(self, batch: list[tuple[Any, ...]], dropped: int) -> None:
        stream = self._stream or sys.stderr
        stream.write("".join([self._format(*fields) for fields in batch]))
        stream.flush()
        if dropped:
            log.warning("%d request lines were dropped: standard error was stuck", dropped)

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._writer.shutdown()


def _json_line(
    moment: float, identifier: str, method: str, route: str, status: int, ms: float, size: int | None, network: str
) -> str:
    # By hand, in half of the time: only a route may hold what JSON escapes.
    return (
        f'{{"time":"{_timestamp(moment)}","level":"info","message":"request","request_id":"{identifier}",'
        f'"method":"{method}","route":{_quoted(route)},"status":{status},"duration_ms":{ms},'
        f'"bytes":{"null" if size is None else size},"network":"{network}"}}\n'
    )


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _text_line(
    moment: float, identifier: str, method: str, route: str, status: int, ms: float, size: int | None, network: str
) -> str:
    return f"{_timestamp(moment)[11:23]} {status} {method:6} {route} {ms} ms {size or 0} B {network} {identifier}\n"
