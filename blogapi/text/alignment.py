"""What two sequences have in common, in one order: the shortest edit, as far as that can be afforded.

A sequence is a `str` and its elements are characters: whoever compares lines or words gives each kind a character of
its own. So slices are compared and not elements, and equal parts cost next to nothing.

The shortest edit (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986) takes the square of its
length. So only a short one is looked for at first. A stretch that has none is split at what occurs in both just once,
as far as that has one order ("patience"). Where nothing does, and when the effort is at its end, a stretch counts as
replaced as a whole. Effort is counted in steps and not in seconds: everybody gets the same answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt

# An edit of so many elements is looked for before a stretch is split.
_SHORT_EDIT = 64
# As many elements are read, or compared as slices, in the time of one step.
_READ, _COMPARED = 16, 512
_DROPPED = re.compile(b"\0+")


@dataclass(slots=True)
class Effort:
    """How many steps may be taken. One is about half a microsecond."""

    steps: int
    is_spent: bool = False
    """Whether anything was left undone for want of them."""

    def take(self, steps: int) -> bool:
        """Take so many. False when there are not as many left."""
        if steps > self.steps:
            return False
        self.steps -= steps
        return True


@dataclass(frozen=True, slots=True)
class Block:
    """What stands from `a_start` to `a_end` in one sequence is from `b_start` to `b_end` in the other something else.

    One of the two may be empty.
    """

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Parts of both sequences, and the place of each element in the whole."""

    a: str
    b: str
    at_a: Sequence[int]
    at_b: Sequence[int]

    def part(self, a: slice, b: slice) -> _Stretch:
        return _Stretch(self.a[a], self.b[b], self.at_a[a], self.at_b[b])


@dataclass(frozen=True, slots=True)
class _Run:
    """Elements that both have: where they start in each, and how many they are."""

    a: int
    b: int
    length: int


