import pytest

from blogapi.text.rendering import TocEntry, render


def html(body):
    return render(body, "html").html


def test_headings_get_ids():
    rendered = render("<h2>A &amp; <em>b</em></h2><h2 lang=en>A b</h2><h3></h3>\n<h4>c</h4>", "html")
    assert rendered.html == (
        '<h2 id="h-a-b">A &amp; <em>b</em></h2><h2 id="h-a-b-2" lang="en">A b</h2><h3></h3>\n<h4 id="h-c">c</h4>'
    )
    assert rendered.toc == (
        TocEntry(level=2, id="h-a-b", text="A & b"),
        TocEntry(level=2, id="h-a-b-2", text="A b"),
        TocEntry(level=4, id="h-c", text="c"),
    )


def test_own_ids_are_kept_in_our_form_and_links_follow():
    rendered = render('<p><a href="#Getting%20Started">x</a></p><h2 id="Getting Started">Go</h2>', "html")
    assert 'href="#h-getting-started"' in rendered.html
    assert '<h2 id="h-getting-started">' in rendered.html
    assert rendered.toc[0].id == "h-getting-started"


def test_id_is_given_once():
    rendered = render('<p id="a">1</p><h2 id="a">2</h2><h2>a</h2><span id="a">3</span>', "html")
    assert [f'id="{name}"' in rendered.html for name in ("h-a", "h-a-2", "h-a-3", "h-a-4")] == [True] * 4
    assert [entry.id for entry in rendered.toc] == ["h-a-2", "h-a-3"]


def test_heading_in_pieces_gets_one_id():
    rendered = render("<h2><div>a</div><div>b</div></h2><h3>c<br>d</h3>", "html")
    assert rendered.html == '<h2 id="h-a"><div>a</div><div>b</div></h2><h3 id="h-c-d">c<br>d</h3>'


def test_visible_text_is_read():
    rendered = render(
        "<h1>Title</h1><pre>code</pre><p>One<br>two&nbsp;&lt;3</p><ul><li>four</ul>"
        "<figure><img alt=no><figcaption>five</figcaption></figure><table><tr><td>six</table><script>no</script>",
        "html",
    )
    assert rendered.excerpt_auto == "One two <3 four"
    assert rendered.word_count == 8
    assert rendered.reading_minutes == 1


def test_blank_first_line_of_preformatted_text_is_kept():
    assert html("<pre>\n\na</pre>") == "<pre>\n\na</pre>"


@pytest.mark.parametrize("body", ["<p>a <i>b", "a</p></div>b", "<ul><li>a<li>b", "a & b < c", "<table><td>a"])
def test_broken_html_is_mended(body):
    page = html(body)
    assert html(page) == page
    assert "a" in page


def test_rendered_markdown_passes_unchanged():
    page = render("# a\n\nb[^1]\n\n- [x] c\n\n|d|\n|:-|\n\n```e\nf\n```\n\n[^1]: g", "markdown").html
    assert html(page) == page
