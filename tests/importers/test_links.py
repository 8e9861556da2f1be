"""Links between posts of one blog: whichever way a generator writes them, they lead to the post."""

import pytest

from blogapi.importers.model import Entry

HEAD = "---\ntitle: T\ndate: 2020-01-01\n---\n"
CONFIG = {"zola": {"config.toml": 'base_url = "https://a.example"'}, "hugo": {"hugo.toml": "title = 'T'"}, "": {}}


@pytest.fixture
def linked(blog):
    """The body of a post with this text, among others that are read before and after it."""

    def read(text, kind="", path="content/posts/middle.md"):
        others = ["content/posts/a-first.md", "content/posts/z-last.md", "content/posts/pack/index.md"]
        others += ["content/notes/With Space.md", "_posts/2013-05-06-dated_one.md"]
        files = {**CONFIG[kind], path: HEAD + text, **dict.fromkeys(others, HEAD + "x\n")}
        return next(entry for entry in blog(files) if isinstance(entry, Entry) and entry.path == path)

    return read


@pytest.mark.parametrize(
    ("kind", "text", "body"),
    [
        ("", "[a](a-first.md)", "[a](a-first)"),
        ("", "[a](./z-last.md#part 'Title')", "[a](z-last#part 'Title')"),
        ("", "[a](pack/index.md)", "[a](pack)"),
        ("", "[a](../posts/z-last.md?x=1#y)", "[a](z-last#y)"),
        ("", "[a](../notes/With%20Space.md) [b](<../notes/With Space.md>)", "[a](with-space) [b](<with-space>)"),
        ("", "[a]: z-last.md\n", "[a]: z-last\n"),
        ("", '<a href="z-last.md">z</a>', '<a href="z-last">z</a>'),
        ("", "[a](/posts/z-last.md)", "[a](z-last)"),
        ("zola", "[a](@/posts/z-last.md#b)", "[a](z-last#b)"),
        ("zola", "[a](@/posts/pack/index.md)", "[a](pack)"),
        ("hugo", '[a]({{< ref "z-last.md" >}})', "[a](z-last)"),
        ("hugo", '[a]({{< relref "../posts/pack#b" >}})', "[a](pack#b)"),
        ("hugo", '[a]({{% ref path="/posts/z-last" %}})', "[a](z-last)"),
        ("hugo", '[a]({{< ref "#here" >}})', "[a](#here)"),
    ],
)
def test_link_leads_to_the_post(linked, kind, text, body):
    entry = linked(text, kind)
    assert entry.body == body
    assert "links to posts made to lead to them (line 5)" in entry.notes


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("[a]({% post_url 2013-05-06-dated_one %}#b)", "[a](dated-one#b)"),
        ("[a]({% link _posts/2013-05-06-dated_one.md %})", "[a](dated-one)"),
        ("[a]({{ site.baseurl }}{% link _posts/2013-05-06-dated_one.md %})", "[a](dated-one)"),
        ("[a]({% link assets/a.pdf %})", "[a](/assets/a.pdf)"),
        ("[a]({% post_url 2012-01-01-not-there %})", "[a](not-there)"),
    ],
)
def test_liquid_link_leads_to_the_post(linked, text, body):
    assert linked(text, path="_posts/2020-01-01-middle.md").body == body


