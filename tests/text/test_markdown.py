import pytest

from blogapi.text.rendering import TocEntry, render, render_small


def html(body):
    return render(body, "markdown").html


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("*a* **b** `c` ~~d~~", "<p><em>a</em> <strong>b</strong> <code>c</code> <s>d</s></p>"),
        ("a  \nb\nc", "<p>a<br>\nb\nc</p>"),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("```python title=x\na < b\n```", '<pre><code class="language-python">a &lt; b\n</code></pre>'),
        ("~~~c++\n~~~", '<pre><code class="language-c++"></code></pre>'),
        ("    indented", "<pre><code>indented\n</code></pre>"),
        ("***", "<hr>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("[a](/b 'c')", '<p><a href="/b" title="c" rel="noopener noreferrer">a</a></p>'),
        ("[a][b]\n\n[b]: http://c.d", '<p><a href="http://c.d" rel="noopener noreferrer">a</a></p>'),
        ("<me@a.bc>", '<p><a href="mailto:me@a.bc" rel="noopener noreferrer">me@a.bc</a></p>'),
        ("![a *b*](/c.png 'd')", '<p><img src="/c.png" alt="a b" title="d"></p>'),
        ("a <b>c</b> &amp; &lt;", "<p>a &lt;b&gt;c&lt;/b&gt; &amp; &lt;</p>"),
        ("<div>\na\n</div>", "<p>&lt;div&gt;\na\n&lt;/div&gt;</p>"),
    ],
)
def test_commonmark_is_rendered(body, expected):
    assert html(body).strip() == expected


@pytest.mark.parametrize(
    ("address", "href"),
    [
        ("http://é.example/é?é", "http://xn--9ca.example/%C3%A9?%C3%A9"),
        ("</with space>", "/with%20space"),
        ("/100%", "/100%25"),
        ("/a%20b", "/a%20b"),
        ("/a?b=c&d=[e]", "/a?b=c&amp;d=%5Be%5D"),
    ],
)
def test_address_is_encoded(address, href):
    assert f'href="{href}"' in html(f"[a]({address})")


def test_autolink_is_shown_as_typed():
    assert html("<http://é.example/%C3%A9>").startswith(
        '<p><a href="http://xn--9ca.example/%C3%A9" rel="noopener noreferrer">http://é.example/%C3%A9</a>'
    )


def test_table_keeps_its_alignment_without_a_style():
    table = html("|a|b|c|\n|:-|-:|-|\n|1|2|3|")
    assert '<th align="left">a</th>\n<th align="right">b</th>\n<th>c</th>' in table
    assert '<td align="left">1</td>\n<td align="right">2</td>\n<td>3</td>' in table


def test_task_list_has_boxes_that_cannot_be_ticked():
    box = '<input class="task-list-item-checkbox"'
    assert html("- [x] a\n- [ ] b").splitlines() == [
        '<ul class="contains-task-list">',
        f'<li class="task-list-item">{box} disabled="" type="checkbox" checked=""> a</li>',
        f'<li class="task-list-item">{box} disabled="" type="checkbox"> b</li>',
        "</ul>",
    ]


def test_footnote_is_linked_there_and_back():
    page = html("a[^note] b[^note]\n\n[^note]: c")
    assert '<sup class="footnote-ref"><a href="#fn-1" id="fnref-1" rel="noopener noreferrer">[1]</a></sup>' in page
    assert 'id="fnref-1:1"' in page
    assert '<li id="fn-1" class="footnote-item"><p>c <a href="#fnref-1" class="footnote-backref"' in page


def test_headings_get_ids_that_are_unique():
    rendered = render("# A *b*\n\n## a b\n\n## a b 2\n\nA b\n---\n\n###### 🎉", "markdown")
    assert rendered.toc == (
        TocEntry(level=1, id="h-a-b", text="A b"),
        TocEntry(level=2, id="h-a-b-2", text="a b"),
        TocEntry(level=2, id="h-a-b-2-2", text="a b 2"),
        TocEntry(level=2, id="h-a-b-3", text="A b"),
        TocEntry(level=6, id="h-section", text="🎉"),
    )
    assert all(f'<h{entry.level} id="{entry.id}">' in rendered.html for entry in rendered.toc)


def test_heading_called_like_a_footnote_does_not_take_its_id():
    page = html("# fn 1\n\na[^1]\n\n[^1]: b")
    assert page.count('id="fn-1"') == 1
    assert '<h1 id="h-fn-1">' in page


@pytest.mark.parametrize("fragment", ["usage-notes", "Usage_Notes", "usage%20notes", "h-usage-notes"])
def test_link_inside_the_page_finds_its_heading(fragment):
    assert 'href="#h-usage-notes"' in html(f"[see](#{fragment})\n\n## Usage notes")


def test_contents_are_plain_text():
    assert [entry.text for entry in render("# a `b` &amp; [c](/d) ![e](/f) <g>", "markdown").toc] == ["a b & c <g>"]


@pytest.mark.parametrize("body", ["", "\n", " \t\n"])
def test_empty_body_has_nothing(body):
    rendered = render(body, "markdown")
    assert (rendered.html, rendered.excerpt_auto, rendered.word_count, rendered.reading_minutes, rendered.toc) == (
        "", "", 0, 0, ()
    )  # fmt: skip


def test_line_breaks_of_any_system_are_the_same():
    assert html("# a\r\n\r\nb\rc") == html("# a\n\nb\nc")


def test_small_subset_has_paragraphs_emphasis_links_code_and_lists():
    assert render_small("*a* **b** [c](/d) `e`\n\n- f\n\n3. g\n\n```x\nh\n```").replace("\n", "") == (
        '<p><em>a</em> <strong>b</strong> <a href="/d" rel="nofollow ugc noopener noreferrer">c</a> <code>e</code></p>'
        '<ul><li>f</li></ul><ol start="3"><li>g</li></ol><pre><code class="language-x">h</code></pre>'
    )


@pytest.mark.parametrize(
    "text", ["# a", "a\n---", "***", "> a", "|a|\n|-|", "![a](/b)", "a[^1]\n\n[^1]: b", "- [x] a", "<b>a</b>"]
)
def test_small_subset_leaves_out_the_rest(text):
    page = render_small(text)
    assert not any(f"<{tag}" in page for tag in ("h1", "h2", "hr", "blockquote", "table", "img", "sup", "input", "b>"))
    assert "a" in page or text == "***"
