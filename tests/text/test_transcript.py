import pytest

from blogapi.text.rendering import render


def excerpt(body, body_format="markdown"):
    return render(body, body_format).excerpt_auto


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# Title\n\nFirst *one*,\nthen `two`.\n\nSecond.", "First one, then two. Second."),
        ("```\ncode\n```\n\nprose", "prose"),
        ("|a|\n|-|\n|b|\n\nprose", "prose"),
        ("prose[^1] ![alt](/x)\n\n[^1]: note", "prose"),
        ("- one\n- [ ] two\n\n> three", "one two three"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("# Title\n\n```\ncode\n```", "Title"),
        ("```\ncode\n```", "code"),
        ("![alt](/x)", ""),
    ],
)
def test_excerpt_is_the_first_prose(body, expected):
    assert excerpt(body) == expected


def test_excerpt_is_cut_at_a_word():
    text = excerpt("word " * 100)
    assert len(text) <= 300
    assert text == "word " * 59 + "word…"


def test_excerpt_of_300_characters_is_whole():
    assert excerpt("x" * 300) == "x" * 300


@pytest.mark.parametrize("body", ["x" * 301, "你好，" * 200, "a " + "x" * 400])
def test_excerpt_without_words_is_cut_anywhere(body):
    text = excerpt(body)
    assert 290 <= len(text) <= 300
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("one two\nthree", 3),
        ("# one\n\n- two\n- three\n\n|four|\n|-|\n|five|\n\n```\nsix\n```", 6),
        ("don't well-known 3.14 — !", 3),
        ("你好，世界", 4),
        ("Python は楽しい", 5),
        ("한국어 단어", 2),
        ("हिन्दी शब्द", 2),
        ("![not seen](/x) [seen](/not-seen)", 1),
        ("🎉", 0),
    ],
)
def test_words_are_counted_as_read(body, words):
    assert render(body, "markdown").word_count == words


@pytest.mark.parametrize(("body", "minutes"), [("a " * 238, 1), ("a " * 239, 2), ("你" * 501, 2), ("!", 1), ("", 0)])
def test_reading_time_is_rounded_up(body, minutes):
    assert render(body, "markdown").reading_minutes == minutes
