"""bcrypt at a lower priority than everything else here: in processes of their own, see `hasher`."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections import deque

from blogapi.auth import hasher
from blogapi.errors import Unavailable


class Hashers:
    """As many processes as hashes are computed at the same time. They are started when they are needed, and stay."""

    def __init__(self) -> None:
        self._idle: deque[subprocess.Popen[bytes]] = deque()
        os.register_at_fork(after_in_child=self._idle.clear)  # they answer the process that started them

    def hash(self, password: bytes, salt: bytes) -> bytes:
        """What bcrypt makes of 64 letters or so and a salt; a hash is its own salt. Blocks. Raises Unavailable."""
        for _ in range(2):  # one that was idle may have been killed
            try:
                process = self._take()
                hashed = _ask(process, password + b" " + salt + b"\n")
            except OSError:
                break
            if hashed.endswith(b"\n"):
                self._idle.append(process)
                return hashed[:-1]
            _end(process)
        raise Unavailable("Passwords cannot be checked now. Try again in a moment.", retry_after_seconds=2)

    def _take(self) -> subprocess.Popen[bytes]:
        try:
            return self._idle.pop()
        except IndexError:
            command = [sys.executable, "-P", hasher.__file__]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603

    def close(self) -> None:
        """End those that are idle."""
        while self._idle:
            _end(self._idle.pop())


def _ask(process: subprocess.Popen[bytes], line: bytes) -> bytes:
    """The line that answers; nothing when the process has died."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.readline()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()  # closes its input, which is its end


# For all apps of this process: starting one takes longer than a hash may.
HASHERS = Hashers()
atexit.register(HASHERS.close)
