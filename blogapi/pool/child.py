"""A process that answers questions with one function of one module, and does nothing else; `processes` starts it.

It comes into being as a fresh interpreter and has one end of a socket as its standard input. The end of the other one
is its own: it outlives nobody who asked.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import struct
import sys
import traceback
from pathlib import Path

# Before a question: how many seconds of CPU its answer may take, 0 for any number, and how many bytes follow. Before an
# answer: whether it is one, or tells of what went wrong, and how many bytes follow.
QUESTION, ANSWER = struct.Struct("!dI"), struct.Struct("!?I")
# What the kernel ends a process with that has spent its time: in the midst of native code, too, which a signal that is
# handled in Python would wait for.
SPENT = signal.SIGPROF


def main(task: str, niceness: int, parent: int) -> None:
    """Answer with the `answer` of a module until there is nobody to ask."""
    _die_with(parent)
    # Readers come first. A process, not a thread: one that waits for its turn on a processor holds no lock of the
    # server.
    os.nice(niceness)
    # A signal to the whole group is for the server, which still finishes what it has begun.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    answer = importlib.import_module(task).answer
    questions = sys.stdin.buffer
    with open(os.dup(questions.fileno()), "wb") as answers:
        while len(head := questions.read(QUESTION.size)) == QUESTION.size:
            seconds, length = QUESTION.unpack(head)
            question = questions.read(length)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            try:
                is_answer, told = True, answer(question)
            except Exception:  # for the log of the server, which has a form
                is_answer, told = False, traceback.format_exc().encode("utf-8", "replace")
            signal.setitimer(signal.ITIMER_PROF, 0)
            answers.write(ANSWER.pack(is_answer, len(told)) + told)
            answers.flush()


def _die_with(parent: int) -> None:
    """At once, also while an answer is being made. Where there is too little memory, before the server does."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
    if os.getppid() != parent:  # it had gone before we asked
        raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
