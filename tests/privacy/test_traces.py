"""What `doctor` finds of people who were erased, and repairs."""

import pytest

from blogapi.operations.doctor import examine
from blogapi.wiring import SERVICES
from tests.privacy.dump import documents_in, places_of
from tests.privacy.life import WORDS
from tests.privacy.test_erasure import TEXTS

# Found by an address, which is forgotten with the person.
NOT_BY_ID = {"invitations", "mails", "limits"}
CHECK = "traces of erased people"


@pytest.fixture
def look(app):
    """What the check comes to."""

    async def look(*, fix=False):
        checks = [check for check in app[SERVICES].checks if check.name == CHECK]

        async def settle():
            """Nothing is in progress."""

        (finding,) = await examine(checks, settle=settle, fix=fix)
        return finding

    return look


async def test_nothing_is_found_of_whom_nothing_is_left(life, leave, erase, clock, look):
    assert (await look()).found == 0
    await leave(life)
    assert (await look()).found == 0
    clock.forward(days=7)
    await erase()
    assert (await look()).problems == ()


async def test_restored_documents_are_found_and_repaired(life, leave, erase, clock, look, database, app):
    """As after a part of a backup was put back."""
    kept = [(name, document) for name, document in await documents_in(database) if name != "users"]
    await leave(life)
    clock.forward(days=7)
    await erase()
    for name, document in kept:
        if name not in NOT_BY_ID:
            await database[name].delete_many({"_id": document["_id"]})
            await database[name].insert_one(document)
    found = await look()
    declared = {data.collection for data, _ in app[SERVICES].personal if data.found_by}
    assert {problem.split()[0] for problem in found.problems} == declared - NOT_BY_ID - {"users"}
    assert all(life.id in problem for problem in found.problems)
    repaired = await look(fix=True)
    assert repaired.fixed == repaired.found
    assert {place for place in await places_of(database, *WORDS) if not TEXTS.search(place)} == set()


async def test_a_trace_in_the_document_of_the_person_is_found(life, leave, erase, clock, look, database):
    await leave(life)
    clock.forward(days=7)
    await erase()
    await database["users"].update_one(
        {"username": f"erased-{life.id}"}, {"$set": {"outbox": [{"to": "ada@x.example"}]}}
    )
    assert (await look(fix=True)).fixed == 1
    assert await places_of(database, "ada@x.example") == set()
