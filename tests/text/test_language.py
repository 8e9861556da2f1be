import pytest

from blogapi.text.language import best_language, is_language_tag, language_tag


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


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, fr;q=0.9", "de"),
        ("nl, fr;q=0.4, de;q=0.5", "de"),
        ("de;q=0, fr", "fr"),
        ("*", "en"),
        ("*, de", "de"),
        ("en;q=0, *", "de"),
        ("fr;q=0.2, *;q=0.8", "en"),
        ("fr;q=0.8, *;q=0.2", "fr"),
        ("de;q=0, de-AT;q=0.3, fr;q=0.2", "de"),
        ("fr; Q=0.5, de;q=0.", "fr"),
        ("de;q=2", "de"),
        (";;;,,q=1", "en"),
        ("x" * 5000 + ", de", "en"),
        ("x," * 60 + "de", "en"),
    ],
)
def test_best_language_is_the_one_that_is_read_best(accepted, language):
    assert best_language(accepted, ("en", "de", "fr")) == language
