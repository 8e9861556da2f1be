import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogapi.text.slug import RESERVED_SLUGS, ascii_words, is_slug, slugify, with_suffix


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("  Æther -- & über Straße ", "aether-uber-strasse"),
        ("Don’t panic, it's fine", "dont-panic-its-fine"),
        ("Привет мир", "privet-mir"),
        ("你好世界", "ni-hao-shi-jie"),
        ("Fish &amp; chips &#65;", "fish-amp-chips-65"),
        ("1,000 things", "1000-things"),
        ("🎉🎉", "untitled"),
        ("", "untitled"),
        ("---", "untitled"),
    ],
)
def test_slugify_transliterates(title, slug):
    assert slugify(title) == slug


def test_slugify_takes_the_given_fallback():
    assert slugify("🎉", fallback="") == ""


@pytest.mark.parametrize("title", ["Admin", "Search", "API", "by slug"])
def test_slugify_avoids_reserved_words(title):
    assert slugify(title) not in RESERVED_SLUGS
    assert slugify(title).endswith("-post")


def test_slugify_cuts_at_a_word():
    slug = slugify("word " * 50)
    assert slug == "-".join(["word"] * 24)


def test_slugify_cuts_inside_a_word_that_fills_it():
    assert slugify("a " + "b" * 500) == "a-" + "b" * 118


@given(st.text(max_size=400))
@settings(deadline=None)
def test_slugify_makes_slugs_of_anything(title):
    slug = slugify(title)
    assert is_slug(slug)
    assert len(slug) <= 120
    assert slug not in RESERVED_SLUGS
    assert slugify(slug) == slug


@pytest.mark.parametrize("value", ["a", "0", "a-b", "c--d", "x" * 120, "2024-01-01"])
def test_is_slug_accepts(value):
    assert is_slug(value)


@pytest.mark.parametrize("value", ["", "-", "-a", "a-", "A", "ä", "a b", "a\n", "a_b", "a.b", "x" * 121, None, 7, b"a"])
def test_is_slug_refuses(value):
    assert not is_slug(value)


def test_reserved_words_have_the_form_of_slugs():
    assert all(map(is_slug, RESERVED_SLUGS))


@pytest.mark.parametrize(
    ("slug", "n", "expected"),
    [("post", 2, "post-2"), ("x" * 120, 10, "x" * 117 + "-10"), ("x" * 117 + "-yz", 2, "x" * 117 + "-2")],
)
def test_suffix_keeps_the_length(slug, n, expected):
    assert with_suffix(slug, n) == expected


def test_ascii_words_knows_no_reserved_words():
    assert ascii_words("Author", 30) == "author"
