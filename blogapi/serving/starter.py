"""How a worker ends with the process that started it, from its first line on and however busy it is then."""

from __future__ import annotations

import ctypes
import logging
import os
import select
import signal
import sys
import threading

_ON_LINUX = sys.platform == "linux"
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG

log = logging.getLogger("blogapi.worker")


def end_with_starter(pipe: int) -> None:
    """From now on this process ends when the one at the other end of the pipe does, of whatever cause.

    Where the kernel can (Linux), it kills us, even while we stand still or hold the interpreter. Elsewhere a thread
    waits for the end of the pipe.
    """
    if not _ON_LINUX:
        threading.Thread(target=_wait_and_end, args=(pipe,), name="starter", daemon=True).start()
        return
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # It may have gone before we asked. Its number would not tell: it may have been somebody's child itself.
    if select.select([pipe], [], [], 0)[0]:
        _end()


def _wait_and_end(pipe: int) -> None:
    while os.read(pipe, 1024):
        pass
    _end()


def _end() -> None:
    log.error("the server's first process is gone: this worker ends")
    os._exit(1)
