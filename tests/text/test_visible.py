import pytest

from blogapi.text.visible import is_blank


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\t\n", "\xa0", "\u200b", "\u200b\u200c\u200d\u2060", "\ufeff", "\xad", "\u034f", "\u061c",
        "\u115f\u1160",
        "\u17b4\u17b5", "\u180e",
        "\u2800", "\u3000", "\u3164", "\ufe0f", "\uffa0", "\U000e0001\U000e0041", "\U000e0100",
        "\u0301", "\u20dd", "\u0903", "\u2028\u2029", "\x00\x1b", "\u202e", "\ufff9", "\uffff", "\U0001d159", "\u2065",
    ],
)  # fmt: skip
def test_text_that_nobody_sees_is_blank(text):
    assert is_blank(text)
    assert is_blank(text * 3)
    assert not is_blank(f"{text}a{text}")


@pytest.mark.parametrize(
    "text", ["a", "0", "!", "é", "e\u0301", "世", "ก", "🎉", "❤\ufe0f", "👨\u200d👩", "·", "\ue000", "\u0378"]
)
def test_other_text_is_seen(text):
    assert not is_blank(text)
