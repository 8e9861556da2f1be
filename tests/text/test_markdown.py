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
        ("a <b>c</b> &amp; &lt;", "<p>a <b>c</b> &amp; &lt;</p>"),
        ("<div>\na\n</div>", "<div>\na\n</div>"),
    ],
)
def test_commonmark_is_rendered(body, expected):
    assert html(body).strip() == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A<br>B", "<p>A<br>B</p>"),
        ("A<br/>B<BR />C", "<p>A<br>B<br>C</p>"),
        ("<div>\n\n*a*\n\n</div>", "<div>\n<p><em>a</em></p>\n</div>"),
        ("<div>\n*a*\n</div>", "<div>\n*a*\n</div>"),
        ("<kbd>*a*</kbd>", "<p><kbd><em>a</em></kbd></p>"),
        ("<center>a</center>", "a"),
        ("<details><summary>a</summary>\n\nb\n\n</details>", "<details><summary>a</summary>\n<p>b</p>\n</details>"),
        ("- a\n\n  <p>b</p>\n\n- c", "<ul>\n<li>\n<p>a</p>\n<p>b</p>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>"),
        ('<a href="/b">*c*</a>', '<p><a href="/b" rel="noopener noreferrer"><em>c</em></a></p>'),
        ("a < b > c <3", "<p>a &lt; b &gt; c &lt;3</p>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("    <b>", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("\\<b>", "<p>&lt;b&gt;</p>"),
        ("a <!-- hidden --> b", "<p>a  b</p>"),
        ("a <!-- hidden ---> b", "<p>a  b</p>"),
        ("a <!--> b", "<p>a  b</p>"),
        ("<!-- hidden\n\n# hidden\n\nhidden -->\n\na", "<p>a</p>"),
        ("<!-- hidden", ""),
        ("a <!-- hidden\n\n# hidden\n\n- hidden `hidden` ![hidden](/hidden)\n\nhidden --> b",
         "<p>a </p>\n<h1></h1>\n<ul>\n<li></li>\n</ul>\n<p> b</p>"),
        ("- a\n  <!-- hidden\nhidden --> b", "<ul>\n<li>a</li>\n</ul>\n<p> b</p>"),
        ("a <!-- b *c*\n\nd", "<p>a &lt;!-- b *c*</p>\n<p>d</p>"),
        ("![a <!-- hidden --> <b>b</b>](/c)", '<p><img src="/c" alt="a  b"></p>'),
        ("a <?hidden ?> b <!HIDDEN x> <![CDATA[hidden]]>", "<p>a  b  </p>"),
        ("a <script>hidden</script> <style>hidden</style> b", "<p>a   b</p>"),
        ("<script>\nhidden\n\nhidden\n</script>\na", "<p>a</p>"),
        ("the <script> tag", "<p>the  tag</p>"),
        ('<div title="\n\nseen', "<p>seen</p>"),
        ("<table><tr><td>\n\n*a*\n\n</td></tr></table>",
         "<table><tbody><tr><td>\n<p><em>a</em></p>\n</td></tr></tbody></table>"),
    ],
)  # fmt: skip
def test_html_in_markdown_is_sanitised_and_not_shown(body, expected):
    assert html(body).strip() == expected
    assert "hidden" not in repr(render(body, "markdown")).lower()


@pytest.mark.parametrize("body", ["# a <!-- b --> c\n\nd <!-- b --> e", "# a c <!--b\nb-->\nd e"])
def test_comment_is_no_text_anywhere(body):
    rendered = render(body, "markdown")
    assert (rendered.excerpt_auto, rendered.word_count) == ("d e", 4)
    assert [entry.text for entry in rendered.toc] == ["a c"]
    assert not any(entry.id.endswith("b") for entry in rendered.toc)


@pytest.mark.parametrize("body", ["<h2>A *b*</h2>", "## A *b*", "A *b*\n---"])
def test_heading_of_any_kind_is_in_the_contents(body):
    (entry,) = render(body, "markdown").toc
    assert (entry.level, entry.id) == (2, "h-a-b")


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("rust", "rust"),
        ("rust,ignore", "rust"),
        ("rust, no_run,should_panic", "rust"),
        ("js{1,3}", "js"),
        ("js {1,3-5}", "js"),
        ("{.python .x}", "python"),
        ("{#snippet .haskell .numberLines}", "haskell"),
        ("{.numberLines .c}", "c"),
        ("{r, echo=FALSE}", "r"),
        ("{r setup, include=FALSE}", "r"),
        ("{code-block} python", "python"),
        ("js:title=a.js", "js"),
        ("js:a.js", "js"),
        ("ruby:line_numbers", "ruby"),
        ('python title="x"', "python"),
        ("go{linenos=table,hl_lines=[8]}", "go"),
        ("ts twoslash", "ts"),
        ("sh;x", "sh"),
        ("c++", "c++"),
        ("objective-c", "objective-c"),
        ("F#", "F#"),
        ("c#,x", "c#"),
        ("asp.net", "asp.net"),
        (".python", "python"),
        ("language-css", "css"),
    ],
)
@pytest.mark.parametrize("fence", ["```", "~~~", "```` "])
def test_language_is_told_apart_from_options(fence, info, language):
    page = html(f"{fence}{info}\na\n{fence}")
    assert page == f'<pre><code class="language-{language}">a\n</code></pre>\n'


