import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from blogapi.importers.model import Entry, Tag, username_for
from blogapi.posts.copies import Cover, Seo
from blogapi.users.logins import username_fault

ENTRY = Entry(source="blog", path="a.md", title="A", body="Text", body_format="markdown", notes=("a note",))


def test_fingerprint_is_the_same_for_the_same_post():
    assert ENTRY.fingerprint() == replace(ENTRY).fingerprint()


def test_fingerprint_stays_between_versions():
    full = replace(
        ENTRY,
        tags=(Tag(slug="t", name="T"),),
        published_at=datetime(2024, 1, 2, tzinfo=UTC),
        cover=Cover(url="https://a.example/b.png"),
        custom={"b": 1, "a": [None]},
    )
    assert full.fingerprint() == replace(full, custom={"a": [None], "b": 1}).fingerprint()
    assert re.fullmatch(r"[0-9a-f]{64}", full.fingerprint())


@pytest.mark.parametrize(
    "change",
    [
        {"title": "B"},
        {"body": "Other"},
        {"body_format": "html"},
        {"slug": "a"},
        {"former_slugs": ("b",)},
        {"former_urls": ("/b",)},
        {"published_at": datetime(2024, 1, 2, tzinfo=UTC)},
        {"is_draft": True},
        {"authors": ("A",)},
        {"tags": (Tag(slug="t", name="T"),)},
        {"excerpt": "E"},
        {"lang": "de"},
        {"cover": Cover(url="https://a.example/b.png")},
        {"seo": Seo(noindex=True)},
        {"custom": {"a": 1}},
    ],
)
def test_fingerprint_tells_every_change_of_the_post(change):
    assert replace(ENTRY, **change).fingerprint() != ENTRY.fingerprint()


@pytest.mark.parametrize("change", [{"source": "other"}, {"path": "b.md"}, {"notes": ()}])
def test_fingerprint_does_not_tell_where_it_came_from(change):
    assert replace(ENTRY, **change).fingerprint() == ENTRY.fingerprint()


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("DirtyF", "DirtyF"),
        ("mattr-", "mattr-"),
        ("Ada Lovelace", "ada-lovelace"),
        ("Rémy Rakic", "remy-rakic"),
        ("Amanieu d'Antras, Jack Huey", "amanieu-dantras-jack-huey"),
        ("TC", "tc-author"),
        ("Admin", "admin-author"),
        ("Staff!", "staff-author"),
        ("_x", "x-author"),
    ],
)
def test_username_is_made_from_the_name(name, username):
    assert username_for(name) == username


@pytest.mark.parametrize(
    "name", ["", "!", "🎉", "x" * 500, "Ада Лавлейс", "阿达", "a" * 32, "a" * 33, "--a--", "author", "f" * 24]
)
def test_username_is_always_legal_and_the_same(name):
    assert username_fault(username_for(name)) is None
    assert username_for(name) == username_for(name)


def test_names_that_need_cutting_or_have_no_letters_stay_apart():
    names = ["x" * 40, "x" * 41, "🎉", "🎈"]
    assert len({username_for(name) for name in names}) == len(names)
