import pytest

from blogapi.importers.model import Entry, Skipped

POST = "---\ntitle: T\ndate: 2020-01-01\n---\nx\n"
PAGE = "---\ntitle: T\n---\nx\n"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("themes/t/a.md", "themes"),
        ("node_modules/p/a.md", "node_modules"),
        ("deep/node_modules/p/a.md", "deep/node_modules"),
        ("public/a.md", "public"),
        ("_site/a.md", "_site"),
        ("dist/a.md", "dist"),
        ("vendor/bundle/a.md", "vendor"),
        ("exampleSite/content/a.md", "exampleSite"),
        ("_includes/a.md", "_includes"),
        ("website/themes/t/a.md", "website/themes"),
        ("examples/a.md", "examples"),
        ("third-party/a.md", "third-party"),
        ("web_modules/p/a.md", "web_modules"),
    ],
)
def test_folder_without_posts_is_left_out_with_one_line(blog, file, told):
    other = file.replace("a.md", "b.md")
    found = blog({file: POST, other: POST, "content/mine.md": POST, "website/hugo.toml": ""})
    assert [item.path for item in found if isinstance(item, Entry)] == ["content/mine.md"]
    assert [item.file for item in found if isinstance(item, Skipped)] == [told]


@pytest.mark.parametrize(
    "file",
    [
        "content/themes/a.md",
        "posts/public/a.md",
        "content/posts/vendor/a.md",
        "posts/changelog.md",
        "posts/email-template.md",
        "content/examples/a.md",
        "authors/jane/2020-01-01-a.md",
        "posts/code-of-conduct.md",
        "contributors/jane/my-trip.md",
        "team/news.md",
    ],
)
def test_post_about_such_things_is_one(blog, file):
    (entry,) = blog({file: POST})
    assert isinstance(entry, Entry)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("README.md", PAGE, "a README is no post"),
        ("posts/CHANGELOG.md", PAGE, "a CHANGELOG is no post"),
        ("authors/jane.md", PAGE, "a page about an author"),
        ("content/authors/jane/index.md", POST, "a page about an author"),
        ("team/jane.md", PAGE, "a page about an author"),
        ("search.md", PAGE, "a page without a date"),
        ("pages/404.md", PAGE, "a page without a date"),
        ("content/archive/index.md", PAGE, "a page without a date"),
        ("content/tags.fr.md", PAGE, "a page without a date"),
        ("about.md", "---\ntitle: T\n---\n\n", "a page without a text"),
        ("content/index.md", PAGE, "a page without a date"),
        ("CONTRIBUTING.md", POST, "a CONTRIBUTING is no post"),
        ("code_of_conduct.md", POST, "a code_of_conduct is no post"),
        ("docs/readme.md", POST, "a readme is no post"),
        ("content/contributors/me.md", POST, "a page about an author"),
        ("content/contributors/me/index.md", POST, "a page about an author"),
        ("packages/p/CHANGELOG.md", POST, "a CHANGELOG is no post"),
        ("posts/_template.md", POST, "a template"),
        ("posts/post-template.md", PAGE, "a template"),
        ("index.md", PAGE, "a page without a date"),
        ("posts/a.rst", "T\n=\n", "not read: reStructuredText"),
        ("_posts/2020-01-01-a.html", POST, "not read: HTML"),
    ],
)
def test_file_that_is_no_post_is_skipped_with_a_line(blog, file, content, reason):
    assert blog({file: content}) == [Skipped(file=file, reason=reason)]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("about.md", PAGE),
        ("pages/house-rules.md", PAGE),
        ("content/about/index.md", PAGE),
        ("content/about.fr.md", PAGE),
        ("rules.md", "---\ntitle: T\nlayout: page\n---\nx\n"),
        ("rules.md", "---\ntitle: T\ntemplate: page.html\n---\nx\n"),
        ("rules.md", "---\ntitle: T\ntype: page\n---\nx\n"),
    ],
)
def test_undated_page_of_the_site_is_a_page(blog, file, content):
    (entry,) = blog({file: content})
    assert (entry.kind, entry.is_draft, entry.published_at, entry.notes) == ("page", False, None, ())
    assert "type" not in entry.custom


@pytest.mark.parametrize(
    ("file", "more", "kind"),
    [
        ("about.md", "", "post"),
        ("rules.md", "type: page\n", "page"),
        ("rules.md", "layout: page\n", "page"),
        ("_posts/2020-01-01-rules.md", "layout: page\n", "post"),
        ("pages/blog/news.md", "", "post"),
    ],
)
def test_dated_file_is_a_page_if_it_says_so(blog, file, more, kind):
    (entry,) = blog({file: f"---\ntitle: T\ndate: 2020-01-01\n{more}---\nx\n"})
    assert (entry.kind, entry.is_draft) == (kind, False)


def test_page_that_is_kept_from_readers_is_a_draft(blog):
    (entry,) = blog({"about.md": "---\ntitle: T\ndraft: true\n---\nx\n"})
    assert (entry.kind, entry.is_draft) == ("page", True)


def test_theme_is_known_wherever_it_lies(blog):
    found = blog({"extern/dark/theme.toml": "", "extern/dark/a.md": POST, "mine.md": POST})
    assert [item.file for item in found if isinstance(item, Skipped)] == ["extern/dark"]
    assert [item.path for item in found if isinstance(item, Entry)] == ["mine.md"]
