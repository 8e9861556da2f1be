import pytest

from blogapi.seeding.texts import BODIES_PER_LANGUAGE, LANGUAGES, Texts, repeatable
from blogapi.text.rendering import render
from blogapi.users.logins import username_fault


@pytest.fixture(scope="module")
def texts():
    return Texts(1, 3000)


@pytest.mark.parametrize("place", range(len(LANGUAGES)), ids=[tag for tag, *_ in LANGUAGES])
def test_same_seed_writes_the_same(texts, place):
    one, other = texts.languages[place], Texts(1, 3000).languages[place]
    # In another order, so that nothing hangs on what was asked for before.
    assert [one.body(3), one.body(0)] == [other.body(0), other.body(3)][::-1]
    assert one.title(repeatable("x")) == other.title(repeatable("x"))


def test_other_seed_writes_something_else(texts):
    assert texts.languages[0].body(0) != Texts(2, 3000).languages[0].body(0)
    assert texts.person(0) != Texts(2, 3000).person(0)


@pytest.mark.parametrize("body_bytes", [1000, 5000])
@pytest.mark.parametrize("place", range(len(LANGUAGES)), ids=[tag for tag, *_ in LANGUAGES])
def test_bodies_have_the_wished_size_in_the_mean(place, body_bytes):
    language = Texts(1, body_bytes).languages[place]
    sizes = [len(language.body(number).encode()) for number in range(BODIES_PER_LANGUAGE)]
    mean = sum(sizes) / len(sizes)
    assert 0.7 * body_bytes < mean < 2 * body_bytes + 1000
    assert max(sizes) > 1.3 * min(sizes)


def test_bodies_use_what_markdown_offers(texts):
    html = "".join(render(texts.languages[0].body(number), "markdown").html for number in range(BODIES_PER_LANGUAGE))
    for part in [
        "<h2",
        "<h3",
        "<ul",
        "<ol",
        "<li",
        "<pre",
        "<table",
        "<blockquote",
        "<a ",
        "<em",
        "<strong",
        "checkbox",
    ]:
        assert part in html, part
    assert "footnote" in html


@pytest.mark.parametrize("number", [0, 1, 17, 99_999])
def test_people_have_usernames_that_anybody_could_have(texts, number):
    assert username_fault(texts.person(number).username) is None
    assert texts.person(number) == Texts(1, 3000).person(number)