def differing(a: str, b: str, effort: Effort) -> list[Block]:
    """Where two sequences differ, in order. What stands between two blocks is the same in both."""
    kept_a, kept_b = bytearray(len(a)), bytearray(len(b))
    waiting = [_Stretch(a, b, range(len(a)), range(len(b)))]
    while waiting:
        stretch = waiting.pop()
        if not (stretch.a and stretch.b):
            continue
        if not effort.take(1 + (len(stretch.a) + len(stretch.b)) // _READ):
            effort.is_spent = True
            break
        runs, parts = _looked_at(stretch, effort)
        for run in runs:
            _keep(kept_a, stretch.at_a, run.a, run.length)
            _keep(kept_b, stretch.at_b, run.b, run.length)
        waiting.extend(reversed(parts))
    return list(_blocks(kept_a, kept_b))


def _looked_at(stretch: _Stretch, effort: Effort) -> tuple[list[_Run], list[_Stretch]]:
    """What a stretch has in common, as far as that is found at once, and the parts that remain to be looked at."""
    if ends := _ends(stretch):
        head, tail = ends
        middle = stretch.part(slice(head.length, tail.a), slice(head.length, tail.b))
        return [head, tail], [middle]
    shared = _without_strangers(stretch)
    if shared is not stretch:
        return [], [shared]
    edit = _shortest_edit(stretch, _SHORT_EDIT, effort)
    if edit is not None:
        return edit, []
    if anchors := _anchors(stretch):
        return anchors, list(_between(stretch, anchors))
    edit = _shortest_edit(stretch, isqrt(2 * effort.steps), effort)
    if edit is None:
        effort.is_spent = True
    return edit or [], []


def _ends(stretch: _Stretch) -> tuple[_Run, _Run] | None:
    """What both begin with and what both end with, if there is either."""
    a, b = stretch.a, stretch.b
    if a[0] != b[0] and a[-1] != b[-1]:
        return None
    head = _shared_length(a, b, 0, 0)
    most = min(len(a), len(b)) - head
    tail = min(most, _shared_length(a[::-1], b[::-1], 0, 0)) if most else 0
    return _Run(0, 0, head), _Run(len(a) - tail, len(b) - tail, tail)


def _shared_length(a: str, b: str, x: int, y: int) -> int:
    """How many elements are the same from these places on."""
    most, found, size = min(len(a) - x, len(b) - y), 0, 8
    while found < most and a[x + found : x + found + size] == b[y + found : y + found + size]:
        found, size = found + size, 2 * size
    # Of the last slices, which differ or end, the half that is the same, half of the rest, and so on.
    while size > 1:
        size //= 2
        if a[x + found : x + found + size] == b[y + found : y + found + size]:
            found += size
    return min(found, most)


def _without_strangers(stretch: _Stretch) -> _Stretch:
    """Without elements that the other sequence does not have; they are in no common order."""
    common = {*stretch.a} & {*stretch.b}
    if len(common) == len({*stretch.a}) == len({*stretch.b}):
        return stretch
    a = [place for place, element in enumerate(stretch.a) if element in common]
    b = [place for place, element in enumerate(stretch.b) if element in common]
    return _Stretch(
        "".join([stretch.a[place] for place in a]),
        "".join([stretch.b[place] for place in b]),
        [stretch.at_a[place] for place in a],
        [stretch.at_b[place] for place in b],
    )


def _shortest_edit(stretch: _Stretch, most: int, effort: Effort) -> list[_Run] | None:
    """What stays in an edit of at most so many deleted and inserted elements. None when there is none, or no effort."""
    a, b = stretch.a, stretch.b
    length_a, length_b = len(a), len(b)
    most = min(most, length_a + length_b)
    # By diagonal (the place in `a` less that in `b`), how far in `a` an edit has come; -1 for not at all.
    reach, zero = [-1] * (2 * most + 5), most + 2
    reach[zero + 1] = 0
    trace: list[list[int]] = []
    for edits in range(most + 1):
        if not effort.take(edits + 1):
            return None
        least, last = -edits + 2 * max(0, edits - length_b), edits - 2 * max(0, edits - length_a)
        for diagonal in range(least, last + 1, 2):
            at = zero + diagonal
            deleting, inserting = reach[at - 1], reach[at + 1]
            x = inserting if inserting > deleting else deleting + 1
            y = x - diagonal
            if x < length_a and y < length_b and a[x] == b[y]:
                same = _shared_length(a, b, x, y)
                effort.take(same // _COMPARED)
                x, y = x + same, y + same
            reach[at] = x
            if x >= length_a and y >= length_b:
                return _way_back(trace, length_a, length_b)
        trace.append(reach[zero - edits - 2 : zero + edits + 3])
    return None


def _way_back(trace: list[list[int]], x: int, y: int) -> list[_Run]:
    """What an edit keeps, from how far edits came that were shorter and shorter."""
    runs: list[_Run] = []
    for edits in range(len(trace) - 1, -1, -1):
        reach, diagonal = trace[edits], x - y
        at = edits + 2 + diagonal
        deleting, inserting = reach[at - 1], reach[at + 1]
        inserts = inserting > deleting
        start = inserting if inserts else deleting + 1
        if x > start:
            runs.append(_Run(start, start - diagonal, x - start))
        x, y = (inserting, inserting - diagonal - 1) if inserts else (deleting, deleting - diagonal + 1)
    if x:
        runs.append(_Run(0, 0, x))
    return runs[::-1]


def _anchors(stretch: _Stretch) -> list[_Run]:
    """Elements that both have just once, as many as have the same order in both."""
    once_a, once_b = (
        {element for element, times in Counter(part).items() if times == 1} for part in (stretch.a, stretch.b)
    )
    common = once_a & once_b
    places = {element: place for place, element in enumerate(stretch.b) if element in common}
    pairs = [(place, places[element]) for place, element in enumerate(stretch.a) if element in common]
    # The longest rising sequence: of each length the one that ends lowest, and what comes before each.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
        before.append(last[length - 1] if length else -1)
    found: list[_Run] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(_Run(*pairs[number], 1))
        number = before[number]
    return found[::-1]


def _between(stretch: _Stretch, runs: list[_Run]) -> Iterator[_Stretch]:
    a = b = 0
    for run in [*runs, _Run(len(stretch.a), len(stretch.b), 0)]:
        if run.a > a and run.b > b:
            yield stretch.part(slice(a, run.a), slice(b, run.b))
        a, b = run.a + run.length, run.b + run.length


def _keep(kept: bytearray, places: Sequence[int], start: int, length: int) -> None:
    if isinstance(places, range):
        kept[places.start + start : places.start + start + length] = b"\1" * length
        return
    for place in places[start : start + length]:
        kept[place] = 1


def _blocks(kept_a: bytearray, kept_b: bytearray) -> Iterator[Block]:
    """What is not kept. As many are kept of both, in the same order: gaps behind equally many belong together."""
    gaps_a, gaps_b = _gaps(kept_a), _gaps(kept_b)
    dropped_a = dropped_b = 0
    for kept in sorted(gaps_a.keys() | gaps_b.keys()):
        a, b = kept + dropped_a, kept + dropped_b
        of_a, of_b = gaps_a.get(kept, 0), gaps_b.get(kept, 0)
        yield Block(a, a + of_a, b, b + of_b)
        dropped_a, dropped_b = dropped_a + of_a, dropped_b + of_b


def _gaps(kept: bytearray) -> dict[int, int]:
    """How long each gap is, by how many are kept before it."""
    gaps: dict[int, int] = {}
    dropped = 0
    for gap in _DROPPED.finditer(kept):
        gaps[gap.start() - dropped] = len(gap[0])
        dropped += len(gap[0])
    return gaps
