"""Small inputs that went wrong once: what readers see of them."""

from pathlib import Path

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.text.rendering import render

TEXTS = Path(__file__).parent.parent / "data" / "texts"


@pytest.fixture(scope="module")
def texts():
    return {entry.path: render(entry.body, entry.body_format) for entry in read_folder(TEXTS)}


def test_code_has_its_language(texts):
    assert texts["fence.md"].html == '<pre><code class="language-rust">let x;\n</code></pre>\n'


def test_comment_ends_the_excerpt_and_a_break_is_one(texts):
    text = texts["more-and-br.md"]
    assert text.excerpt_auto == "Intro"
    assert text.html == "<p>Intro</p>\n\n<p>A<br>B</p>\n"


def test_telephone_number_can_be_called(texts):
    assert texts["tel.md"].html == '<p><a href="tel:+49123456" rel="noopener noreferrer">call</a></p>\n'


def test_thai_has_words(texts):
    sentences = (TEXTS / "thai.md").read_text("utf-8").count("การเขียน")
    assert texts["thai.md"].word_count == pytest.approx(7 * sentences, rel=0.3)
    assert texts["thai.md"].reading_minutes >= 1