@pytest.mark.parametrize(
    "text",
    [
        "[a](no-such.md) [b](https://a.example/z-last.md) [c](//a.example/z-last.md) [d](#z-last.md)",
        "`[a](z-last.md)`\n\n```\n[a](z-last.md)\n```\n\n    [a](z-last.md)\n",
        "z-last.md and (z-last.md)",
        "![a](picture.png) [b](../../../z-last.md)",
    ],
)
def test_everything_else_stays(linked, text):
    entry = linked(text)
    assert (entry.body, entry.notes) == (text, ())


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("[a](x.md)", "x-fr"),
        ("[a](x.en.md)", "x-en"),
        ('[a]({{< ref "/posts/x" >}})', "x-fr"),
        ('[a]({{< ref "y.md" >}})', "y-fr"),
        ('[a]({{< ref "pack" >}})', "pack-fr"),
        ('[a]({{< ref "only" >}})', "only"),
    ],
)
def test_link_leads_to_the_version_in_its_own_language(blog, text, slug):
    names = ["x.md", "x.en.md", "x.fr.md", "y.en.md", "y.fr.md", "pack/index.md", "pack/index.fr.md", "only.md"]
    files = {f"content/posts/{name}": HEAD + "x\n" for name in names}
    found = blog({**CONFIG["hugo"], **files, "content/posts/z.fr.md": HEAD + text})
    assert next(entry for entry in found if entry.path == "content/posts/z.fr.md").body == f"[a]({slug})"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("[a]({filename}b.md#c)", "[a](b#c)"),
        ("[a]({filename}/posts/b.md)", "[a](b)"),
        ("[a](|filename|../posts/b.md)", "[a](b)"),
        ("[a]: {filename}b.md\n", "[a]: b\n"),
        ("[a]({filename}none.md)", "[a]({filename}none.md)"),
        ("[a]({static}b.md) ![b]({static}/images/c.png)", "[a](/posts/b.md) ![b](/images/c.png)"),
        ("![b]({static}../images/c.png) ![d]({attach}d.png)", "![b](/images/c.png) ![d](d.png)"),
        ("![b]({filename}/images/c.png) ![b](|static|/c.png)", "![b](/images/c.png) ![b](/c.png)"),
        ('<img src="{static}/c.png">', '<img src="/c.png">'),
        ("[t]({tag}cats) [c]({category}News) [i]({index})", "[t](/tag/cats.html) [c](/category/news.html) [i](/)"),
    ],
)
def test_link_of_pelican_leads_to_the_post(blog, text, body):
    head = "Title: T\nDate: 2020-01-01\n\n"
    found = blog({"content/posts/a.md": head + text, "content/posts/b.md": head + "x\n"})
    assert found[0].body == body


def test_link_knows_the_number_that_a_taken_slug_gets(blog):
    files = dict.fromkeys(("a/same.md", "b/same.md"), HEAD + "x\n")
    entries = blog({**files, "z.md": HEAD + "[a](a/same.md) [b](b/same.md)"})
    assert entries[-1].body == "[a](same) [b](same-2)"


JEKYLL = {"_config.yml": "url: https://www.blog.example\npermalink: /:year/:month/:title/\n"}


@pytest.mark.parametrize(
    ("files", "text", "body"),
    [
        (JEKYLL, "[a](/2019/05/other/)", "[a](other)"),
        (JEKYLL, "[a](/2019/05/other/#part)", "[a](other#part)"),
        (
            JEKYLL,
            "[a](https://blog.example/2019/05/other/) [b](http://www.blog.example/2019/05/other)",
            "[a](other) [b](other)",
        ),
        (JEKYLL, "[a](../../../2019/05/other/)", "[a](other)"),
        (JEKYLL, '<a href="/2019/05/OTHER/index.html?utm_source=x">a</a>', '<a href="other">a</a>'),
        (JEKYLL, "[a](/old-address)", "[a](other)"),
    ],
)
def test_former_address_leads_to_the_post(blog, files, text, body):
    other = "---\ntitle: T\nredirect_from: /old-address\n---\nx\n"
    found = blog({**files, "_posts/2020-01-01-a.md": HEAD + text, "_posts/2019-05-01-other.md": other})
    entry = next(entry for entry in found if entry.path == "_posts/2020-01-01-a.md")
    assert entry.body == body
    assert "links to posts made to lead to them (line 5)" in entry.notes


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("[a](../other/)", "[a](other)"),
        ("[a](other) [b](./other.html)", "[a](other) [b](other)"),
        ("[a](/blog/other)", "[a](other)"),
        ("[a](../../notes/far/)", "[a](far)"),
        ("[a](../notes/far)", "[a](far)"),
    ],
)
def test_relative_address_leads_to_the_post(blog, text, body):
    found = blog(
        {f"content/{name}.md": HEAD + "x\n" for name in ("blog/other", "notes/far")}
        | {"content/blog/a.md": HEAD + text}
    )
    assert found[0].body == body


@pytest.mark.parametrize(
    "text", ["[a](other/more)", "[a](/elsewhere/other)", "[a](https://c.example/blog/other)", "[a](..)"]
)
def test_address_of_no_post_stays(blog, text):
    found = blog({"content/blog/other.md": HEAD + "x\n", "content/blog/a.md": HEAD + text})
    assert (found[0].body, found[0].notes) == (text, ())


