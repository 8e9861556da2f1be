"""Several processes behind one listening socket: started, replaced when they end, renewed one after the other.

A worker is a command of ours that is run afresh, so it shares no thread and no connection with us, and sees code and
configuration as they are now. It is given the listening socket, which stays open here, so that a client who comes while
a worker goes waits for the next one. Two pipes tell the rest. On its standard output the worker says every second that
its loop runs, one line when it serves, RETIRING when it takes no more connections, and the end of it is the worker's
own. Its standard input ends when we do, however we were killed, and so does the worker: see `serving/starter.py`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from blogapi.errors import ConfigError
from blogapi.jobs.tasks import end_tasks
from blogapi.measures import Measure, counter, gauge, tally
from blogapi.serving.launcher import Launcher

BEAT, WATCHED_BEAT, RETIRING = b"beat\n", b"watched\n", b"retiring\n"
"""What a worker says: that its loop runs, the same while somebody asks /readyz, that it takes no more connections."""

RETIRE, STOP, STOP_WATCHED, TAKE_STOCK = signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGUSR1
"""What a worker is told: to end while others go on, that the whole server stops, the same while somebody asks one of us
on /readyz and goes by that, to log what it holds."""

# A worker that dies younger than this waits before it is replaced, each time twice as long: not longer than the short
# pause, unless it has said that somebody has to change the configuration.
_STEADY_SECONDS, _FIRST_PAUSE, _SHORT_PAUSE, _LONGEST_PAUSE = 10, 0.5, 2, 30
_LOOK_SECONDS = 0.5
# Until it has said its first word it may be importing, on a machine that is busy with starting everything.
_FIRST_WORD_SECONDS = 60

log = logging.getLogger("blogapi.workers")


class Hearer(Protocol):
    """Who hears what workers tell of their measures."""

    def hear(self, process: int, place: int, line: bytes) -> bool:
        """Take a line; whether it was one of these."""

    def forget(self, process: int) -> None:
        """This worker has ended."""


class WorkerFailed(Exception):
    """The first worker did not come to serve. The log has said why; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The first worker ended with {code}.")
        self.code = code


@dataclass(eq=False, slots=True)
class _Worker:
    """One process. `place` is its number among those that serve beside each other.

    `silent_seconds` is for how long its loop has said nothing, as far as we were there to hear it.
    """

    place: int
    process: asyncio.subprocess.Process
    started: float = field(default_factory=time.monotonic)
    serves: bool = False
    has_begun: bool = False
    is_watched: bool = False
    is_asked: bool = False
    silent_seconds: float = 0
    _facts: Any = None
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, hearer: Hearer | None) -> int:
        """Hear what it says until it has ended. Its exit code."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.has_begun, self.silent_seconds = True, 0
            if line == RETIRING:
                self.is_asked = True
                self._left.set()
            elif line in {BEAT, WATCHED_BEAT}:
                was_watched, self.is_watched = self.is_watched, line == WATCHED_BEAT
                if self.is_watched and not was_watched:
                    self.note("is watched", logging.DEBUG)
            elif hearer is None or not hearer.hear(self.process.pid, self.place, line):
                self._facts, self.serves = json.loads(line), True
                self.note("serves")
                self._told.set()
        code = await self.process.wait()
        self.is_asked |= code == -signal.SIGTERM  # before it knew how to retire
        self._told.set()
        self._left.set()
        return code

    async def begin(self) -> Any:
        """What it says of itself once it serves; None when it has ended instead."""
        await self._told.wait()
        return self._facts

    async def leave(self) -> bool:
        """Wait until it takes no more connections. Whether it was asked to; otherwise it has died."""
        await self._left.wait()
        return self.is_asked

    async def be_silent(self, seconds: float) -> None:
        """Wait until its loop has been silent for so long. Time counts only as far as we were running, too."""
        before = time.monotonic()
        while self.silent_seconds < (seconds if self.has_begun else max(seconds, _FIRST_WORD_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            # When all of us stood still, the machine did; whoever wakes up first must not judge the others.
            self.silent_seconds += min(now - before, 2 * _LOOK_SECONDS)
            before = now

    def note(self, what: str, level: int = logging.INFO) -> None:
        """A line in the log."""
        log.log(level, "worker %d %s, process %d", self.place, what, self.process.pid)

    def tell(self, number: int) -> None:
        """Send a signal. One that does not serve yet has nothing to finish."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number if self.serves else signal.SIGKILL)


