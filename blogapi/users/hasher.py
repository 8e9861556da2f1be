"""What a process that computes bcrypt hashes answers, see `pool.child`. `passwords` asks it."""

from __future__ import annotations

import bcrypt


def answer(question: bytes) -> bytes:
    """The hash of a password as bcrypt takes it, with a salt, or a hash that begins with one, behind a space.

    Empty when the salt is none.
    """
    password, _, salt = question.partition(b" ")
    try:
        return bcrypt.hashpw(password, salt)
    except ValueError:
        return b""
