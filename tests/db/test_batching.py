import asyncio

import pytest

from blogapi.db.batching import Together
from blogapi.errors import Unavailable
from tests.conftest import until


class Shelf:
    """Numbers and their squares; notes what it is asked, and answers when it may."""

    def __init__(self):
        self.asked, self.may_answer = [], asyncio.Event()
        self.may_answer.set()

    async def look(self, keys):
        self.asked.append(keys)
        await self.may_answer.wait()
        if 0 in keys:
            raise Unavailable("The shelf is locked.")
        return {key: key * key for key in keys if key < 100}


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def together(shelf):
    return Together(shelf.look, most=4)


async def test_look_ups_of_one_moment_are_one_question(shelf, together):
    assert await asyncio.gather(*map(together.find, [2, 3, 2, 500])) == [4, 9, 4, None]
    assert shelf.asked == [[2, 3, 500]]


async def test_look_ups_after_each_other_are_asked_each(shelf, together):
    assert [await together.find(2), await together.find(2)] == [4, 4]
    assert shelf.asked == [[2], [2]]


async def test_many_are_asked_in_portions(shelf, together):
    assert await asyncio.gather(*map(together.find, range(1, 11))) == [key * key for key in range(1, 11)]
    assert shelf.asked == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


async def test_look_ups_that_come_while_a_question_is_open_are_asked_together(shelf, together):
    shelf.may_answer.clear()
    first = asyncio.create_task(together.find(2))
    while not shelf.asked:
        await asyncio.sleep(0)
    later = []
    for key in (3, 4):  # each in a turn of its own
        later.append(asyncio.create_task(together.find(key)))
        await asyncio.sleep(0)
    assert shelf.asked == [[2]]
    shelf.may_answer.set()
    assert await asyncio.gather(first, *later) == [4, 9, 16]
    assert shelf.asked == [[2], [3, 4]]


async def test_question_that_hangs_keeps_nobody_else(shelf, together):
    shelf.may_answer.clear()
    hanging = asyncio.create_task(together.find(2))
    while not shelf.asked:
        await asyncio.sleep(0)
    shelf.may_answer = asyncio.Event()
    later = asyncio.create_task(together.find(3))
    await until(lambda: shelf.asked == [[2], [3]])
    shelf.may_answer.set()
    assert await later == 9
    assert not hanging.done()
    hanging.cancel()


async def test_error_reaches_all_who_asked_together_and_nobody_later(together):
    found = await asyncio.gather(together.find(0), together.find(2), return_exceptions=True)
    assert [str(error) for error in found] == ["The shelf is locked."] * 2
    assert await together.find(2) == 4


async def test_who_is_cancelled_takes_nobody_along(shelf, together):
    shelf.may_answer.clear()
    impatient, patient = (asyncio.create_task(together.find(2)) for _ in "ab")
    while not shelf.asked:
        await asyncio.sleep(0)
    impatient.cancel()
    shelf.may_answer.set()
    assert await patient == 4
    assert impatient.cancelled()
