"""Tests that mostly wait are begun first, so that others run meanwhile and nobody waits for them in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest


def waiting_first(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """The same tests in an order in which each process begins with its part of those that wait, the longest first.

    pytest-xdist gives each process as many tests in a row as the others. Those of one file, which may share servers,
    stay together.
    """
    files = defaultdict(list)
    for item in items:
        if seconds := _seconds(item):
            files[item.path].append((seconds, item))
    waits, begun = [0.0] * processes, [[] for _ in range(processes)]
    for waiting in sorted(files.values(), key=lambda waiting: -sum(seconds for seconds, _ in waiting)):
        least = waits.index(min(waits))
        waits[least] += sum(seconds for seconds, _ in waiting)
        begun[least] += [item for _, item in sorted(waiting, key=lambda pair: -pair[0])]
    others = [item for item in items if not _seconds(item)]
    ordered: list[pytest.Item] = []
    for number, first in enumerate(begun):
        rest = (len(items) - len(ordered)) // (processes - number) - len(first)
        ordered += [*first, *others[: max(0, rest)]]
        del others[: max(0, rest)]
    return ordered + others


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("waits")
    if mark and not mark.args:
        raise pytest.UsageError(f"{item.nodeid}: the mark says for how many seconds, as in waits(5).")
    return mark.args[0] if mark else 0
