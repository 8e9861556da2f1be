"""The order of tests in several processes: see `tests/ordering.py`."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.ordering import waiting_first


def item(name, file="a.py", waits=0):
    mark = SimpleNamespace(args=(waits,)) if waits else None
    return SimpleNamespace(name=name, path=Path(file), get_closest_marker=lambda _: mark)


def parts(items, processes):
    """What each process is given in the beginning: as many in a row as the others."""
    for number in range(processes):
        size = len(items) // (processes - number)
        yield [item.name for item in items[:size]]
        items = items[size:]


def test_each_process_begins_with_a_part_of_those_that_wait():
    others = [item(str(number)) for number in range(10)]
    waiting = [item("long", "b.py", 30), item("middle", "c.py", 10), item("short", "d.py", 5)]
    first, second = parts(waiting_first([*others, *waiting], 2), 2)
    assert first == ["long", "0", "1", "2", "3", "4"]
    assert second == ["middle", "short", "5", "6", "7", "8", "9"]


def test_those_of_a_file_stay_together_and_the_longest_comes_first():
    waiting = [item("b1", "b.py", 1), item("c", "c.py", 8), item("b2", "b.py", 9)]
    first, second = parts(waiting_first([*waiting, *(item(str(number)) for number in range(5))], 2), 2)
    assert first == ["b2", "b1", "0", "1"]
    assert second == ["c", "2", "3", "4"]


@pytest.mark.parametrize("processes", [2, 3, 4, 7])
def test_every_test_stays_there_once(processes):
    items = [item(str(number), f"{number % 5}.py", number % 3) for number in range(20)]
    ordered = [item.name for item in waiting_first(items, processes)]
    assert sorted(ordered) == sorted(item.name for item in items)
