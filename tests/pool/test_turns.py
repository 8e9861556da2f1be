"""Who is next, and who is not."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from blogapi.errors import Overloaded
from blogapi.pool.turns import Turns


def make(*, at_once=1, most_waiting=100, patience_seconds=60):
    return Turns(at_once=at_once, most_waiting=most_waiting, patience_seconds=patience_seconds, busy="Too busy.")


class People:
    """Each takes a turn and has it until they are told to end it. `seen` are those whose turn has begun."""

    def __init__(self, turns):
        self.turns, self.seen, self.tasks, self.ends = turns, [], {}, {}

    async def come(self, name):
        """`a1` is the first that account `a` brings."""
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._take(name))
        await settled()

    async def _take(self, name):
        async with self.turns.turn(name[0]):
            self.seen.append(name)
            await self.ends[name].wait()

    async def end(self, name):
        self.ends[name].set()
        await settled()

    async def order(self, *names):
        """In which they have their turns when they come in this order, one at a time."""
        for name in names:
            await self.come(name)
        for count in range(len(names)):
            await self.end(self.seen[count])
        return self.seen


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def people():
    made = []

    @asynccontextmanager
    async def having(**limits):
        made.append(People(make(**limits)))
        yield made[-1]

    yield having
    for each in made:
        for task in each.tasks.values():
            task.cancel()
        await asyncio.gather(*each.tasks.values(), return_exceptions=True)


async def test_accounts_take_turns_whatever_each_brings(people):
    async with people() as some:
        order = await some.order("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    assert order == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_account_has_one_turn_at_a_time(people):
    async with people(at_once=3) as some:
        for name in ("a1", "a2", "a3", "b1"):
            await some.come(name)
        assert some.seen == ["a1", "b1"]
        await some.end("b1")
        assert some.seen == ["a1", "b1"]
        await some.end("a1")
        assert some.seen == ["a1", "b1", "a2"]


async def test_no_more_turns_at_once_than_there_are(people):
    async with people(at_once=2) as some:
        for name in ("a1", "b1", "c1"):
            await some.come(name)
        assert some.seen == ["a1", "b1"]
        await some.end("a1")
        assert some.seen == ["a1", "b1", "c1"]


async def test_who_waits_too_long_is_turned_away(people):
    async with people(patience_seconds=0.01) as some:
        await some.come("a1")
        with pytest.raises(Overloaded, match="Too busy") as refusal:
            async with some.turns.turn("b"):
                pass
        assert refusal.value.retry_after_seconds
        await some.end("a1")
        await some.come("c1")
        assert some.seen == ["a1", "c1"]


async def test_who_gives_up_leaves_the_place_to_others(people):
    async with people(most_waiting=1) as some:
        await some.come("a1")
        await some.come("b1")
        some.tasks["b1"].cancel()
        await settled()
        await some.come("c1")
        await some.end("a1")
        assert some.seen == ["a1", "c1"]


async def test_who_gives_up_when_called_gives_the_turn_back(people):
    async with people() as some:
        await some.come("a1")
        await some.come("b1")
        await some.come("c1")
        some.ends["a1"].set()
        some.tasks["a1"].add_done_callback(lambda _: some.tasks["b1"].cancel())
        await settled()
        await some.end("b1")
        assert some.seen[-1] == "c1"


async def test_given_up_wish_does_not_hide_the_next_one_of_the_same_account(people):
    async with people() as some:
        for name in ("a1", "b1", "b2"):
            await some.come(name)
        some.tasks["b1"].cancel()
        some.ends["a1"].set()
        await settled()
        assert some.seen == ["a1", "b2"]


async def test_beyond_the_places_everybody_is_turned_away_at_once(people):
    async with people(most_waiting=0) as some:
        await some.come("a1")
        with pytest.raises(Overloaded):
            async with some.turns.turn("b"):
                pass


async def test_who_has_most_places_gives_one_to_somebody_who_has_none(people):
    async with people(most_waiting=3) as some:
        for name in ("a1", "a2", "a3", "a4", "b1"):
            await some.come(name)
        with pytest.raises(Overloaded):
            await some.tasks["a4"]
        await some.come("a5")
        with pytest.raises(Overloaded):
            await some.tasks["a5"]
        for name in ("a1", "a2", "b1"):
            await some.end(name)
        assert some.seen == ["a1", "a2", "b1", "a3"]


async def test_turn_ends_with_an_error(people):
    async with people() as some:
        with pytest.raises(ValueError, match="mine"):
            async with some.turns.turn("a"):
                raise ValueError("mine")
        await some.come("b1")
        assert some.seen == ["b1"]
