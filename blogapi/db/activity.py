"""What the driver says that it does: commands, retries and connections, counted as they happen.

The driver calls these listeners while a command waits for them, and Motor from several threads: so each does little,
and one at a time.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
)

from blogapi.measures import Durations, Measure, Tally, counter, gauge

# Operations of which a command has failed; a further command of one is its retry. So many are remembered.
_REMEMBERED = 1000


class Activity(CommandListener, ConnectionPoolListener):
    """Counts what a client does. Nothing of commands is kept but their names, which come from our code."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times, self._failures = Durations(), Counter[tuple[str, ...]]()
        self._failed: OrderedDict[int | None, None] = OrderedDict()
        self._retries: Tally = Counter()
        self._refusals: Tally = Counter()
        self._opened = self._closed = self._taken = self._given_back = 0
        self._waited = 0.0

    def started(self, event: CommandStartedEvent) -> None:
        """See CommandListener."""
        if self._failed and event.operation_id in self._failed:
            with self._lock:
                self._retries[(event.command_name,)] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """See CommandListener."""
        with self._lock:
            self._times.add((event.command_name,), event.duration_micros / 1e6)

    def failed(self, event: CommandFailedEvent) -> None:
        """See CommandListener."""
        with self._lock:
            self._times.add((event.command_name,), event.duration_micros / 1e6)
            self._failures[(event.command_name,)] += 1
            self._failed[event.operation_id] = None
            if len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)

    def connection_created(self, event: ConnectionCreatedEvent) -> None:
        """See ConnectionPoolListener."""
        with self._lock:
            self._opened += 1

    def connection_closed(self, event: ConnectionClosedEvent) -> None:
        """See ConnectionPoolListener."""
        with self._lock:
            self._closed += 1

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        """See ConnectionPoolListener."""
        with self._lock:
            self._taken += 1
            self._waited += event.duration or 0.0

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        """See ConnectionPoolListener."""
        with self._lock:
            self._refusals[(event.reason,)] += 1

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        """See ConnectionPoolListener."""
        with self._lock:
            self._given_back += 1

    def _ignored(self, event: Any) -> None:
        """What says nothing that is counted."""

    pool_created = pool_ready = pool_cleared = pool_closed = _ignored
    connection_ready = connection_check_out_started = _ignored

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [
            self._times.measure(
                "blogapi_database_command_duration_seconds", "How long a command to MongoDB took.", ("command",)
            ),
            counter(
                "blogapi_database_command_failures_total",
                "Commands that MongoDB refused or did not answer.",
                lambda: self._failures,
                ("command",),
            ),
            counter(
                "blogapi_database_retries_total",
                "Commands that the driver sent once more, after a failure.",
                lambda: self._retries,
                ("command",),
            ),
            gauge("blogapi_database_connections", "Open connections.", lambda: self._opened - self._closed),
            gauge(
                "blogapi_database_connections_in_use",
                "Connections on which a command waits for its answer.",
                lambda: self._taken - self._given_back,
            ),
            counter("blogapi_database_connections_opened_total", "Connections that were made.", lambda: self._opened),
            counter("blogapi_database_checkouts_total", "How often a connection was taken.", lambda: self._taken),
            counter(
                "blogapi_database_checkout_seconds_total",
                "How long all together waited for a connection; what was not to be had is not in it.",
                lambda: self._waited,
            ),
            counter(
                "blogapi_database_checkout_failures_total",
                "How often no connection was to be had: timeout, poolClosed or connectionError.",
                lambda: self._refusals,
                ("reason",),
            ),
        ]
