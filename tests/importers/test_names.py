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
    ],
)
def test_people_of_one_byline_are_told_apart(text, people):
    assert people_in(text, is_plural=False) == people


def test_comma_in_a_plural_field_stands_between_people():
    assert people_in("Ann, Bob", is_plural=True) == ["Ann", "Bob"]


def test_huge_byline_is_read_in_a_moment():
    assert len(people_in("a, " * 100_000, is_plural=True)) == 1
