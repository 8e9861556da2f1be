"""Texts that were made to cost much: they are shown as typed, and nothing in them is lost."""

from html import unescape

import mdurl._parse
import pytest

from blogapi.text.rendering import MAX_HTML_BYTES, render, render_small
from blogapi.text.transcript import MAX_TOC_ENTRIES

KIB = 1024
MAX_BODY = 512 * KIB


def fill(unit, size=MAX_BODY):
    return unit * (size // len(unit.encode()))


def text_of(page):
    return unescape(page.removeprefix("<pre>").removesuffix("</pre>"))


TOO_COMPLEX = {
    "brackets": fill("["),
    "nested images": fill("!["),
    "emphasis": fill("*a **b "),
    "backticks": fill("`a"),
    "entities": fill("&"),
    "lines": fill("a\n"),
    "headings": fill("# a\n"),
    "links": fill("[](a)"),
    "quotation and text in turn": fill("> # a\nb\n", 64 * KIB),
    "quotations in quotations": fill(">" * 15 + " a\n" + "a\n" * 3000, 48 * KIB),
    "tables of short rows": ("|" + "a|" * 180 + "\n|" + "-|" * 180 + "\n" + "a\n" * 180 + "\n") * 3,
    "ordered lists in each other": fill("1. " * 9 + "a\n", 128 * KIB),
    "one address, many links": "[a]: /" + "b" * 200 * KIB + "\n\n" + "[a]" * 30_000,
    "one title, many links": "[a]: /b '" + "c" * 200 * KIB + "'\n\n" + "[a]" * 30_000,
    "one address, many images": "[a]: /" + "b" * KIB + "\n\n" + "![a]" * 8_000,
    "one footnote, many references": "[^1]: a\n\n" + "[^1]" * 23_000,
    "lists deeper than the parser goes": "\n".join("  " * depth + f"- level {depth}" for depth in range(15)),
    "quotations deeper than the parser goes": ">" * 25 + " deep",
}


@pytest.mark.parametrize("name", TOO_COMPLEX)
def test_complex_markdown_is_shown_as_typed(name):
    body = TOO_COMPLEX[name]
    rendered = render(body, "markdown")
    assert rendered.html.startswith("<pre>")
    assert text_of(rendered.html) == body
    assert rendered.excerpt_auto
    assert rendered.toc == ()


@pytest.mark.parametrize(
    "body",
    [
        fill("<div>"),
        fill("<b><p>x"),
        fill("<li><dt>x"),
        fill("<ul><li>x"),
        # What stands in a value, a comment or a script closes nothing.
        fill("<div><img alt='</div>'>x"),
        fill('<div title="<!--">x</div title=">-->"><div>'),
        fill("<div><script></div></script>x"),
        fill("<div><!-- </div> -->x"),
        "<a " + " ".join(f"a-{'b' * i}" for i in range(800)) + ">x</a>",
        # Every parser opens the marks again in each paragraph.
        "".join(f"<b lang=a{i}>" for i in range(400)) + fill("<p>x", 64 * KIB),
    ],
    ids=lambda body: body[:24],
)
def test_complex_html_is_shown_without_its_tags(body):
    rendered = render(body, "html")
    assert rendered.html.startswith("<pre>")
    assert "x" in text_of(rendered.html) or ">" in rendered.html
    assert "<svg" not in rendered.html


@pytest.mark.parametrize("hidden", ["<!-- hidden -->", "<!--\nhidden\n\nhidden --->", "<!-- > hidden --!>"])
@pytest.mark.parametrize("body_format", ["markdown", "html"])
def test_comment_stays_hidden_where_a_text_is_shown_as_typed(hidden, body_format):
    body = fill("*a **b ") if body_format == "markdown" else fill("<div>x")
    rendered = render(f"{body}{hidden} &#{'9' * 5000}; seen", body_format)
    assert rendered.html.startswith("<pre>")
    assert "hidden" not in rendered.html
    assert "seen" in rendered.html


def test_open_marks_are_not_opened_again_by_each_paragraph_of_markdown():
    body = "".join(f"<b lang=a{i}>" for i in range(400)) + "\n\nx" * 10_000
    assert render(body, "markdown").html.startswith("<pre>")


@pytest.mark.parametrize(
    "body",
    [
        "<p>x</p>" * 20_000,
        "<ul>" + "<li>x" * 20_000,
        "<table>" + "<tr><td>x" * 20_000,
        "<p>x<br>" * 20_000,
        "<b>x</b>" * 20_000,
        "<div>" * 400 + "x" + "</div>" * 400,
        "<b><i>" * 10 + "<p>x" * 10_000,
        "<svg></svg>" + "<p>x<br>" * 1000,
        "<svg>" + fill("<td>x", 64 * KIB),
        fill("<svg><td>x</td>", 64 * KIB),
        "<a " + " ".join(f"a{i}" for i in range(70_000)) + ">x</a>",
        "<a" + "".join(f' a{i}="/>"' for i in range(40_000)) + ">x</a>",
        "<a" + "".join(f"/a{i}='>'" for i in range(40_000)) + ">x</a>",
        '<img alt="' + "x " * 10_000 + '">',
        "<p>" + "x < y & z " * 1000,
    ],
    ids=lambda body: body[:24],
)
def test_long_html_is_rendered(body):
    assert "<pre>" not in render(body, "html").html


@pytest.mark.parametrize(
    "body",
    [
        fill("x"),
        fill("word "),
        fill("你好，世界。"),
        fill("A sentence of some words, with *emphasis* and [a link](/to/a/page).\n\n", 128 * KIB),
        fill("- an item of a list\n", 64 * KIB),
        fill("| a cell | another cell |\n", 100 * KIB),
        fill("```python\nprint(x['key'], y[0] + 1)\n```\n\n", 128 * KIB),
        "# " + fill("long heading "),
    ],
    ids=lambda body: body[:24],
)
def test_long_text_is_rendered(body):
    page = render(body, "markdown").html
    assert page.startswith("<pre><code") or not page.startswith("<pre>")
    assert len(page) > len(body)


@pytest.mark.parametrize("body_format", ["markdown", "html"])
@pytest.mark.parametrize("unit", ["<a@b.c>", "&", "<a href=b>c</a>"])
def test_html_is_bounded(unit, body_format):
    assert len(render(fill(unit), body_format).html.encode()) <= MAX_HTML_BYTES


def test_contents_are_bounded():
    rendered = render("# a\n" * (MAX_TOC_ENTRIES + 1) + "# " + "b " * 1000, "markdown")
    assert len(rendered.toc) == MAX_TOC_ENTRIES
    assert max(len(entry.text) for entry in render("# " + "b " * 1000, "markdown").toc) <= 200


def test_ids_are_bounded():
    (entry,) = render("# " + "b " * 1000, "markdown").toc
    assert len(entry.id) <= 100


def test_complex_small_text_is_shown_as_typed():
    assert text_of(render_small(fill("*a"))) == fill("*a")


@pytest.mark.parametrize("around", ["\n\n", "\n", " ", "    ", "\t"])
def test_text_shown_as_typed_keeps_its_white_space(around):
    body = f"{around}a\n\n{'>' * 25} b{around}"
    # Whoever parses it drops the first line break, see the HTML standard, section 13.1.2.5.
    assert text_of(render(body, "markdown").html).removeprefix("\n") == body


def test_long_label_is_no_footnote():
    long, short = "a" * 120, "b" * 20
    page = render(f"[^{long}] [^{short}]\n\n[^{long}]: c\n\n[^{short}]: d", "markdown").html
    assert f"[^{long}]" in page
    assert f"[^{short}]" not in page


def test_unknown_schemes_are_not_remembered():
    def render_links(first, last):
        render(" ".join(f"[a](s{number}:é) <s{number}:b>" for number in range(first, last)), "markdown")

    render_links(0, 5)
    known = len(mdurl._parse.HOSTLESS_PROTOCOL)
    render_links(5, 50)
    assert len(mdurl._parse.HOSTLESS_PROTOCOL) == known
