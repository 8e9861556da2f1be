"""Marks of Markdown's dialects are no text for readers: each becomes what it means, or goes, and is told."""

import pytest

from blogapi.importers.marks import to_markdown
from blogapi.text.rendering import render

POSTS = {"Other Post#A part": "other-post#a-part", "Other Post": "other-post"}


def read(text, **options):
    return to_markdown(text, POSTS.get, **options)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("## Usage\n{: #use}\n\nx\n", "## Usage {#use}\n\n\nx\n"),
        ("Usage\n-----\n{: .a #use}\nx\n", "Usage {#use}\n-----\n\nx\n"),
        ('## Usage\n{: id="use"}\n', "## Usage {#use}\n\n"),
        ("A text.\n{: .note}\n\nx", "A text.\n\n\nx"),
        ("> A\n{:.quote style='color: red'}\n", "> A\n\n"),
        ('[a](b){:target="_blank"} ![c](d){: .x} **e**{: #f}', "[a](b) ![c](d) **e**"),
        ("![c](d){width=50%} [a](b){.x #y}", "![c](d) [a](b)"),
        ("A text.\n{.note}\n", "A text.\n\n"),
        ("* TOC\n{:toc}\n\nx", "\n\n\nx"),
        ("1. Contents\n{:toc .x}\n", "\n\n"),
        ('{::options parse_block_html="true" /}\nx', "\nx"),
        ("a\n\n{::comment}\nhidden\n{:/comment}\n\nb", "a\n\n\n\n\n\nb"),
        ("a {::comment}hidden{:/comment}b", "a b"),
        ("{::comment}\nSecret:\n\n```\nhunter2\n```\n{:/comment}\nb", "\n\n\n\n\n\n\nb"),
        ("{::comment}todo {x} fire Bob{:/comment} b", " b"),
        ("a {::comment}one\ntwo{:/} b", "a \n b"),
        ("{::comment}\nx\n    {:/comment}\nb {: .y}", "\n\n\nb {: .y}"),
        ("{::comment}`{:/comment} a {::comment}secret{:/comment} `[[x]]`", " a  `[[x]]`"),
        ("{::comment}a ` b{:/comment} x `c` {::comment}secret{:/comment} `d`", " x `c`  `d`"),
        ("a\n\n{::comment}\nhidden\n\n# Also", "a\n\n\n\n\n"),
        ("{::comment}a{:/comment}# H\n{: #y}", "# H {#y}\n"),
        ("{::comment /}a", "a"),
        ("[t](u){.aaaaaaaaaaaaaaaaaaaaaa} see `[[Other Post]]`", "[t](u) see `[[Other Post]]`"),
        ("{::comment}x{:/comment} `[a](b){: .y}` [a](b){: .y}", " `[a](b){: .y}` [a](b)"),
        ("`code` and [[Other Post]]", "`code` and [Other Post](other-post)"),
        ("!!! note\n    [t](u){: .x} `[[Other Post]]`\n", "**Note**  \n[t](u) `[[Other Post]]`\n"),
        (":::: note\n:::\nx\n::::\ny", "**Note**  \n:::\nx\n\ny"),
        ("[[toc]]\n[TOC]\nx", "\n\nx"),
        ("{::nomarkdown}<b>x</b>{:/nomarkdown} y{::nomarkdown /}", "<b>x</b> y"),
        ("a word{:.x} and{: .y #z} more", "a word and more"),
        ("{::comment}\n```\nhidden\n```\n{:/comment}\nx", "\n\n\n\n\nx"),
        ("%% hidden\n```\nhidden\n``` %%\nx", "\n\n\n\nx"),
        ("a %%hidden%% `b{:.x} [c](d){:.x}` e{:.x}", "a  `b{:.x} [c](d){:.x}` e"),
        ("HTML here\n\n*[HTML]: Hyper *Text*\n\nx", "HTML here\n\n\n\nx"),
        ("a %%hidden%% b\n%%\nhidden\n\nhidden\n%%\nc", "a  b\n\n\n\n\n\nc"),
        (":::tip Read me\nx\n:::\ny", "**Read me**  \nx\n\ny"),
        ("::: warning\nx\n:::\n", "**Warning**  \nx\n\n"),
        (":::note[Title]\nx\n:::", "**Title**  \nx\n"),
        ("::: {.callout-note}\n::: center\nx\n:::\n:::", "**Note**  \n\nx\n\n"),
        ("> [!NOTE]\n> x", "> **NOTE**  \n> x"),
        ("> [!tip]- Read me\n> x", "> **Read me**  \n> x"),
        ('!!! note "Read me"\n    x\n\n    y\n\nz', "**Read me**  \nx\n\ny\n\nz"),
        ("??? warning\n\n    x\ny", "**Warning**  \n\nx\ny"),
        ('=== "Tab"\n\n    ```py\n    {: .x}\n    ```\n', "**Tab**  \n\n```py\n{: .x}\n```\n"),
        (
            "[[Other Post]] [[Other Post|that]] [[Other Post#A part]]",
            "[Other Post](other-post) [that](other-post) [Other Post](other-post#a-part)",
        ),
        ("![[a cat.png]] ![[b.png|300]]", "![](<a cat.png>) ![](<b.png>)"),
        ("Intro\r\n<!-- truncate -->\r\nx", "Intro\r\n<!--more-->\r\nx"),
        ("Intro\n\n<!-- TEASER_END -->\nx", "Intro\n\n<!--more-->\nx"),
        ("Intro <!-- PELICAN_END_SUMMARY --> x", "Intro <!--more--> x"),
    ],
)
def test_mark_becomes_what_it_means(text, body):
    assert read(text)[0] == body


