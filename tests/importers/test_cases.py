"""The smallest files that once went wrong, a folder for each kind of fault: what comes out of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry, Refusal, Skipped
from blogapi.importers.run import import_folder
from blogapi.wiring import SERVICES

CASES = Path(__file__).parents[1] / "data" / "cases"


def read(name):
    return list(read_folder(CASES / name))


def entries(name):
    return {item.path: item for item in read(name) if isinstance(item, Entry)}


async def imported(client, ada, found):
    return await import_folder(client.app[SERVICES], iter(found), author=ada.username)


async def items(client, path, who=None):
    return (await (await client.get(path, headers=who.headers if who else {})).json())["items"]


async def test_nothing_that_was_not_public_is(client, ada, editor):
    report = await imported(client, ada, read("not-public"))
    assert (report.created, report.refused) == (10, 0)
    assert await items(client, "/v1/posts") == []
    drafts = await items(client, "/v1/posts?status=draft&limit=100", editor)
    assert len(drafts) == 10
    assert {note.file for note in report.notes if "so it is a draft" in note.text} == set(entries("not-public"))
    for draft in drafts:
        assert (await client.get(f"/v1/posts/by-slug/{draft['slug']}")).status == 404
        whole = await (await client.get(f"/v1/posts/{draft['id']}?view=working", headers=editor.headers)).text()
        assert "swordfish" not in whole
    assert "swordfish" not in repr(report)


def test_words_and_numbers_are_as_typed():
    words, numbers = entries("yaml")["words.md"], entries("yaml")["numbers.md"]
    assert (words.title, words.lang, [tag.name for tag in words.tags]) == ("No", "no", ["no", "yes", "on", "off"])
    assert (numbers.title, numbers.slug, numbers.custom) == ("007", "007", {"zip": "02134"})
    assert [tag.name for tag in numbers.tags] == ["1_000"]


def test_dates_are_right_or_told():
    found = entries("dates")
    assert found["javascript.md"].published_at == datetime(2016, 1, 1, tzinfo=UTC)
    zero = found["draft-zero.md"]
    assert (zero.published_at, zero.is_draft) == (None, True)
    assert any(note.startswith("date (line 4): the date '0000-00-00 00:00:00'") for note in zero.notes)
    for path, field, text in (
        ("lastmod-zero.md", "lastmod", "0000-00-00"),
        ("foreign-impossible.md", "event", "2021-02-31"),
    ):
        entry = found[path]
        assert (entry.published_at, entry.custom) == (datetime(2021, 3, 4, tzinfo=UTC), {field: text})
        assert entry.notes == (
            f"{field} (line 4): the date {text!r} is impossible or not understood; it stays as text",
        )


async def test_two_names_are_two_tags(client, ada):
    report = await imported(client, ada, read("names"))
    names = {tag["name"]: tag["slug"] for tag in await items(client, "/v1/tags")}
    assert {"世界", "视界", "Bar", "Bär"} <= names.keys()
    assert len(set(names.values())) == len(names)
    assert {"Sports": "sports", "Baseball": "baseball", "Diary": "diary"}.items() <= names.items()
    notes = [note.text for note in report.notes if note.file != "nested-categories.md"]
    assert "the tag 'Bar' has the slug 'bar', so 'Bär' is 'bar-2'" in notes
    assert "the tag '世界' has the slug 'shi-jie', so '视界' is 'shi-jie-2'" in notes
    again = await imported(client, ada, read("names"))
    assert (again.unchanged, again.created, again.updated) == (4, 0, 0)


def test_languages_are_in_the_names_of_files():
    found = entries("languages")
    assert (found["hello.fr.md"].lang, found["hello.fr.md"].slug) == ("fr", "hello")
    main, french = found["pack/index.md"], found["pack/index.fr.md"]
    assert (main.slug, french.slug, french.lang) == ("pack", "pack-fr", "fr")
    assert main.custom == french.custom == {"translation_key": "pack/index"}
    assert main.work == french.work == "pack/index"
    for entry in (main, french):
        assert "there is more than one language of it: they share custom.translation_key" in entry.notes


def test_root_of_a_blog_gives_its_posts_alone():
    assert [item.path for item in read("root") if isinstance(item, Entry)] == ["content/mine.md"]
    assert [item for item in read("root") if isinstance(item, Skipped)] == [
        Skipped(file="archetypes", reason="a folder with templates"),
        Skipped(file="themes", reason="a folder with themes"),
        Skipped(file="vendor", reason="a folder with packages of others"),
    ]


def test_json_and_header_lines_are_read():
    found = entries("json")
    assert (found["post.md"].title, found["post.md"].body) == ("JSON", "\nBody.\n")
    assert found["post.md"].published_at == datetime(2021, 3, 4, tzinfo=UTC)
    pelican = found["pelican.md"]
    assert (pelican.title, pelican.published_at) == ("Pelican", datetime(2021, 3, 4, 10, 20, tzinfo=UTC))
    assert [tag.name for tag in pelican.tags] == ["a", "b"]


@pytest.mark.parametrize("name", [path.name for path in sorted(CASES.iterdir())])
def test_no_case_is_refused(name):
    assert not any(isinstance(item, Refusal) for item in read(name))
