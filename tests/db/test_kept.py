"""How long a value is kept that is made from a collection."""

import pytest

from blogapi.db.collection import Write
from blogapi.db.kept import Kept

THINGS = Write(collection="things", id=1)


class Source:
    """Says how often it was read, and lets something happen meanwhile."""

    def __init__(self):
        self.now, self.reads, self.meanwhile = 100.0, 0, lambda: None

    async def read(self):
        self.reads += 1
        found = self.reads
        self.meanwhile()
        return found


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def kept(source):
    return Kept("things", source.read, lambda: source.now)


async def test_value_that_nobody_follows_is_kept_for_a_second(kept, source):
    assert [await kept.get(), await kept.get()] == [1, 1]
    source.now += 0.99
    assert await kept.get() == 1
    source.now += 0.01
    assert await kept.get() == 2


async def test_second_counts_from_before_the_value_was_read(kept, source):
    source.meanwhile = lambda: setattr(source, "now", source.now + 1)
    assert [await kept.get(), await kept.get()] == [1, 2]


async def test_value_that_is_followed_is_kept_while_that_is_heard_from(kept, source):
    kept.heard(source.now)
    assert await kept.get() == 1
    for _ in range(5):
        source.now += 0.9
        kept.heard(source.now)
        assert await kept.get() == 1
    source.now += 1
    assert await kept.get() == 2


async def test_value_from_before_writes_were_told_is_kept_no_longer_for_it(kept, source):
    """There may have been a write in between."""
    assert await kept.get() == 1
    source.now += 1
    kept.heard(source.now)
    assert await kept.get() == 2


@pytest.mark.parametrize(
    "end",
    [
        lambda kept: kept.written(THINGS),
        lambda kept: kept.forget(),
        lambda kept: kept.stand_aside("no-primary"),
        lambda kept: kept.start_over("missed"),
    ],
)
async def test_value_is_given_up_at_once(kept, source, end):
    kept.heard(source.now)
    assert await kept.get() == 1
    end(kept)
    assert await kept.get() == 2
    source.meanwhile = lambda: end(kept)
    end(kept)
    assert [await kept.get(), await kept.get()] == [3, 4]


async def test_other_collections_matter_not(kept, source):
    await kept.get()
    kept.written(Write(collection="others", id=1))
    assert await kept.get() == 1
