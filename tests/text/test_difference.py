"""What differs between two texts: the diff leads from one to the other, and its spans hold what differs."""

import random
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogapi.text import difference as module
from blogapi.text.alignment import Effort, differing
from blogapi.text.difference import MOST_SPANS, difference, words_of

KIB = 1024
SIZE = 32 * KIB


def lines_of(text):
    return re.findall(r"[^\n]*\n|[^\n]+", text)


HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n")


def patched(text, unified):
    """The text after a patch, read as POSIX describes unified diffs, and as `patch` reads them."""
    lines, told, result, at = lines_of(text), lines_of(unified)[2:], [], 0
    while told:
        start, count, _, other = (
            1 if number is None else int(number) for number in HUNK.fullmatch(told.pop(0)).groups()
        )
        result += lines[at : start - (count > 0)]
        at = start - (count > 0)
        while count or other:
            mark, line = told[0][0], told.pop(0)[1:]
            if told and told[0] == "\\ No newline at end of file\n":
                told.pop(0)
                line = line[:-1]
            if mark != "+":
                assert lines[at] == line
                at, count = at + 1, count - 1
            if mark != "-":
                result.append(line)
                other -= 1
    return "".join(result + lines[at:])


def check(before, after):
    """What holds of all differences. Returns it."""
    found = difference(before, after)
    assert patched(before, found.unified) == after
    assert (before == after) == (found.unified == "") == (found.spans == ())
    at = other = 0
    for span in found.spans:
        (start, end), (new_start, new_end) = span.before, span.after
        assert before[at:start] == after[other:new_start]
        gone, new = before[start:end], after[new_start:new_end]
        assert span.op == ("replace" if gone and new else "delete" if gone else "insert")
        assert gone or new
        if span.op == "replace" and not found.is_coarse:
            one, two = words_of(gone), words_of(new)
            assert one[0] != two[0]
            assert one[-1] != two[-1]
        at, other = end, new_end
    assert before[at:] == after[other:]
    assert len(found.spans) <= MOST_SPANS
    return found


FEW = st.text("ab \n", max_size=40)
MANY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("a\n\r e\u0301\u200d世😀🏽"), max_size=40)


@given(FEW, FEW)
def test_difference_of_texts_of_few_signs(before, after):
    check(before, after)


@given(MANY, MANY)
def test_difference_of_texts_of_any_signs(before, after):
    check(before, after)


@given(st.lists(FEW, min_size=3, max_size=12), st.data())
def test_difference_of_an_edited_text(paragraphs, data):
    edited = data.draw(st.permutations(paragraphs))[: data.draw(st.integers(0, len(paragraphs)))]
    check("\n\n".join(paragraphs), "\n\n".join([*edited, data.draw(FEW)]))


@given(st.text("abcd", max_size=24), st.text("abcd", max_size=24), st.integers(0, 200))
def test_alignment_is_right_with_any_effort_and_the_shortest_with_enough(one, other, steps):
    for effort in (Effort(steps), Effort(10**6)):
        blocks = differing(one, other, effort)
        kept = [(one[block.a_start : block.a_end], other[block.b_start : block.b_end]) for block in blocks]
        assert all(gone or new for gone, new in kept)
        rest = [
            "".join(text[end:start] for end, start in zip([0, *ends], [*starts, len(text)], strict=True))
            for text, starts, ends in (
                (one, [block.a_start for block in blocks], [block.a_end for block in blocks]),
                (other, [block.b_start for block in blocks], [block.b_end for block in blocks]),
            )
        ]
        assert rest[0] == rest[1]
    assert not effort.is_spent
    assert len(rest[0]) == longest_common(one, other)


def longest_common(one, other):
    row = [0] * (len(other) + 1)
    for element in one:
        before = row
        row = [0]
        for place, another in enumerate(other):
            row.append(before[place] + 1 if element == another else max(before[place + 1], row[place]))
    return row[-1]


def told(before, after):
    """What differs, as texts."""
    spans = check(before, after).spans
    return [(before[slice(*span.before)], after[slice(*span.after)]) for span in spans]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("The old dog.\nStays.\n", "The new dog.\nStays.\n", [("old", "new")]),
        ("one two three", "one three", [("two ", "")]),
        ("a quick brown fox", "a slow red fox", [("quick brown", "slow red")]),
        ("a\n\nb\n\nc\n", "a\n\nB\n\nC\n", [("b", "B"), ("c", "C")]),
        ("same\nold\n", "same\nold", [("\n", "")]),
        ("a\nb\n", "a\r\nb\r\n", [("", "\r"), ("", "\r")]),
        ("", "new\n", [("", "new\n")]),
        ("gone", "", [("gone", "")]),
        ("今天天气很好。", "今天天氣不好。", [("气很", "氣不")]),
        ("กินข้าว", "กินน้ำ", [("ข้าว", "น้ำ")]),
        ("हिन्दी भाषा", "हिन्दू भाषा", [("हिन्दी", "हिन्दू")]),
        ("cafe\u0301 ou the\u0301", "cafe ou the\u0301", [("cafe\u0301", "cafe")]),
        ("👍🏽 👩‍🚀 ❤️", "👍🏿 👨‍🚀 ❤️", [("👍🏽 👩‍🚀", "👍🏿 👨‍🚀")]),
        ("🇩🇪🇫🇷", "🇩🇪🇪🇸", [("🇫🇷", "🇪🇸")]),
        ("😀😀 x", "😀😀 y", [("x", "y")]),
    ],
)
def test_words_that_differ(before, after, words):
    assert told(before, after) == words


