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


@pytest.mark.parametrize("mark", ["<!--more-->", "<!-- more -->", "<!-- MORE-->", "<!--\tMore\t-->"])
@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("Intro\n\n{}\n\nRest", "Intro"),
        ("# Title\n\nOne\n\nTwo\n\n{}\nRest", "One Two"),
        ("Intro {} rest", "Intro"),
        ("> Intro\n\n- a\n\n  {}\n\n  b", "Intro a"),
        ("{}\n\nRest", "Rest"),
        ("# Title\n\n{}\n\nRest", "Rest"),
        ("Intro\n\n{}\n\nMore\n\n{}\n\nRest", "Intro"),
        ("Intro `{}`\n\nRest", None),
    ],
)
def test_mark_ends_the_excerpt(frame, mark, expected):
    body = frame.replace("{}", mark)
    assert excerpt(body) == (f"Intro {' '.join(mark.split())} Rest" if expected is None else expected)
    assert "blogapi" not in render(body, "markdown").html


def test_mark_ends_the_excerpt_of_html():
    assert excerpt("<p>Intro</p><table><!--more--><tr><td>a</table><p>Rest</p>", "html") == "Intro"
    assert excerpt("<p>Intro</p><!-- no more --><p>Rest</p>", "html") == "Intro Rest"


def test_long_text_before_the_mark_is_cut():
    assert len(excerpt("word " * 100 + "\n\n<!--more-->\n\nRest")) <= 300


@pytest.mark.parametrize(
    "body", ["Intro\n\n<blogapi-more></blogapi-more>\n\nRest", "Intro\n\n&lt;!--more--&gt;\n\nRest"]
)
def test_excerpt_has_no_other_end(body):
    assert excerpt(body).endswith("Rest")


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
        ("<!-- not seen --> seen <b>too</b>", 2),
        ("a[^1] b\n\n[^1]: c", 3),
    ],
)
def test_words_are_counted_as_read(body, words):
    assert render(body, "markdown").word_count == words


# How many words ICU finds in them.
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("การเขียนโปรแกรมเป็นทักษะที่สำคัญ", 7),
        ("วันนี้อากาศดีมากเราจึงไปเที่ยวทะเลกับเพื่อนที่โรงเรียน ฉันชอบกินข้าวผัดและดื่มน้ำส้มทุกวัน", 24),
        ("ທຸກໆຄົນມີເຫດຜົນແລະຄວາມຄິດຄວາມເຫັນສ່ວນຕົວຂອງໃຜຂອງມັນ", 13),
        ("មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងសមភាពក្នុងផ្នែកសេចក្ដីថ្លៃថ្នូរនិងសិទ្ធិ", 12),
        ("လူတိုင်းသည်တူညီလွတ်လပ်သောဂုဏ်သိက္ခာဖြင့်လည်းကောင်း", 9),
    ],
)
def test_words_without_spaces_between_are_estimated(body, words):
    assert abs(render(body, "markdown").word_count - words) <= max(2, words * 0.3)
    assert abs(render("# a\n\n" + body * 50, "markdown").word_count - 50 * words) <= 50 * words * 0.3
    assert render(body * 50, "markdown").reading_minutes >= 50 * words * 0.7 / 238


def test_zero_width_space_ends_a_word():
    assert render("ខ្ញុំ\u200bញ៉ាំ\u200bបាយ", "markdown").word_count == 3


@pytest.mark.parametrize(("body", "minutes"), [("a " * 238, 1), ("a " * 239, 2), ("你" * 501, 2), ("!", 1), ("", 0)])
def test_reading_time_is_rounded_up(body, minutes):
    assert render(body, "markdown").reading_minutes == minutes
