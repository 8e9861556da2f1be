"""HTML that readers would not see: what it had embedded stays within reach, and nothing goes without a note."""

import pytest

from blogapi.importers.elements import to_links, with_markdown_inside
from blogapi.text.rendering import render

VIDEO = "https://www.youtube.com/embed/a-b_c"


@pytest.mark.parametrize(
    ("text", "body", "note"),
    [
        (
            f'<iframe width=5 src="{VIDEO}"></iframe>',
            f'<a href="{VIDEO}">{VIDEO}</a></iframe>',
            "iframe made a link (line 1)",
        ),
        (
            "<video src='//a.example/b.mp4' controls>",
            '<a href="https://a.example/b.mp4">https://a.example/b.mp4</a>',
            "video made a link (line 1)",
        ),
        (
            "<audio controls><source src=b.mp3><source src=b.ogg></audio>",
            '<audio controls><a href="b.mp3">b.mp3</a><source src=b.ogg></audio>',
            "source made a link (line 1)",
        ),
    ],
)
def test_what_was_embedded_becomes_a_link(text, body, note):
    assert (to_links(text)[0], to_links(text)[1][-1]) == (body, note)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("a\n\n<script>x()</script>\n", ("script is not shown (line 3)",)),
        ("a <form action='b'>c</form>", ("form is not shown (line 1)",)),
        ('<iframe src="{{ page.video }}"></iframe> <iframe src="javascript:a()">', ("iframe is not shown (line 1)",)),
        ("`<iframe src=a>` <!-- <iframe src=a> -->\n\n```\n<script>\n```\n", ()),
        ("<picture><source srcset=a.webp><img src=a.png></picture>", ()),
        ("<formula> <iframes src=a>", ()),
    ],
)
def test_everything_else_stays(text, notes):
    assert to_links(text) == (text, notes)


def test_link_is_seen_by_readers(post):
    entry = post(body=f'A\n\n<iframe src="{VIDEO}"></iframe>\n\nB\n')
    assert f'<a href="{VIDEO}" rel="noopener noreferrer">{VIDEO}</a>' in render(entry.body, "markdown").html
    assert "iframe made a link (line 6)" in entry.notes


def test_markdown_inside_of_html_is_read(post):
    entry = post(body='<div class="a" markdown="1">\n**b**\n</div>\n')
    assert render(entry.body, "markdown").html == "<div>\n<p><strong>b</strong></p>\n</div>\n"
    on_one_line, notes = with_markdown_inside('<div id="a" markdown="1">**b**</div>\nc')
    assert render(on_one_line, "markdown").html == '<div id="h-a">\n<p><strong>b</strong></p>\n</div>\n<p>c</p>\n'
    assert notes == ("Markdown inside of HTML is set off by blank lines (1 times)",)
    assert with_markdown_inside("<div>\n**b**\n</div>") == ("<div>\n**b**\n</div>", ())
