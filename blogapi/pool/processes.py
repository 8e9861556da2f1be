"""Processes that answer questions: started when they are needed, kept, ended when they take too long, replaced."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from blogapi.errors import Overloaded
from blogapi.measures import Measure, counter, gauge, tally
from blogapi.pool import child
from blogapi.translation.sentence import say

log = logging.getLogger("blogapi.pool")


class TimeSpent(Exception):
    """A question took more CPU time than it may; the process that thought about it has been ended."""


class Processes:
    """The processes of one task: a module with a function `answer` from bytes to bytes, one question each at a time."""

    def __init__(self, task: str, *, niceness: int) -> None:
        self._task, self._niceness = task, niceness
        self._alive: set[_Process] = set()
        self._idle: deque[_Process] = deque()
        self._ended: list[_Process] = []
        self.endings = tally("timeout", "cpu", "died")
        """How many were ended, by why: no answer in time, too much CPU time, or they had died."""

        os.register_at_fork(after_in_child=self._forget)  # they answer the process that started them
        atexit.register(self.close)

    def start(self) -> None:
        """Have one ready before the first question: starting one may take longer than an answer."""
        if not self._alive:
            self._idle.append(self._start())

    async def ask(self, question: bytes, *, deadline_seconds: float, cpu_seconds: float = 0) -> bytes:
        """The answer. Raises TimeSpent, and Overloaded when there is none in time, or nobody to ask.

        `cpu_seconds` bounds the work itself (0: not at all), the deadline how long anybody waits for it.
        """
        for _ in range(2):  # one that was idle may have been killed
            process = self._take()
            try:
                async with asyncio.timeout(deadline_seconds):
                    is_answer, told = await _exchange(process.channel, question, cpu_seconds)
            except TimeoutError:
                self.endings["timeout",] += 1
                self._end(process)
                log.warning("a process (%s) gave no answer for %g s and was ended", self._task, deadline_seconds)
                break
            except OSError:
                is_spent = await self._how_it_died(process) == -child.SPENT
                self.endings["cpu" if is_spent else "died",] += 1
                if is_spent:
                    log.info("a question to %s took more than %g s of CPU", self._task, cpu_seconds)
                    raise TimeSpent from None
                continue
            except BaseException:  # whoever asked has gone: nobody would take the answer
                self._end(process)
                raise
            self._idle.append(process)
            if not is_answer:
                raise RuntimeError(f"{self._task} failed: {bytes(told).decode()}")
            return bytes(told)
        raise Overloaded(say("This cannot be done now. Try again in a moment."))

    def close(self) -> None:
        """End all of them."""
        for process in [*self._alive]:
            self._end(process)
        for process in self._ended:
            process.popen.wait()
        self._ended.clear()

    @property
    def pids(self) -> frozenset[int]:
        """Of those that live."""
        return frozenset(process.popen.pid for process in self._alive)

    def _take(self) -> _Process:
        self._ended = [process for process in self._ended if process.popen.poll() is None]
        while self._idle:
            process = self._idle.pop()
            if process.popen.poll() is None:
                return process
            self._end(process)
        try:
            return self._start()
        except OSError as error:
            log.error("a process (%s) cannot be started: %s", self._task, error)
            raise Overloaded(say("This cannot be done now. Try again in a moment.")) from None

    def _start(self) -> _Process:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                popen = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-P", "-m", child.__name__, self._task, str(self._niceness), str(os.getpid())],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        process = _Process(popen, ours)
        self._alive.add(process)
        return process

    def _end(self, process: _Process) -> None:
        """Kill a process: one that hangs hears nothing else. It is not waited for, as a low priority dies slowly."""
        self._alive.discard(process)
        process.channel.close()
        process.popen.kill()
        self._ended.append(process)

    async def _how_it_died(self, process: _Process) -> int:
        self._end(process)
        return await asyncio.to_thread(process.popen.wait)

    def _forget(self) -> None:
        for process in self._alive:
            process.channel.close()
        self._alive.clear()
        self._idle.clear()
        self._ended.clear()


def crews(processes: Mapping[str, Processes]) -> list[Measure]:
    """The metrics of processes, by the name of the queue before them."""
    return [
        gauge(
            "blogapi_pool_processes",
            "Processes that compute: they hash passwords and render texts.",
            lambda: {(name,): len(those.pids) for name, those in processes.items()},
            ("queue",),
        ),
        counter(
            "blogapi_pool_endings_total",
            "Those that were ended or found dead: no answer in time, too much CPU time for one question, or died.",
            lambda: {(name, *why): times for name, those in processes.items() for why, times in those.endings.items()},
            ("queue", "reason"),
        ),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Process:
    popen: subprocess.Popen[bytes]
    channel: socket.socket


def _environment() -> dict[str, str]:
    # Modules are found where we find them. What is in our configuration is none of their business.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


async def _exchange(channel: socket.socket, question: bytes, cpu_seconds: float) -> tuple[bool, bytearray]:
    """Whether it is an answer, and what it tells. Raises OSError when the process has died."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(channel, child.QUESTION.pack(cpu_seconds, len(question)) + question)
    is_answer, length = child.ANSWER.unpack(await _receive(loop, channel, child.ANSWER.size))
    return is_answer, await _receive(loop, channel, length)


async def _receive(loop: asyncio.AbstractEventLoop, channel: socket.socket, length: int) -> bytearray:
    received = bytearray(length)
    missing = memoryview(received)
    while missing:
        count = await loop.sock_recv_into(channel, missing)
        if not count:
            raise ConnectionResetError
        missing = missing[count:]
    return received
