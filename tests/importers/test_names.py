import pytest

from blogapi.importers.names import people_in


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("A. Example, B. Example and C. Example", ["A. Example", "B. Example", "C. Example"]),
        ("A. Example, B. Example, and C. Example", ["A. Example", "B. Example", "C. Example"]),
        ("Jane Doe & John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe; John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe with John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe und John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe, John Roe", ["Jane Doe", "John Roe"]),
        ("Ann, Bob, Cy", ["Ann", "Bob", "Cy"]),
        ("Ludwig van Example und Else de Sample", ["Ludwig van Example", "Else de Sample"]),
        ("Smith, John", ["Smith, John"]),
        ("Jane Doe, John Roe & 3 others", ["Jane Doe", "John Roe"]),
        ("Jane Doe and 1 other", ["Jane Doe"]),
        ("Jane Doe + 12 more", ["Jane Doe"]),
        ("3 others", ["3 others"]),
        ("@jane, @john", ["@jane", "@john"]),
        ("@jane @john", ["@jane", "@john"]),
        ("@jane and @john", ["@jane", "@john"]),
        ("van Example, Ludwig", ["van Example, Ludwig"]),
        ("Smith, John; Doe, Jane", ["Smith, John", "Doe, Jane"]),
        ("Smith, John and Doe, Jane", ["Smith, John", "Doe, Jane"]),
        ("John Smith, Jr.", ["John Smith, Jr."]),
        ("Jane Doe, PhD and John Roe", ["Jane Doe, PhD", "John Roe"]),
        ("José Ortega y Gasset", ["José Ortega y Gasset"]),
        ("Research and Development", ["Research and Development"]),
        ("The example team and the sample team", ["The example team and the sample team"]),
        ("Jane Doe, on behalf of the team", ["Jane Doe, on behalf of the team"]),
        ("The Group in partnership with the Foundation", ["The Group in partnership with the Foundation"]),
        ("Jane  Doe", ["Jane Doe"]),
        ("Jose\u0301", ["José"]),
        ("Alexander Sandy", ["Alexander Sandy"]),
        ("Jane Doe, Executive Director", ["Jane Doe"]),
        ("Jane Doe, CEO of Example and John Roe, Senior Engineer", ["Jane Doe", "John Roe"]),
        ("by Jane Doe and John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe / John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe | John Roe · Ann", ["Jane Doe", "John Roe", "Ann"]),
        ("Jane Doe et al.", ["Jane Doe"]),
        ("王小明、李大同", ["王小明", "李大同"]),
        ("[Jane Doe](https://a.example) and <a href='b'>John Roe</a>", ["Jane Doe", "John Roe"]),
        ("TC & Jane Doe", ["TC", "Jane Doe"]),
        ("AC/DC", ["AC/DC"]),
    ],
)
def test_people_of_one_byline_are_told_apart(text, people):
    assert people_in(text, is_plural=False) == people


def test_comma_in_a_plural_field_stands_between_people():
    assert people_in("Ann, Bob", is_plural=True) == ["Ann", "Bob"]


def test_huge_byline_is_read_in_a_moment():
    assert len(people_in("a, " * 100_000, is_plural=True)) == 1


@pytest.mark.parametrize(
    ("fields", "authors"),
    [
        ("creator: Jane Doe", ("Jane Doe",)),
        ("written-by: Jane Doe", ("Jane Doe",)),
        ("author: Ann\ncreator: Jane Doe", ("Ann",)),
        ("authors: {jane: {name: Jane Doe}, john: {}}", ("Jane Doe", "john")),
    ],
)
def test_author_is_found_in_other_fields(post, fields, authors):
    assert post(fields).authors == authors


@pytest.mark.parametrize("file", ["_data/authors.yml", "blog/authors.yml", "data/authors.yaml"])
def test_short_names_of_a_list_are_written_out(blog, file):
    people = "jane:\n  name: Jane Doe\n  email: jane@a.example\njohn: John Roe\n"
    found = blog({file: people, "2020-01-01-a.md": "---\ntitle: T\nauthors: [jane, john, ann]\n---\nx\n"})
    assert found[-1].authors == ("Jane Doe", "John Roe", "ann")


def test_tags_stand_in_tables_and_between_any_commas(post):
    entry = post("tags: 日本、東京\nextra: {tags: [a]}\nparams: {tags: [b]}")
    assert [tag.name for tag in entry.tags] == ["日本", "東京", "a", "b"]