def test_offsets_are_those_of_code_points():
    (span,) = difference("😀 old", "😀😀 new").spans[-1:]
    assert (span.before, span.after) == ((2, 5), (3, 6))


def test_unified_diff_is_that_of_diff(tmp_path):
    lines = [f"line {number}\n" for number in range(40)]
    edited = [*lines[:5], "new\n", *lines[5:20], *lines[21:39], "line 39"]
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text("".join(lines))
    after.write_text("".join(edited))
    asked = ["diff", "-u", "--label", "1/body", "--label", "2/body", before, after]
    said = subprocess.run(asked, capture_output=True, check=False, text=True).stdout
    assert difference("".join(lines), "".join(edited), ("1/body", "2/body")).unified == said


def numbered(count, word="line"):
    return [f"{word} {number}\n" for number in range(count)]


def chance(signs, size, seed):
    return "".join(random.Random(seed).choices(signs, k=size))


MANY_LINES = numbered(6000)
HOSTILE = {
    "every line different": ("".join(MANY_LINES), "".join(numbered(6000, "word")), True),
    "every second line different": (
        "".join(MANY_LINES),
        "".join(line if number % 2 else line.upper() for number, line in enumerate(MANY_LINES)),
        True,
    ),
    "all lines equal": ("a\n" * (SIZE // 2), "a\n" * (SIZE // 3), False),
    "all lines equal, and others": ("a\n" * (SIZE // 2), "b\na\nb\n" * (SIZE // 6), True),
    "blank lines": ("\n" * SIZE, "\n" * (SIZE - 3), False),
    "blank lines, and others": ("\n" * SIZE, ("\n" * 99 + "x\n") * (SIZE // 101), False),
    "two lines in turn": ("a\nb\n" * (SIZE // 4), "b\na\n" * (SIZE // 4), False),
    "two lines in turn, one of them another": ("a\nb\n" * (SIZE // 4), "a\nc\n" * (SIZE // 4), True),
    "two lines by chance": (
        chance("ab", SIZE // 2, 1).replace("", "\n"),
        chance("ab", SIZE // 2, 2).replace("", "\n"),
        True,
    ),
    "lines in another order": (
        "".join(MANY_LINES),
        "".join(random.Random(1).sample(MANY_LINES, len(MANY_LINES))),
        None,
    ),
    "lines back to front": ("".join(MANY_LINES), "".join(reversed(MANY_LINES)), None),
    "other line ends": ("".join(MANY_LINES), "".join(MANY_LINES).replace("\n", "\r\n"), None),
    "one line, one word": ("word " * (SIZE // 5), "word " * (SIZE // 10) + "new " + "word " * (SIZE // 10), None),
    "one line, one word for all": ("x" * SIZE, "y" * SIZE, False),
    "one line of signs": (chance("!?.", SIZE, 1), chance("!?.", SIZE, 2), True),
    "one line of characters": (chance("今天气很好", SIZE // 3, 1), chance("今天气很好", SIZE // 3, 2), True),
    "marks without end": ("e\u0301" * (SIZE // 3), "\u0301e" * (SIZE // 3), False),
    "no line end at the end": ("".join(MANY_LINES), "".join(MANY_LINES)[:-1], False),
    "nothing": ("".join(MANY_LINES), "", False),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_compared(name, monkeypatch):
    monkeypatch.setattr(module, "_STEPS", 100_000)
    before, after, is_coarse = HOSTILE[name]
    for one, other in ((before, after), (after, before)):
        found = check(one, other)
        assert is_coarse in (None, found.is_coarse)


def test_text_with_too_many_differences_is_replaced_as_a_whole():
    before, after = HOSTILE["every line different"][:2]
    found = check("same\n" + before, "same\n" + after)
    assert found.is_coarse
    assert [(span.op, span.before[0], span.after[0]) for span in found.spans] == [("replace", 5, 5)]


def test_effort_is_the_same_for_everybody(monkeypatch):
    before, after = chance("ab\n", 2 * KIB, 1), chance("ab\n", 2 * KIB, 2)
    assert not check(before, after).is_coarse
    monkeypatch.setattr(module, "_STEPS", 500)
    first = check(before, after)
    assert first.is_coarse
    assert check(before, after) == first
