from contextlib import suppress

import pytest

from blogapi.importers.frontmatter import MAX_FRONT_MATTER, Fields, as_flag, as_text, split
from blogapi.importers.model import Unfit


def test_yaml_is_split_from_the_body():
    document = split("---\ntitle: A\nday: 2024-01-02\n1: one\n---\n\n\n    code\nText\n")
    assert document.values == {"title": "A", "day": "2024-01-02", "1": "one"}
    assert (document.body, document.syntax) == ("\n\n    code\nText\n", "yaml")


def test_toml_is_split_from_the_body():
    document = split('+++\ntitle = "A"\n[extra]\nn = 1\n+++\nText +++\n')
    assert document.values == {"title": "A", "extra": {"n": 1}}
    assert (document.body, document.syntax) == ("Text +++\n", "toml")


@pytest.mark.parametrize(
    "text", ["Text", "----\na: 1\n----\n", "--- a\n---\n", "+++", "{{< x >}}\n", "Note: that\n\nText"]
)
def test_text_without_front_matter_is_left_alone(text):
    assert split(text) is None


@pytest.mark.parametrize(
    "text",
    ["---\n---\nText", "---  \n\n---\t\nText", "---\n# only a comment\n...\nText", "{}\nText", "\n\n---\n---\nText"],
)
def test_empty_front_matter_is_one(text):
    document = split(text)
    assert (document.values, document.body) == ({}, "Text")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\na: 1\n---\nText", 4),
        ("\n\n---\na: 1\n---\nText", 6),
        ("+++\na = 1\n+++\nText", 4),
        ("---toml\na = 1\n---\nText", 4),
        ('---json\n{"a": 1}\n---\nText', 4),
        ('{\n"a": 1\n}\nText', 4),
        ('"a": 1,\n"b": 2\n;;;\nText', 4),
        ("title: A\na: 1\n---\nText", 4),
        ("Title: A\nDate: 2020-01-01\n\nText", 4),
        ("Title:A\nDate:2020-01-01\n\nText", 4),
        (".. title: A\n.. date: 2020-01-01\n\nText", 4),
        ("<!--\n.. title: A\n-->\nText", 4),
    ],
)
def test_line_is_that_at_which_the_body_begins(text, line):
    document = split(text)
    assert document.line == line
    assert "\n".join(text.split("\n")[line - 1 :]) == document.body


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("a: [", "broken YAML"),
        ("a: !ruby/object x", "broken YAML: could not determine a constructor"),
        ("a: !!binary aGk=", "of a kind that is not supported (bytes)"),
        ("a: !!set {b}", "of a kind that is not supported (set)"),
        ("a: 1\n'a': 2", "'a' stands there twice (line 3)"),
        ("a: {b: 1, b: 2}", "'b' stands there twice (line 2)"),
        ("x: &x {a: 1}\ny: {<<: *x}", "merge keys (<<) are not supported (line 3)"),
        ("a: &a [*a]", "too many values, or nests them too deep"),
        ("a: " + "[" * 50 + "]" * 50, "nests them too deep"),
        ("a: " + "[" * 5000, "broken YAML: nested too deep"),
        ("a: !!bool x", "a value in the YAML is not what its tag says"),
        ('a: !!int ""', "a value in the YAML is not what its tag says"),
        ("a: !!timestamp x", "a value in the YAML is not what its tag says"),
        ("a: " + "9" * 5000, "a value in the YAML is impossible"),
        ("a: 0x" + "f" * 5000, "a value in the YAML is impossible"),
        ('a: "\\0"', "a NUL or half a surrogate pair"),
        ('"\\ud800": 1', "a NUL or half a surrogate pair"),
        ("a: \x07", "broken YAML: unacceptable character"),
        ("- a\n- b", "the front matter is not a list of fields"),
        ("a: b" * MAX_FRONT_MATTER, "not closed by --- within 64 KiB"),
    ],
)
def test_bad_yaml_is_refused(block, reason):
    with pytest.raises(Unfit) as refusal:
        split(f"---\n{block}\n---\nText")
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("a = ", "broken TOML: Invalid value (at line 2"),
        ("b = 1\na = 2024-02-30", "(at line 3, column 5), in 'a'"),
        ("a = 1\na = 2", "broken TOML: Cannot overwrite a value (at line 3"),
        ("a = 2024-02-30", "broken TOML: Invalid date"),
        ("a = " + "[" * 5000, "broken TOML: nested too deep"),
        ('a = "\\u0000"', "a NUL or half a surrogate pair"),
    ],
)
def test_bad_toml_is_refused(block, reason):
    with pytest.raises(Unfit) as refusal:
        split(f"+++\n{block}\n+++\nText")
    assert reason in str(refusal.value)


def test_aliases_are_fine_in_reason():
    assert split("---\na: &x [1, 2]\nb: *x\n---\n").values == {"a": [1, 2], "b": [1, 2]}


def test_field_is_found_however_it_is_spelt():
    fields = Fields({"pubDate": 1, "Redirect-From": 2, "full name": 3})
    assert [fields.take(name) for name in ("pubdate", "redirectfrom", "fullname")] == [1, 2, 3]