@pytest.mark.parametrize("info", ["", "{}", "{#a}", "{.numberLines}", "title=x", "{1,3}", "中文", "=html"])
def test_code_without_a_language_has_no_class(info):
    assert "class" not in html(f"```{info}\na\n```")


@pytest.mark.parametrize("name", ["language-rust", "lang-rust", "language-rust,ignore", "x language-rust y"])
@pytest.mark.parametrize("body_format", ["markdown", "html"])
def test_language_of_code_in_html_is_kept(name, body_format):
    page = render(f'<pre><code class="{name}">a</code></pre>', body_format).html
    assert page.strip() == '<pre><code class="language-rust">a</code></pre>'


@pytest.mark.parametrize(
    ("body", "heading_id", "text"),
    [
        ("## Title {#own}", "h-own", "Title"),
        ("Title {#own}\n---", "h-own", "Title"),
        ("## Title ## {#own}", "h-own", "Title"),
        ("## Title {#own} ##", "h-own", "Title"),
        ("## Title {#own .class key=value}", "h-own", "Title"),
        ("## Title {: #own}", "h-own", "Title"),
        ("## *Title*{#own}", "h-own", "Title"),
        ("## Title {.unnumbered}", "h-title", "Title"),
        ("## C# {#c-sharp}", "h-c-sharp", "C#"),
        ("## Title {#fn-1}", "h-fn-1", "Title"),
        ("## Sets {a, b}", "h-sets-a-b", "Sets {a, b}"),
        ("## The {}", "h-the", "The {}"),
        ("## Title {#own", "h-title-own", "Title {#own"),
        (r"## Title\{#own}", "h-title-own", "Title{#own}"),
        (r"## Title \\{#own}", "h-own", "Title \\"),
        ("## Title {#é}", "h-e", "Title"),
        ("## {#own}", "h-own", None),
    ],
)
def test_heading_keeps_the_id_that_it_is_given(body, heading_id, text):
    rendered = render(body, "markdown")
    assert f'<h2 id="{heading_id}">' in rendered.html
    assert [(entry.id, entry.text) for entry in rendered.toc] == ([] if text is None else [(heading_id, text)])


def test_link_finds_a_heading_by_the_id_that_it_is_given():
    assert html('[a](#My%20x) <a name="My x"></a>b') == (
        '<p><a href="#h-my-x" rel="noopener noreferrer">a</a> <a id="h-my-x" rel="noopener noreferrer"></a>b</p>\n'
    )
    page = html("[a](#My_Id)\n\n## A {#My_Id}\n\n## B {#My_Id}")
    assert 'href="#h-my-id"' in page
    assert page.count('id="h-my-id"') == page.count('id="h-my-id-2"') == 1


@pytest.mark.parametrize(
    ("text", "href", "shown", "after"),
    [
        ("https://a.example/b_c_d?e=*f*", "https://a.example/b_c_d?e=*f", "https://a.example/b_c_d?e=*f", "*"),
        ("https://a.example/_b_/__c__.py", "https://a.example/_b_/__c__.py", "https://a.example/_b_/__c__.py", ""),
        ("HTTP://a.example", "HTTP://a.example", "HTTP://a.example", ""),
        ("http://localhost:8080/a", "http://localhost:8080/a", "http://localhost:8080/a", ""),
        ("https://a.example.", "https://a.example", "https://a.example", "."),
        ("https://a.example/b?!", "https://a.example/b", "https://a.example/b", "?!"),
        ("https://a.example/b_(c))", "https://a.example/b_(c)", "https://a.example/b_(c)", ")"),
        ("https://a.example/b&c;", "https://a.example/b", "https://a.example/b", "&amp;c;"),
        ("https://a.example/b&c=d", "https://a.example/b&amp;c=d", "https://a.example/b&amp;c=d", ""),
        ("https://a.example<b>b</b>", "https://a.example", "https://a.example", "<b>b</b>"),
        ("www.a.example/b", "http://www.a.example/b", "www.a.example/b", ""),
        ("a_b.c+d@e-f.example", "mailto:a_b.c+d@e-f.example", "a_b.c+d@e-f.example", ""),
        ("a@b.example.", "mailto:a@b.example", "a@b.example", "."),
        ("https://a.example/b。c", "https://a.example/b", "https://a.example/b", "。c"),
    ],
)
def test_bare_address_is_a_link(text, href, shown, after):
    link = f'<a href="{href}" rel="noopener noreferrer">{shown}</a>{after}'
    assert html(text) == f"<p>{link}</p>\n"
    assert html(f"see {text}") == f"<p>see {link}</p>\n"


