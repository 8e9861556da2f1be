import json
from datetime import UTC, date, datetime, time

import pytest

from blogapi.importers.fit import Fit, cut_at_word
from blogapi.posts.copies import MAX_CUSTOM_BYTES


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("one two", "one two"),
        ("one two three", "one two…"),
        ("one two, three", "one two…"),
        ("unbroken text", "unbroken…"),
        ("unbrokentext", "unbrokent…"),
        ("", ""),
    ],
)
def test_text_is_cut_at_a_word(text, cut):
    assert cut_at_word(text, 10) == cut


def test_line_breaks_and_control_characters_go():
    assert Fit().title("  One\n  two\x07\tthree\x85 ") == "One two three"


def test_joiners_within_a_line_stay():
    assert Fit().title("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"


def test_long_author_name_is_cut_and_kept_whole():
    fit = Fit()
    name = " ".join(["Name"] * 30)
    (author,) = fit.authors([name])
    assert len(author) <= 80
    assert fit.custom({}) == {"full_author_names": [name]}
    assert fit.notes == ["an author's name is cut; the whole is in custom.full_author_names"]


def test_tags_of_one_slug_are_one_tag():
    assert [tag.name for tag in Fit().tags(["Open Source", "open-source", "OPEN SOURCE"])] == ["Open Source"]


def test_programming_languages_stay_apart():
    assert [tag.slug for tag in Fit().tags(["C", "C++", "C#", "#hash"])] == ["c", "c-plus-plus", "c-sharp", "hash"]


def test_custom_has_legal_keys():
    fit = Fit()
    custom = fit.custom({"legal_1": 1, "camelCase": 2, "Größe": 3, "camel-case": 4, "!": 5, "": 6})
    assert list(custom.values()) == [1, 2, 3, 4, 5, 6]
    assert list(custom)[:2] == ["legal_1", "camel_case"]
    assert all(key and key.isascii() and key.replace("_", "a").isalnum() and key == key.lower() for key in custom)
    assert "the field 'camelCase' is called custom.camel_case" in fit.notes


def test_custom_has_only_what_json_has():
    values = {
        "day": date(2024, 1, 2),
        "moment": datetime(2024, 1, 2, 3, tzinfo=UTC),
        "time": time(4, 5),
        "huge": 2**63,
        "infinite": float("-inf"),
        "nothing": None,
        "list": [True, 1.5, "x"],
    }
    assert Fit().custom(values) == {
        "day": "2024-01-02",
        "moment": "2024-01-02T03:00:00+00:00",
        "time": "04:05:00",
        "huge": "9223372036854775808",
        "infinite": "-inf",
        "nothing": None,
        "list": [True, 1.5, "x"],
    }


def test_custom_is_at_most_four_levels_deep():
    fit = Fit()
    inner = {"d": {"e": date(2024, 1, 2)}}
    assert fit.custom({"a": {"b": {"c": inner}}}) == {"a": {"b": {"c": {"d": '{"e": "2024-01-02"}'}}}}
    assert fit.notes == ["custom.a.b.c.d is nested deeper than 4 levels and kept as JSON text"]


def test_lists_are_levels_too():
    assert Fit().custom({"a": [[[1]]], "b": [[[[1]]]]}) == {"a": [[[1]]], "b": [[["[1]"]]]}


def test_custom_takes_what_there_is_room_for():
    fit = Fit()
    custom = fit.custom({"small": 1, "large": "é" * (MAX_CUSTOM_BYTES // 2), "also_small": 2})
    assert custom == {"small": 1, "also_small": 2}
    assert fit.notes == ["custom.large is left out: there is no room for it"]


@pytest.mark.parametrize("length", [16_360, 16_370, 16_377, 16_390])
def test_custom_never_exceeds_its_room(length):
    custom = Fit().custom({"a": "x" * length, "b": "x" * length})
    assert len(json.dumps(custom)) <= MAX_CUSTOM_BYTES


def test_surplus_comes_before_a_field_of_the_same_name():
    fit = Fit()
    fit.title("word " * 60)
    custom = fit.custom({"full_title": "other"})
    assert custom["full_title"] == ("word " * 60).strip()
    assert "other" in custom.values()


def test_a_fault_that_comes_again_and_again_is_told_once():
    fit = Fit()
    custom = fit.custom({"a": {"b": {"c": [{"d": 1}, [2]] * 100}, "e": [[[[]]]] * 9}})
    assert len(custom["a"]["b"]["c"]) == 200
    assert fit.notes == [
        f"custom.{name} is nested deeper than 4 levels and kept as JSON text" for name in ("a.b.c", "a.e")
    ]
