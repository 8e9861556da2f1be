"""Pages by keyset."""

import pytest

from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import PageRequest, Position


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "query",
    [
        {"$or": [{"kind": "a"}, {"kind": "b"}]},
        {"$and": [{"n": {"$gte": 0}}], "$or": [{"kind": "a"}, {"kind": "b"}]},
        {"kind": {"$in": ["a", "b"]}},
    ],
)
async def test_pages_together_are_the_whole_whatever_the_query(database, query, descending):
    things = database["things"]
    await things.insert_many([{"_id": f"{n:02}", "n": n // 3, "kind": "abc"[n % 3]} for n in range(20)])
    found, after = [], None
    while True:
        page = await find_page(
            things, query, Sort("n", descending), PageRequest(limit=4, after=after), lambda document: document["_id"]
        )
        found += page.items
        if page.next is None:
            break
        after = page.next
    wanted = [f"{n:02}" for n in range(20) if n % 3 < 2]
    assert found == (wanted[::-1] if descending else wanted)


@pytest.mark.parametrize(("descending", "bound", "expected"), [(False, "$gte", "5"), (True, "$lte", "4")])
async def test_position_outside_of_the_range_does_not_widen_it(database, descending, bound, expected):
    things = database["things"]
    await things.insert_many([{"_id": str(n), "n": n} for n in range(10)])
    query, outside = {"n": {bound: int(expected)}}, Position(9 if descending else 0, "9" if descending else "0")
    page = PageRequest(limit=1, after=outside)
    found = await find_page(things, query, Sort("n", descending), page, lambda document: document["_id"])
    assert found.items == [expected]
