"""Turns this process into a mongod that dies with its parent, where the kernel sees to that (Linux).

`keeper.py` starts it by its path, with its own process id and the command. Only the standard library is imported.
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    """Does not return. Raises SystemExit when the program cannot be run or the parent has gone."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it had gone before we asked
            raise SystemExit(1)
    try:
        os.execv(command[0], command)  # noqa: S606
    except OSError as error:
        raise SystemExit(f"error: {command[0]}: {error.strerror}") from None


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
