import pytest

from blogapi.text.language import is_language_tag, language_tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("EN", "en"),
        ("en-us", "en-US"),
        ("ZH-hANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("DE-de-1901", "de-DE-1901"),
        ("sl-ROZAJ-Biske", "sl-rozaj-biske"),
        ("fil-LATN", "fil-Latn"),
    ],
)
def test_tag_gets_its_usual_case(text, tag):
    assert language_tag(text) == tag == language_tag(tag)
    assert is_language_tag(text)


@pytest.mark.parametrize("text", ["", "e", "english", "en_US", "en-", "en-us\n", "de-x-private"])
def test_other_text_is_no_tag(text):
    assert not is_language_tag(text)
