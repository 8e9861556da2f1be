import pytest

from blogapi.importers.frontmatter import MAX_FRONT_MATTER, Fields, split
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