class Workers:
    """Keeps several processes running that the launcher starts, which serve on the listening socket.

    SIGTERM and SIGINT stop them, and a second one at once. SIGHUP renews them: `recount` says how many there should be
    now, and raises ConfigError when the old ones had better go on. SIGUSR1 has each log what it holds.
    """

    def __init__(
        self,
        launcher: Launcher,
        listener: socket.socket,
        *,
        stop_seconds: float,
        stuck_seconds: float,
        recount: Callable[[], int],
    ) -> None:
        self._launcher, self._listener = launcher, listener
        self._patience, self._stuck_seconds, self._recount = stop_seconds, stuck_seconds, recount
        self._alive: dict[_Worker, asyncio.Task[None]] = {}  # with who waits for its end
        self._kept: dict[int, tuple[_Worker, asyncio.Task[None]]] = {}  # by place, with who replaces it
        self._stop, self._renewal, self._hurry = asyncio.Event(), asyncio.Event(), False
        self.hearer: Hearer | None = None
        self._endings = tally("retired", "died", "stuck")
        self._reloads = tally("done", "failed")
        self._wanted = 0

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [
            gauge("blogapi_workers", "Workers that serve.", lambda: sum(worker.serves for worker in self._alive)),
            gauge("blogapi_workers_wanted", "How many there should be: server.workers.", lambda: self._wanted),
            counter(
                "blogapi_worker_endings_total",
                "Workers that ended, each replaced: retired (told to end), died (by itself or killed by somebody), "
                "stuck (killed since its loop was silent).",
                lambda: self._endings,
                ("how",),
            ),
            counter(
                "blogapi_reloads_total",
                "Reloads, done or failed: then the old workers go on.",
                lambda: self._reloads,
                ("outcome",),
            ),
        ]

    def renew(self) -> None:
        """Replace all of them by new ones, one after the other, as SIGHUP does."""
        self._renewal.set()

    async def run(self, count: int, extra: Sequence[str], begun: Callable[[Any], None]) -> None:
        """Serve until a signal says stop. Raises WorkerFailed when the very first worker does not come to serve.

        That one is started alone, with the extra arguments, and what it says of itself is passed to `begun`.
        """
        # Whoever starts us with nohup means us to outlive the terminal.
        loop, had_terminal = asyncio.get_running_loop(), _has_terminal() and not _ignored(signal.SIGHUP)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_soon)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up, had_terminal)
        loop.add_signal_handler(TAKE_STOCK, self._take_stock)
        serving = asyncio.create_task(self._serve(count, extra, begun))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        finally:
            await end_tasks(serving, stopping, *(keeper for _, keeper in self._kept.values()))
            await self._end()

    def _stop_soon(self) -> None:
        if self._stop.is_set():
            self._hurry = True
            self._tell_all(signal.SIGKILL)
        self._stop.set()

    def _hang_up(self, had_terminal: bool) -> None:
        # The same signal says that the terminal in which we were started has been closed.
        if had_terminal and not _has_terminal():
            self._stop.set()
        else:
            self.renew()

    def _take_stock(self) -> None:
        for worker in self._alive:
            if worker.serves:
                worker.tell(TAKE_STOCK)

    async def _serve(self, count: int, extra: Sequence[str], begun: Callable[[Any], None]) -> None:
        self._wanted = count
        first = await self._start(1, extra)
        told = await first.begin()
        if told is None:
            raise WorkerFailed(await first.process.wait())
        self._keep(first)
        begun(told)
        for place in range(2, count + 1):
            self._keep(await self._start_again(place))
        while True:
            self._launcher.prepare()
            await self._renewal.wait()
            self._renewal.clear()
            self._reloads["done" if await self._renew() else "failed",] += 1

    async def _renew(self) -> bool:
        """A new worker for each place, and only when it serves the old one goes. Whether all are new."""
        try:
            count = self._recount()
        except ConfigError as error:
            log.error("not reloaded, the old workers go on: %s", " ".join(str(error).split()))
            return False
        self._wanted = count
        log.info("reloading: %d workers, one after the other", count)
        for place in range(1, count + 1):
            worker = await self._begin(place)
            if worker is None:
                log.error("not reloaded, the old workers go on: the new worker %d did not come to serve", place)
                return False
            self._keep(worker)
        for place in [place for place in self._kept if place > count]:
            self._retire(*self._kept.pop(place))
        log.info("reloaded")
        return True

    def _keep(self, worker: _Worker) -> None:
        """Give the place to this worker. Who had it retires."""
        before = self._kept.get(worker.place)
        self._kept[worker.place] = worker, asyncio.create_task(self._replace(worker))
        if before is not None:
            self._retire(*before)

    def _retire(self, worker: _Worker, keeper: asyncio.Task[None]) -> None:
        keeper.cancel()
        worker.note("retires")
        worker.tell(RETIRE)
        self._expect_end(worker)

    def _expect_end(self, worker: _Worker) -> None:
        asyncio.get_running_loop().call_later(self._patience, self._end_late, worker)

    def _end_late(self, worker: _Worker) -> None:
        if worker in self._alive:
            worker.note(f"did not end in {self._patience:g} s and is killed", logging.ERROR)
            worker.tell(signal.SIGKILL)

    async def _replace(self, worker: _Worker) -> None:
        """Once it takes no more connections, at once or, after one early death upon the other, later and later."""
        deaths = 0
        while True:
            if not worker.serves:
                await worker.begin()
            if await worker.leave():
                worker.note("retires")
                self._expect_end(worker)
                deaths = 0
            elif worker.serves and time.monotonic() - worker.started > _STEADY_SECONDS:
                deaths = 1
            else:
                deaths += 1
            longest = _LONGEST_PAUSE if worker.process.returncode == ConfigError.exit_code else _SHORT_PAUSE
            worker = await self._start_again(worker.place, deaths, longest)
            self._kept[worker.place] = worker, self._kept[worker.place][1]

    async def _start_again(self, place: int, deaths: int = 0, longest: float = _SHORT_PAUSE) -> _Worker:
        while True:
            if deaths > 1:
                pause = min(longest, _FIRST_PAUSE * 2 ** min(deaths - 2, 10))
                log.error("worker %d keeps dying, %d times now: next try in %g s", place, deaths, pause)
                await asyncio.sleep(pause)
            try:
                return await self._start(place)
            except OSError as error:  # no more processes, or no memory for one
                log.error("worker %d cannot be started: %s", place, error.strerror)
                deaths = max(2, deaths + 1)

    async def _begin(self, place: int) -> _Worker | None:
        """A new worker that serves, or none, and the log says why."""
        try:
            worker = await self._start(place)
        except OSError as error:
            log.error("worker %d cannot be started: %s", place, error.strerror)
            return None
        return worker if await worker.begin() is not None else None

    async def _start(self, place: int, extra: Sequence[str] = ()) -> _Worker:
        process = await self._launcher.start(extra)
        worker = _Worker(place, process)
        self._alive[worker] = asyncio.create_task(self._see_off(worker))
        return worker

    async def _see_off(self, worker: _Worker) -> None:
        ending = asyncio.create_task(worker.listen(self.hearer))
        silence = asyncio.create_task(worker.be_silent(self._stuck_seconds or math.inf))
        await asyncio.wait({ending, silence}, return_when=asyncio.FIRST_COMPLETED)
        if is_stuck := not ending.done():
            worker.note(f"is killed after {worker.silent_seconds:.0f} s of silence", logging.ERROR)
            worker.tell(signal.SIGKILL)
        code = await ending
        await end_tasks(silence)
        del self._alive[worker]
        if self.hearer is not None:
            self.hearer.forget(worker.process.pid)
        if worker.serves and not self._stop.is_set():
            self._endings["stuck" if is_stuck else "retired" if worker.is_asked and code == 0 else "died",] += 1
        how = f"ended with exit code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
        # Else that was told, or it is the very first, who said why unless it was killed, for want of memory maybe.
        if not is_stuck and (worker.serves or self._kept or code < 0):
            worker.note(how, logging.INFO if code == 0 or self._stop.is_set() else logging.ERROR)

    def _tell_all(self, number: int) -> None:
        for worker in self._alive:
            worker.tell(number)

    async def _end(self) -> None:
        await self._launcher.close()
        stop = STOP_WATCHED if any(worker.is_watched for worker in self._alive) else STOP
        self._tell_all(signal.SIGKILL if self._hurry else stop)
        if self._alive:
            refusing = asyncio.create_task(self._refuse())
            await asyncio.wait(self._alive.values(), timeout=self._patience)
            await end_tasks(refusing)
        if late := list(self._alive.values()):
            log.error("%d workers did not end in %g s and are killed", len(late), self._patience)
            self._tell_all(signal.SIGKILL)
            await asyncio.wait(late)

    async def _refuse(self) -> None:
        """When nobody takes connections any more, let nobody wait for one: a refused client goes elsewhere at once."""
        for worker in list(self._alive):
            await worker.leave()
        self._listener.close()


def _ignored(number: int) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
