"""The passwords that are tried first: a list of them, and the patterns that no list can hold.

The list beside this module is the word list `passwords` of zxcvbn, sorted; its licence lies beside it too.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from itertools import pairwise

_LIST = "common_passwords.txt.gz"
_SHORT_UNIT = 4  # characters that, repeated, make a bad password whatever they are
_STEPS_PER_JUMP = 5

_RUNS = (
    "abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890",
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
    "1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm",
)  # fmt: skip
_STEPS = frozenset(pair for run in _RUNS for way in (run, run[::-1]) for pair in pairwise(way))


def is_common(password: str) -> bool:
    """Whether a password is on the list, in whatever case, repeats something simple, or runs along alphabet or keys."""
    password = password.lower()
    return _is_listed(password) or _is_repetition(password) or _is_run(password)


def _is_listed(password: str) -> bool:
    return f"\n{password}\n" in _list()


@cache
def _list() -> str:
    # One text of 240 KB: a set of its 30,000 lines takes fifteen times that, and a new password is a rare thing.
    packed = files(__package__).joinpath(_LIST).read_bytes()
    return "\n" + gzip.decompress(packed).decode("ascii")


def _is_repetition(password: str) -> bool:
    length = len(password)
    for size in range(1, length // 2 + 1):
        unit = password[:size]
        if (unit * (length // size + 1))[:length] == password:
            return size <= _SHORT_UNIT or _is_listed(unit)
    return False


def _is_run(password: str) -> bool:
    jumps = sum(1 for a, b in pairwise(password) if a != b and (a, b) not in _STEPS)
    return jumps * _STEPS_PER_JUMP < len(password)
