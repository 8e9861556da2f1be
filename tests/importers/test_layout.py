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
        ("about.md", PAGE, "a page without a date"),
        ("pages/imprint.md", PAGE, "a page without a date"),
        ("content/about/index.md", PAGE, "a page without a date"),
        ("content/about.fr.md", PAGE, "a page without a date"),
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


def test_theme_is_known_wherever_it_lies(blog):
    found = blog({"extern/dark/theme.toml": "", "extern/dark/a.md": POST, "mine.md": POST})
    assert [item.file for item in found if isinstance(item, Skipped)] == ["extern/dark"]
    assert [item.path for item in found if isinstance(item, Entry)] == ["mine.md"]
