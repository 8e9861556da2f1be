"""A process that computes bcrypt hashes and nothing else. `hashers` starts it by its path and talks to it.

A line in is a password as bcrypt takes it and a salt, or a hash that begins with one; the line out is the hash, empty
when the salt is none. The end of the input is the end of the process: it outlives nobody who asked.
"""

from __future__ import annotations

import os
import signal
import sys

import bcrypt

# Readers come first. A process, not a thread: one that waits for its turn on a processor holds no lock of the server.
NICENESS = 10


def main() -> None:
    """Answer until there is nobody to ask."""
    os.nice(NICENESS)
    # A signal to the whole group is for the server, which still finishes what it has begun.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        password, _, salt = line.rstrip(b"\n").partition(b" ")
        try:
            hashed = bcrypt.hashpw(password, salt)
        except ValueError:
            hashed = b""
        answers.write(hashed + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