@pytest.mark.parametrize(
    "body", ["**https://a.example**", "~~https://a.example~~", "(https://a.example)", "|https://a.example|\n|-|"]
)
def test_bare_address_ends_before_the_marks_around_it(body):
    assert '<a href="https://a.example" rel="noopener noreferrer">https://a.example</a>' in html(body)


@pytest.mark.parametrize(
    "body",
    [
        "https://", "http://_a", "https://a_b.c_d", "www.", "www.a", "xhttps://a.example", "ftp://a.example", "a@b",
        "a@b.example_", "@a.example", "`https://a.example`", "\\<https", "1@", "wwww.a.example", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_other_text_is_no_link(body):
    assert "<a" not in html(body)


@pytest.mark.parametrize("text", ["https://a.example", "www.a.example", "a@b.example"])
def test_link_has_no_link_inside(text):
    for body in (f"[{text}](/c)", f'<a href="/c">{text}</a>', f"[see {text}, here](/c)"):
        assert html(body).count("<a ") == 1
        assert 'href="/c"' in html(body)


@pytest.mark.parametrize(
    "formula",
    [
        "$a_b$", "$a_b + c_d$", "$\\{a\\}$", "$x$", "$$a_b$$", "$$a\\\\b_c*d*$$", "\\(a_b\\)", "\\(n\\)", "\\(O(n)\\)",
        "\\(\\alpha\\)", "\\[a_b*c*\\]", "$a^*b^*$", "$\\$5_a$", "$[a](b)$",
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", ["{}", "a {}, b_c_ *{}*", "- {}", "> {}", "# {}"])
def test_formula_stays_as_typed(formula, frame):
    assert formula in html(frame.replace("{}", formula)).replace("&amp;", "&")


def test_formula_may_go_on_in_the_next_line():
    assert html("a $b_c\nd_e$ f") == "<p>a $b_c\nd_e$ f</p>\n"


@pytest.mark.parametrize(
    "formula",
    [
        "$$\na_b\n= c_d\n$$", "\\[\na_b\n- c_d\n\\]", "\\begin{align}\na &= b_c \\\\\n- d_e\n\\end{align}",
        "$$ a_b\n> c_d $$",
        "\\[ a_b \\]", "$$\n# a\n$$",
    ],
)  # fmt: skip
def test_formula_of_its_own_lines_stays_as_typed(formula):
    assert (
        html(f"a\n\n{formula}\n\nb").replace("&amp;", "&").replace("&gt;", ">")
        == f"<p>a</p>\n<p>{formula}</p>\n<p>b</p>\n"
    )
    assert f"<p>{formula}</p>" in html(f"a\n{formula}\nb").replace("&amp;", "&").replace("&gt;", ">")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("$5 and *$6*", "$5 and <em>$6</em>"),
        ("US$5, *a*, A$6", "US$5, <em>a</em>, A$6"),
        ("$HOME *a* $PATH", "$HOME <em>a</em> $PATH"),
        ("\\$a*b*\\$", "$a<em>b</em>$"),
        ("\\[1\\] *a*", "[1] <em>a</em>"),
        ("\\[sic\\]", "[sic]"),
        ("\\[a_b\\](/c)\\]", "[a_b](/c)]"),
        ("$5 `a` 6$", "$5 <code>a</code> 6$"),
        ("$5 <!-- b --> 6$", "$5  6$"),
        ("$a <b>c</b> d$", "$a <b>c</b> d$"),
    ],
)
def test_what_is_no_formula_is_markdown(body, expected):
    assert html(body) == f"<p>{expected}</p>\n"


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
    assert [entry.text for entry in render("# a `b` &amp; [c](/d) ![e](/f) \\<g> <h>", "markdown").toc] == [
        "a b & c <g>"
    ]


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