def test_docusaurus_puts_the_day_into_its_addresses(blog):
    found = blog({"docusaurus.config.js": "", "blog/2021-08-26-welcome.md": "---\ntitle: T\n---\nx\n"})
    assert "/blog/2021/08/26/welcome" in found[0].addresses


def test_mdx_is_read_as_mdx(linked):
    entry = linked("import A from './a'\n\n<A />\n\n[a](z-last.md)\n", path="content/posts/middle.mdx")
    assert entry.body == "\n\n\n[a](z-last)\n"


def test_notes_count_lines_of_the_file(blog):
    files = {"_posts/2020-01-01-a.md": "---\ntitle: T\ndate: 2020-01-01\n---\n\n\nx\n{% include y %}\n"}
    (entry,) = blog(files)
    assert entry.notes == ("taken out: {% include y %} (line 8)",)


def test_notes_count_lines_below_a_header(blog):
    (entry,) = blog({"a.md": "Title: T\nDate: 2020-01-01\n\nx\n{% include y %}\n"})
    assert entry.notes == ("taken out: {% include y %} (line 5)",)


def test_secret_is_not_written_out(blog):
    (entry,) = blog({"_posts/2020-01-01-a.md": "---\ntitle: T\npassword: hush\n---\na{{ page.password }}b\n"})
    assert entry.body == "ab\n"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("[a]({{ site.baseurl }}/2020/01/01/dated.html#b)", "[a](dated#b)"),
        ("[a]({{site.url}}{{ site.baseurl }}/2020/01/01/dated.html)", "[a](dated)"),
        ("<a href='{{ site.url }}/blog/2020/01/01/dated.html'>a</a>", "<a href='dated'>a</a>"),
        ("[a]({{ '/2020/01/01/dated.html' | relative_url }}#b)", "[a](dated#b)"),
        ('[a]({{ "/2020/01/01/dated.html" | absolute_url }})', "[a](dated)"),
        ("[a]: {{ site.baseurl }}/2020/01/01/dated.html\n", "[a]: dated\n"),
        ("[{{ site.url }}]({{ site.baseurl }}/no/)", "[https://a.example](/blog/no/)"),
        ("{{ site.nothing }}{{ site.github.url }}|", "|"),
    ],
)
def test_address_of_the_site_before_that_of_a_post(blog, text, body):
    config = 'url: "https://a.example"\nbaseurl: /blog\n'
    found = blog({"_config.yml": config, "_posts/2013-05-06-dated.md": HEAD, "_posts/2014-01-01-x.md": HEAD + text})
    assert found[1].body == body


@pytest.mark.parametrize(
    ("anchor", "led"),
    [
        ("#part-two", "#h-part-two"),
        ("#Part%20Two", "#h-part-two"),
        ("#underlined", "#h-underlined"),
        ("#own", "#h-own"),
        ("#below", "#h-below"),
        ("#é", "#h-e"),
        ("#linked-words", "#h-linked-words"),
        ("#raw", "#h-raw"),
        ("#old-name", "#h-old-name"),
        ("#comments", "#comments"),
        ("#", "#"),
    ],
)
@pytest.mark.parametrize(
    "link", ["(b.md{})", "(/notes/b/{})", '({{{{< ref "b.md{}" >}}}})', ": b.md{}", "(@/notes/b.md{})"]
)
def test_anchor_leads_to_the_place_in_the_other_post(blog, link, anchor, led):
    text = (
        "## Part two ##\n\nUnderlined\n===\n\n> ## X {#own .c}\n\n### Y\n{: #below}\n\n# Z {#é}\n\n"
        '## [Linked](x) *words*\n\n<h3 id="raw">x</h3> <a name=old-name></a>\n'
    )
    found = blog({"content/notes/a.md": f"{HEAD}[x]{link.format(anchor)}", "content/notes/b.md": HEAD + text})
    assert found[0].body.replace(": ", "(").rstrip(")") == f"[x](b{led}"


def test_anchor_in_double_brackets_leads_to_the_place(blog):
    files = {"a.md": HEAD + "[[Other Post#A Part]] [[Other Post#No Part]]", "Other Post.md": HEAD + "## A part\n"}
    assert next(entry.body for entry in blog(files) if entry.path == "a.md") == (
        "[Other Post](other-post#h-a-part) [Other Post](other-post#no-part)"
    )