@pytest.mark.parametrize(
    "text",
    [
        "`[a](b){: .x}` and `[[Other Post]]`\n\n```\n{: #x}\n:::tip\n[[toc]]\n<!-- truncate -->\n```\n",
        "$x_{a=1}$ and f(x){y} and {curly} {#not a heading}\n",
        "[[1]](#one) [[No such]] [[Other Post]](x) [x]: y\n",
        "## Usage {#use .x}\n",
        "Write `{::comment}x{:/comment}` for a comment.\n",
        "```\n{::comment}\nx\n```\n",
        "a: b :: c\n\n:::\n",
        "a{:x} b {:.x} 50%% and 60%% of %% this\n\n%%\nnever closed\n",
        "*[not a definition] : x\n\n`{::nomarkdown} %%x%% a{:.x}`\n",
        "!!! not so loud\n",
        "{% raw %}\n{{ x }}\n",
        "<!-- excerpt -->\nIntro\n\n<!-- another comment -->\n",
        "Intro <!-- more -->\n\n<!-- truncate -->\n",
        "> [!important things]\n",
        "\tcode {: .x}\n",
    ],
)
def test_everything_else_stays(text):
    assert read(text) == (text, ())


def test_notes_name_lines():
    _, notes = read("a\n{: .x}\n\n# H\n{: #y}\n", first_line=5)
    assert notes == ("taken out: {: .x} (line 6)", "ids of headings moved to them (line 9)")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a {::comment}x{:/comment}", "taken out: {::comment} (line 1)"),
        ("a\n{::comment}\nx", "taken out: {::comment}, and the rest of the text, for nothing closes it (line 2)"),
    ],
)
def test_comment_is_told_but_not_what_it_says(text, note):
    assert read(text)[1] == (note,)


def test_comments_that_hold_code_hide_it_however_many_there_are():
    text = "".join(
        f"{{::comment}}`{{:/comment}} a{number} {{::comment}}secret{{:/comment}} ` b\n\n" for number in range(60)
    )
    assert "secret" not in read(text)[0]


def test_heading_in_a_comment_makes_no_title(blog):
    (entry,) = blog({"a.md": "---\ndate: 2020-01-01\n---\n{::comment}\n# Secret\n{:/comment}\n# Shown\n"})
    assert (entry.title, "Secret" in repr(entry)) == ("Shown", False)


def test_separator_of_the_blog_ends_the_excerpt(post):
    entry = post("excerpt_separator: <!--cut-->", "Intro\n<!--cut-->\nRest\n")
    assert render(entry.body, "markdown").excerpt_auto == "Intro"
    assert "<!--cut--> ends the excerpt, as <!--more--> (line 5)" in entry.notes


def test_link_in_double_brackets_leads_to_a_post(blog):
    head = "---\ntitle: T\ndate: 2020-01-01\n---\n"
    found = blog({"a.md": head + "[[Other Post|that]]", "Other Post.md": head + "x"})
    assert next(entry.body for entry in found if entry.path == "a.md") == "[that](other-post)"