def test_taken_field_is_gone_and_the_rest_stays():
    fields = Fields({"a": 1, "b": 2, "c": None, "d": ""})
    assert (fields.take("x", "a"), fields.take("a")) == (1, None)
    assert fields.rest() == {"b": 2}


def test_second_spelling_of_a_taken_field_is_kept():
    fields = Fields({"pub_date": 1, "pubDate": 2})
    assert fields.take("pubdate") == 1
    assert fields.rest() == {"pubDate": 2}


def test_value_that_is_no_text_is_left_when_text_is_asked_for():
    fields = Fields({"summary": ["a"], "description": "b"})
    assert fields.take_text("excerpt", "summary", "description") == "b"
    assert fields.rest() == {"summary": ["a"]}


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("No", "No"),
        ("yes", "yes"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("0b11", "0b11"),
        ("1e3", "1e3"),
        ("1.10", "1.10"),
        ("=", "="),
        ("2021-02-31", "2021-02-31"),
        (".inf", ".inf"),
        ("7", 7),
        ("1.5", 1.5),
        ("~", None),
        ("null", None),
        ("!!str 7", "7"),
    ],
)
def test_yaml_scalar_is_as_typed(typed, values):
    assert split(f"---\na: {typed}\n---\n").values == {"a": values}


@pytest.mark.parametrize("typed", ["true", "True", "FALSE"])
def test_truth_is_a_text_and_a_flag(typed):
    value = split(f"---\na: {typed}\n---\n").values["a"]
    assert (as_text(value), as_flag(value)) == (typed, typed.lower() == "true")


@pytest.mark.parametrize(
    ("text", "values", "body"),
    [
        ('{"title": "J", "n": 1.10}\r\n\r\nText \r\n', {"title": "J", "n": "1.10"}, "\r\nText \r\n"),
        ('{\n  "title": "J"\n}\nText', {"title": "J"}, "Text"),
        ('---json\n{"title": "J"}\n---\nText', {"title": "J"}, "Text"),
        (';;;\n"title": "J"\n;;;\nText', {"title": "J"}, "Text"),
        (';;;\n{"title": "J"}\n;;;\nText', {"title": "J"}, "Text"),
        ('"title": "J",\n"n": 1\n;;;\nText', {"title": "J", "n": 1}, "Text"),
        ('---toml\ntitle = "J"\nn = 1.10\n---\nText', {"title": "J", "n": "1.10"}, "Text"),
        ("--- # remark\ntitle: J\n---\nText", {"title": "J"}, "Text"),
        ("title: J\ntags:\n- a\n---\nText", {"title": "J", "tags": ["a"]}, "Text"),
        (
            "Title: J\nTags: a,\n    b\nDate: 2021-03-04\n\n Text\n",
            {"title": "J", "tags": "a, b", "date": "2021-03-04"},
            " Text\n",
        ),
        ("Title: J\r\n\r\nText\r\n", {"title": "J"}, "Text\r\n"),
        ("Title:J\nDate:2021-03-04\n\nText\n", {"title": "J", "date": "2021-03-04"}, "Text\n"),
        ("Title: J\nhttps://a.example\n", {"title": "J"}, "https://a.example\n"),
        ("<!--\n.. title: J\n.. slug: j\n-->\n\nText", {"title": "J", "slug": "j"}, "\nText"),
        (".. title: J\n.. slug: j\n\nText", {"title": "J", "slug": "j"}, "Text"),
    ],
)
def test_other_front_matter_is_split_from_the_body(text, values, body):
    document = split(text)
    assert (document.values, document.body) == (values, body)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"title": "J",}\n', "broken JSON: "),
        ('{\n"title": J\n}\n', "(line 2)"),
        ('{"title": "J"} more\n', "something stands behind the closing brace (line 1)"),
        ('{"a": 1, "a": 2}\n', "'a' stands there twice"),
        ('{"a": ' + "[" * 100_000, "broken JSON: nested too deep"),
        ('{"a": ' + "9" * 5000 + "}", "a value in the JSON is impossible"),
        (";;;\n[1]\n;;;\n", "broken JSON: "),
        ("---js\n{}\n---\n", "its front matter is a program (js), which is not run"),
        ("---\rtitle: J\r---\r", "its lines end as those of old Macs do"),
        ("Title: a\nTitle: b\n\nText", "the header has the field 'title' twice"),
    ],
)
def test_bad_front_matter_of_other_kinds_is_refused(text, reason):
    with pytest.raises(Unfit) as refusal:
        split(text)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(("field", "line"), [("title", 3), ("date", 4), ("extra.day", 6), ("tags", 7), ("missing", 1)])
def test_line_of_a_field_is_known(field, line):
    document = split("\n---\ntitle: 'date: x'\ndate: 1\nextra:\n  day: 1\n'tags': 2\n---\n")
    assert document.line_of(field) == line


@pytest.mark.parametrize(
    "text", ["Title: a\n" * 20_000, "a: b\n" * 50_000, "<!--\n" + ".. a: b\n" * 50_000, "{\n" * 100_000]
)
def test_long_opening_is_looked_at_in_a_moment(text):
    with suppress(Unfit):
        split(text)
