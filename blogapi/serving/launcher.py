"""How processes of workers are started, and the spare one that makes a reload quick.

Most of a start is importing packages that are not ours. A spare process has that behind it and waits. When it is
needed it imports our code as it is then; should anything that it has imported already be another by now, it begins
anew, as every other worker does.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress

from blogapi.jobs.tasks import end_tasks

SPARE = "--spare"
_READY = b"ready\n"
# What takes longest to import. Whatever is missing here is imported later, which costs its time and nothing else.
PACKAGES = (
    "aiohttp.web",
    "aiohttp_session",
    "aiosmtplib",
    "apispec.ext.marshmallow",
    "bcrypt",
    "cryptography.hazmat.primitives.ciphers.aead",
    "dotenv",
    "isal.igzip_lib",
    "jwt",
    "limits",
    "marshmallow",
    "motor.motor_asyncio",
    "orjson",
    "pymongo",
    "pyotp",
    "slugify",
    "uvloop",
    "yaml",
)
# Times of files come from a clock that is behind by some milliseconds.
_SLACK_SECONDS = 0.1

log = logging.getLogger("blogapi.workers")


class Launcher:
    """Starts `command` with this environment and the listening socket under its descriptor here."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], listener: socket.socket, *, keeps_spare: bool
    ) -> None:
        self._command, self._environ, self._listener = command, environ, listener
        self._keeps_spare = keeps_spare
        self._preparing: asyncio.Task[None] | None = None
        self._spare: tuple[Process, float] | None = None

    async def start(self, extra: Sequence[str]) -> Process:
        """A new worker: the spare one if it is ready. Raises OSError when there can be no more processes."""
        spare, self._spare = self._spare, None
        if spare is None or spare[0].returncode is not None or extra:
            return await self._execute(extra)
        process, started = spare
        assert process.stdin is not None
        process.stdin.write(f"{started}\n".encode())
        return process

    async def _execute(self, extra: Sequence[str]) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            *extra,
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=[self._listener.fileno()],
            env=self._environ,
            start_new_session=True,  # a Ctrl-C in the terminal is for us, who then tell them
        )

    def prepare(self) -> None:
        """See to it that there is a spare one soon, if one is to be kept."""
        if self._keeps_spare and self._spare is None and (self._preparing is None or self._preparing.done()):
            self._preparing = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        started = time.time()
        try:
            process = await self._execute([SPARE])
        except OSError as error:
            log.debug("there is no spare worker: %s", error.strerror)
            return
        assert process.stdout is not None
        try:
            is_ready = await process.stdout.readline() == _READY
        except asyncio.CancelledError:
            await _end(process)
            raise
        if is_ready:
            log.debug("a spare worker is ready, process %d", process.pid)
            self._spare = process, started

    async def close(self) -> None:
        """End the spare one."""
        if self._preparing is not None:
            await end_tasks(self._preparing)
        if self._spare is not None:
            await _end(self._spare[0])


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def wait_to_begin(starter: int, answers: int) -> None:
    """What the spare process does with its standard input and output, before it imports any of our code.

    Returns when it is needed. Ends the process when who started it has gone.
    """
    for name in PACKAGES:
        with suppress(ImportError):  # there is not each for every platform
            importlib.import_module(name)
    os.write(answers, _READY)
    line = os.read(starter, 64)
    if not line:
        os._exit(0)
    if _has_changed(since=float(line)):
        os.execv(sys.executable, [argument for argument in sys.orig_argv if argument != SPARE])  # noqa: S606


def _has_changed(since: float) -> bool:
    """Whether a file that was imported may be another than it was then."""
    files = [file for module in [*sys.modules.values()] if (file := getattr(module, "__file__", None))]
    try:
        return any(os.stat(file).st_ctime > since - _SLACK_SECONDS for file in files)
    except OSError:
        return True
