"""Whose connection ends when too much waits to be sent."""

from dataclasses import dataclass, field

import pytest

from blogapi.serving.unsent import Unsent


@dataclass(eq=False)
class Reader:
    waits: int
    sent: int = 0
    ended: list[str] = field(default_factory=list)

    def unsent(self):
        return self.waits

    def held(self):
        return self.waits + self.sent

    def end(self, why):
        self.ended.append(why)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def unsent():
    return Unsent(per_address=100_000, in_all=250_000, now=Clock())


def test_slowest_of_an_address_is_ended(unsent):
    quick, slow, new = (Reader(40_000) for _ in range(3))
    for reader in (quick, slow):
        unsent.begin(reader, "a")
    quick.waits = 1000
    unsent.begin(new, "a")
    assert [bool(reader.ended) for reader in (quick, slow, new)] == [False, True, False]
    assert unsent.size == 80_000


def test_what_has_been_sent_in_part_counts_whole(unsent):
    reader = Reader(90_000)
    unsent.begin(reader, "a")
    reader.waits = 10
    assert unsent.size == 90_000
    unsent.end(reader)
    unsent.end(reader)
    assert unsent.size == 0


def test_what_was_sent_before_anything_waited_counts_too(unsent):
    """It is kept with the rest, and says nothing of how fast its reader is: the kernel has it."""
    few, many = Reader(40_000, sent=10_000), Reader(10_000, sent=40_000)
    unsent.begin(few, "a")
    unsent.begin(many, "a")
    assert unsent.size == 100_000
    few.waits -= 2_000
    unsent.begin(Reader(10), "a")
    assert [bool(reader.ended) for reader in (few, many)] == [False, True]


def test_one_who_waits_for_too_much_is_ended(unsent):
    reader = Reader(100_001)
    unsent.begin(reader, "a")
    assert reader.ended
    assert unsent.size == 0


def test_address_with_the_most_pays_for_all_together(unsent):
    modest, *many = readers = [Reader(60_000), *(Reader(30_000) for _ in range(7))]
    unsent.begin(modest, "a")
    for number, reader in enumerate(many):
        unsent.begin(reader, "b" if number < 3 else f"c{number}")
    assert [reader for reader in readers if reader.ended] == [many[0]]
    assert unsent.size == 240_000


def test_address_of_many_people_has_no_bound_of_its_own(unsent):
    readers = [Reader(60_000) for _ in range(4)]
    for reader in readers:
        unsent.begin(reader, "proxy", is_shared=True)
    assert not any(reader.ended for reader in readers)
    unsent.begin(Reader(60_000), "proxy", is_shared=True)
    assert readers[0].ended
