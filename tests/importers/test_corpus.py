"""Two whole blogs of other people, where they are at hand (`BLOGAPI_CORPUS`)."""

from collections import Counter
from functools import cache

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry, Skipped
from blogapi.posts.schemas import NewPostSchema
from blogapi.users.model import MAX_DISPLAY_NAME

from .conftest import CORPUS, as_request

BLOGS = {"rust-blog": 385, "jekyll-news": 102}


@cache
def read(name):
    return list(read_folder(CORPUS / name))


@pytest.fixture(params=BLOGS)
def found(request):
    return read(request.param)


@pytest.fixture
def entries(found):
    return [entry for entry in found if isinstance(entry, Entry)]


def test_every_post_is_read(entries):
    assert len(entries) == BLOGS[entries[0].source]


def test_nothing_is_refused(found):
    assert {type(item) for item in found} == {Entry, Skipped}


def test_every_post_is_published_with_its_date(entries):
    assert all(entry.published_at and not entry.is_draft for entry in entries)
    assert {entry.published_at.year for entry in entries} <= set(range(2013, 2027))


def test_every_post_fits(entries):
    for entry in entries:
        assert NewPostSchema().load(as_request(entry)).title == entry.title
        assert all(0 < len(name) <= MAX_DISPLAY_NAME for name in entry.authors)


def test_every_post_names_its_authors_and_its_old_address(entries):
    assert all(entry.authors and entry.former_urls for entry in entries)


def test_reading_again_gives_the_same(found, entries):
    again = list(read_folder(CORPUS / entries[0].source))
    assert again == found
    assert [item.fingerprint() for item in again if isinstance(item, Entry)] == [item.fingerprint() for item in entries]


def test_rust_blog_has_its_people_one_by_one():
    entries = [item for item in read("rust-blog") if isinstance(item, Entry)]
    assert len({name for entry in entries for name in entry.authors}) == 94


def test_rust_blog_skips_sections_the_page_and_the_readme():
    skipped = {item.file for item in read("rust-blog") if isinstance(item, Skipped)}
    assert skipped == {"README.md", "_index.md", "releases/_index.md", "releases/latest.md"}


def test_jekyll_news_keeps_its_categories():
    entries = [item for item in read("jekyll-news") if isinstance(item, Entry)]
    assert Counter(tag.slug for entry in entries for tag in entry.tags) == {
        "release": 89,
        "community": 9,
        "team": 3,
        "partners": 1,
        "meetup": 1,
    }
