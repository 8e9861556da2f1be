"""Whoever is killed when: the next process finishes an erasure, and nobody is erased who has called it off."""

import pytest

from blogapi.access.administrator import as_operator
from blogapi.app import create_app
from blogapi.privacy.service import PrivacyService
from blogapi.users.service import UserService
from blogapi.wiring import SERVICES
from tests.conftest import QUIET
from tests.privacy.dump import places_of
from tests.privacy.life import WORDS
from tests.privacy.test_erasure import TEXTS


class Killed(BaseException):
    """What a process does not outlive."""


@pytest.fixture
def process(config, database, clock):
    """The services of another process, which dies right after it has written so often."""

    def process(writes=None):
        own, left = database.client[database.name], writes

        def die(_):
            nonlocal left
            left -= 1
            if not left:
                raise Killed

        if writes is not None:
            own.on_write.append(die)
        return create_app(config, own, QUIET, now=clock)[SERVICES]

    return process


@pytest.mark.parametrize("writes", [2, 3, 5])
async def test_next_process_goes_on_wherever_one_dies(client, life, leave, clock, database, process, writes):
    await leave(life)
    clock.forward(days=7)
    with pytest.raises(Killed):
        await process(writes=1)[PrivacyService].erase()  # she is erased, and nothing has followed from it
    deaths = 0
    while (await process()[UserService].get(life.id)).erasing is not None:
        clock.forward(minutes=3)  # until then the dead might still be at work
        try:
            await process(writes)[PrivacyService].erase()
        except Killed:
            deaths += 1
            assert deaths < 100
    assert deaths > 5
    assert {place for place in await places_of(database, *WORDS) if not TEXTS.search(place)} == set()


async def test_two_do_not_work_on_the_same_erasure_at_once(life, leave, clock, process):
    await leave(life)
    clock.forward(days=7)
    first, second = process()[UserService].erasures, process()[UserService].erasures
    await first.begin_due()
    claimed = await first.claim()
    assert await second.claim() is None
    clock.forward(minutes=3)
    taken_over = await second.claim()
    assert taken_over.id == claimed.id
    # Who was thought to be dead comes back, and changes nothing.
    assert await first.collection_done(claimed, "sessions") is None
    assert await second.collection_done(taken_over, "sessions") is not None


async def test_killed_while_asking_is_asked_or_not(client, life, clock, process, database):
    """Her sessions have ended with the very write that asks; what else is left of them goes when she is erased."""
    users = process(writes=1)[UserService]
    user = await users.get(life.id)
    with pytest.raises(Killed):
        await users.erasures.schedule(as_operator(), user)
    assert (await client.get("/v1/me", headers=life.headers)).status == 401
    await life.sign_in()
    assert (await life.me())["erasure_at"] is None
