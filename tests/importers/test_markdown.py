import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry, Refusal, Skipped, Tag
from blogapi.posts.copies import MAX_BODY_BYTES, Cover, Seo
from blogapi.posts.schemas import NewPostSchema

from .conftest import as_request

DATA = Path(__file__).parents[1] / "data"


def found_in(name):
    items = list(read_folder(DATA / name))
    return {item.path if isinstance(item, Entry) else item.file: item for item in items}


def day(year, month, day):
    return datetime(year, month, day, tzinfo=UTC)


# The samples of two real blogs.


@pytest.mark.parametrize(
    ("path", "slug", "published_at"),
    [
        ("GATs-stabilization-push/index.md", "gats-stabilization-push", day(2021, 8, 3)),
        ("Rust-1.0@0.md", "rust-1-0", day(2014, 9, 15)),
        ("Rust-1.0@1.md", "rust-1-0", day(2015, 5, 15)),
        ("inside-rust-blog.md", "inside-rust-blog", day(2019, 10, 3)),
    ],
)
def test_rust_blog_dates_and_names_posts_by_their_path_field(path, slug, published_at):
    entry = found_in("rust-blog")[path]
    assert (entry.source, entry.path, entry.slug, entry.published_at) == ("rust-blog", path, slug, published_at)
    assert not entry.is_draft


def test_rust_blog_entry_has_everything_of_its_file():
    entry = found_in("rust-blog")["Rust-1.0@1.md"]
    assert entry.title == "Announcing Rust 1.0"
    assert entry.authors == ("The Rust Core Team",)
    assert entry.former_urls == ("2015/05/15/Rust-1.0", "2015/05/15/Rust-1.0.html", "releases/1.0.0")
    assert entry.former_slugs == ()  # `Rust-1.0` is no slug here
    assert entry.custom == {"extra": {"release": True}}
    assert entry.body == (DATA / "rust-blog" / "Rust-1.0@1.md").read_text().partition("\n+++\n")[2]


def test_rust_blog_sections_page_and_readme_are_skipped():
    skipped = {file: item.reason for file, item in found_in("rust-blog").items() if not isinstance(item, Entry)}
    assert skipped == {
        "README.md": "no front matter",
        "_index.md": "a section page",
        "releases/_index.md": "a section page",
        "releases/latest.md": "a page with a template of its own and no date",
    }


def test_rust_blog_pictures_of_a_bundle_are_noted():
    entry = found_in("rust-blog")["GATs-stabilization-push/index.md"]
    assert entry.notes == ("files that it links to are not imported: gats-reactions.png",)
    assert "(gats-reactions.png)" in entry.body or 'src="gats-reactions.png"' in entry.body


@pytest.mark.parametrize(
    ("name", "published_at"),
    [
        ("2014-03-27-jekyll-1-5-1-released.markdown", datetime(2014, 3, 28, 2, 43, 48, tzinfo=UTC)),
        ("2020-08-05-jekyll-3-9-0-released.markdown", day(2020, 8, 5)),  # only in the name of the file
        ("2023-01-29-jekyll-3-9-3-released.markdown", datetime(2023, 1, 30, 2, 30, 22, tzinfo=UTC)),
    ],
)
def test_jekyll_news_posts_have_their_dates(name, published_at):
    entry = found_in("jekyll-news")[f"_posts/{name}"]
    assert (entry.published_at, entry.is_draft) == (published_at, False)


def test_jekyll_news_slug_and_old_address_come_from_the_file_name():
    entry = found_in("jekyll-news")["_posts/2018-01-25-jekyll-3-7-2-released.md"]
    assert entry.slug == "jekyll-3-7-2-released"
    assert entry.former_urls == ("/release/2018/01/25/jekyll-3-7-2-released.html",)
    assert entry.tags == (Tag(slug="release", name="release"),)
    assert entry.authors == ("ashmaroli",)
    assert entry.custom == {"version": "3.7.2"}


def test_jekyll_news_redirects_are_kept():
    entry = found_in("jekyll-news")["_posts/2019-08-04-jekyll-4-0-0-pre-beta1-released.markdown"]
    assert "/news/2019/07/20/jekyll-4-0-0-pre-beta1-released/" in entry.former_urls


def test_jekyll_news_liquid_becomes_markdown():
    entry = found_in("jekyll-news")["_posts/2014-03-27-jekyll-1-5-1-released.markdown"]
    assert '\n```ruby\n> sanitized_path("/tmp' in entry.body
    assert "highlight" not in entry.body
    assert entry.notes == ("highlighted code made fenced code (lines 12, 19)",)


# A folder with all kinds of trouble.


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("2024-01-01.md", "it has no title, and nothing to make one from"),
        ("broken-toml.md", "broken TOML: Invalid value (at line 2, column 9), in 'title'"),
        ("broken-yaml.md", "broken YAML: mapping values are not allowed here (line 2)"),
        ("duplicate-key.md", "broken YAML: 'title' stands there twice (line 4)"),
        ("impossible-date.md", "date (line 3): the date '2023-02-29' is impossible or not understood"),
        ("latin-1.md", "not UTF-8 (byte 14)"),
        ("never-closed.md", "the front matter is not closed by --- within 64 KiB"),
        ("not-fields.md", "the front matter is not a list of fields with values"),
        ("too-many-laughs.md", "the front matter has too many values, or nests them too deep"),
    ],
)
def test_broken_file_is_refused_with_its_reason(file, reason):
    assert found_in("odd-blog")[file] == Refusal(file=file, reason=reason)


def test_foreign_yaml_tag_is_refused_not_run():
    refusal = found_in("odd-blog")["foreign-tag.md"]
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("broken YAML: could not determine a constructor for the tag")


def test_broken_files_do_not_stop_the_others():
    entries = [item for item in found_in("odd-blog").values() if isinstance(item, Entry)]
    assert {entry.path for entry in entries} == {
        "2024/09/16/dated-by-folder.md",
        "_drafts/some-day.md",
        "about.md",
        "too-much.mdx",
        "undated.md",
    }


def test_folder_path_gives_the_date():
    assert found_in("odd-blog")["2024/09/16/dated-by-folder.md"].published_at == day(2024, 9, 16)


def test_undated_post_is_a_draft():
    entry = found_in("odd-blog")["undated.md"]
    assert (entry.published_at, entry.is_draft, entry.notes) == (None, True, ("no date found, so it is a draft",))


def test_undated_page_is_one():
    entry = found_in("odd-blog")["about.md"]
    assert (entry.kind, entry.is_draft, entry.custom) == ("page", False, {"layout": "page"})


def test_drafts_folder_makes_drafts_whatever_their_layout():
    assert found_in("odd-blog")["_drafts/some-day.md"].is_draft


def test_surplus_moves_to_custom_and_is_noted():
    entry = found_in("odd-blog")["too-much.mdx"]
    assert len(entry.authors) == 10
    assert entry.custom["surplus_authors"] == ["Author 11", "Author 12"]
    assert len(entry.tags) == 30
    assert entry.custom["surplus_tags"] == ["Tag 31", "Tag 32"]
    assert len(entry.excerpt) == 500
    assert entry.excerpt.endswith("word…")
    assert entry.custom["full_excerpt"] == " ".join(["word"] * 150)
    assert "2 of 12 authors moved to custom.surplus_authors" in entry.notes
    assert "2 of 32 tags moved to custom.surplus_tags" in entry.notes
    assert "the excerpt is cut to 500 characters; the whole is in custom.full_excerpt" in entry.notes


def test_every_other_field_finds_its_place():
    entry = found_in("odd-blog")["too-much.mdx"]
    assert entry.published_at == datetime(2024, 2, 29, 10, 30, 0, 123000, tzinfo=UTC)
    assert entry.slug == "too-much"
    assert entry.former_slugs == ("too-much-of-it",)
    assert entry.lang == "pt-BR"
    assert entry.seo.canonical_url == "https://elsewhere.example/too-much"
    assert entry.cover == Cover(url="https://pictures.example/much.jpg", alt="A lot")
    assert entry.custom["taxonomies"] == {"series": ["Excess"]}
    assert entry.custom["extra"] == {"odd_key": 1, "on": "2024-03-01", "a": {"b": {"c": '{"d": 1}'}}}


@pytest.mark.parametrize("name", ["jekyll-news", "odd-blog", "rust-blog"])
def test_every_entry_fits_a_post(name):
    for entry in found_in(name).values():
        if isinstance(entry, Entry):
            assert NewPostSchema().load(as_request(entry)).title == entry.title


@pytest.mark.parametrize(
    "fields",
    [
        "lang: de-CH-1996",
        "lang: x-klingon",
        "image: http://plain.example/a.png",
        "image: https://a.example/" + "x" * 2000,
        "canonical: http://plain.example/a",
        "canonical: https://user@a.example/",
        "slug: admin",
        "tags: [docs, " + "x" * 100 + "]",
        f"{'k' * 100}: 1\n{'k' * 101}: 2",
        "summary: " + "word " * 200,
        "a: {b: {c: {d: {e: 1}}}}",
        "big: 18446744073709551616\nnan: .nan",
        "seo_title: " + "x" * 71,
        'title: "a\\x07b\\x85c"',
    ],
)
def test_what_does_not_fit_a_post_is_made_to_fit(post, fields):
    assert NewPostSchema().load(as_request(post(fields)))


# The folder.


def test_order_is_that_of_the_paths(blog):
    files = ["b.md", "a/z.md", "a@1.md", "a.md", "B.markdown", "c.MDX"]
    found = blog(dict.fromkeys(files, "---\ntitle: T\ndate: 2024-01-01\n---\n"))
    assert [entry.path for entry in found] == sorted(files)


def test_only_markdown_that_is_not_hidden_is_looked_at(blog):
    post = "---\ntitle: T\ndate: 2024-01-01\n---\n"
    found = blog(dict.fromkeys(["a.md", ".b.md", ".git/c.md", "d.txt", "e.html", "f.md.bak"], post))
    assert [entry.path for entry in found] == ["a.md"]


def test_source_is_the_folders_name_unless_it_is_given(blog):
    (entry,) = blog({"a.md": "---\ntitle: T\ndate: 2024-01-01\n---\n"})
    (named,) = read_folder(blog.folder, source="elsewhere")
    assert (entry.source, named.source) == ("blog", "elsewhere")


def test_missing_folder_is_an_error_at_once(tmp_path):
    with pytest.raises(NotADirectoryError):
        read_folder(tmp_path / "nowhere")


def test_links_out_of_the_folder_are_not_followed(blog, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "secret.md").write_text("---\ntitle: Secret\ndate: 2024-01-01\n---\n")
    (blog.folder / "file.md").symlink_to(tmp_path / "secret" / "secret.md")
    (blog.folder / "folder").symlink_to(tmp_path / "secret")
    assert blog({}) == [
        Skipped(file="file.md", reason="a link that leaves the folder"),
        Skipped(file="folder", reason="a link to a folder"),
    ]


def test_links_within_the_folder_are_followed(blog):
    (blog.folder / "z.md").symlink_to("a.md")
    found = blog({"a.md": "---\ntitle: T\ndate: 2024-01-01\n---\n"})
    assert [entry.path for entry in found] == ["a.md", "z.md"]


def test_unreadable_file_is_refused(blog):
    (blog.folder / "circle.md").symlink_to("circle.md")
    assert blog({}) == [Refusal(file="circle.md", reason=f"cannot be read: {os.strerror(errno.ELOOP)}")]


def test_pipe_is_refused_not_waited_for(blog):
    os.mkfifo(blog.folder / "pipe.md")
    assert blog({}) == [Refusal(file="pipe.md", reason="not a regular file")]


def test_file_name_that_is_not_utf8_is_refused(blog):
    (blog.folder / os.fsdecode(b"caf\xe9.md")).write_text("---\ntitle: T\n---\n")
    assert blog({}) == [Refusal(file="caf\\xe9.md", reason="the file name is not UTF-8")]


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 2 * MAX_BODY_BYTES])
def test_body_that_is_too_large_is_refused(post, size):
    found = post("title: T", "x" * size)
    assert isinstance(found, Refusal)
    assert "larger than" in found.reason


def test_largest_body_is_read_whole(post):
    assert len(post("title: T", "é" * (MAX_BODY_BYTES // 2)).body) == MAX_BODY_BYTES // 2


def test_large_file_without_front_matter_is_skipped(blog):
    (found,) = blog({"CHANGELOG.md": "* change\n" * 200_000})
    assert found == Skipped(file="CHANGELOG.md", reason="no front matter")


def test_nul_in_the_body_is_refused(post):
    assert post("title: T", "a\0b") == Refusal(file="2024-09-16-a-post.md", reason="the body has a NUL character")


def test_byte_order_mark_and_windows_line_ends_are_fine(blog):
    (entry,) = blog({"a.md": b"\xef\xbb\xbf---\r\ntitle: T\r\ndate: 2024-01-01\r\n---\r\n\r\nOne\r\ntwo\r\n"})
    assert (entry.title, entry.published_at, entry.body) == ("T", day(2024, 1, 1), "\r\nOne\r\ntwo\r\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_text_that_says_its_encoding_is_read(blog, encoding):
    (entry,) = blog({"a.md": "---\ntitle: Größe\ndate: 2024-01-01\n---\né\n".encode(encoding)})
    assert (entry.title, entry.body) == ("Größe", "é\n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "latin-1"])
def test_text_in_an_encoding_that_it_does_not_say_is_refused(blog, encoding):
    (refusal,) = blog({"a.md": "---\ntitle: Größe\n---\n".encode(encoding)})
    assert refusal.reason.startswith("not UTF-8")


@pytest.mark.parametrize("body", ["\r\n  One \r\n\ttwo\t\r\n\r\n", "\n\n\n", " ", "One\u2028two\x0c\n"])
def test_body_is_what_stands_behind_the_front_matter(post, body):
    assert post("title: T", body).body == body


def test_former_slugs_that_could_mean_two_posts_are_dropped(blog):
    found = blog(
        {
            "a.md": "---\ntitle: A\ndate: 2024-01-01\naliases: [/x/survey, /x/only-a]\n---\n",
            "b.md": "---\ntitle: B\ndate: 2024-01-01\naliases: [/y/survey.html, /y/c]\n---\n",
            "c.md": "---\ntitle: C\ndate: 2024-01-01\n---\n",
        }
    )
    assert [entry.former_slugs for entry in found] == [("only-a",), (), ()]
    assert found[1].former_urls == ("/y/survey.html", "/y/c")


def test_reading_again_gives_the_same_fingerprints():
    first, second = (found_in("rust-blog").values() for _ in range(2))
    assert [e.fingerprint() for e in first if isinstance(e, Entry)] == [
        e.fingerprint() for e in second if isinstance(e, Entry)
    ]


# The fields of one post.


@pytest.mark.parametrize(
    ("field", "published_at"),
    [
        ("date: 2020-02-03", day(2020, 2, 3)),
        ("date: 2020-02-03 01:00:00 +0100", day(2020, 2, 3)),
        ("date: 2020-02-03T01:00:00+01:00", day(2020, 2, 3)),
        ("pubDate: Feb 03 2020", day(2020, 2, 3)),
        ("publishDate: 2020-02-03", day(2020, 2, 3)),
        ("published_at: 2020-02-03 00:00", day(2020, 2, 3)),
        ("published: 2020-02-03", day(2020, 2, 3)),
        ("path: 2020/02/03/title", day(2020, 2, 3)),
        ("permalink: /blog/2020/2/3/title/", day(2020, 2, 3)),
        ("date:", day(2024, 9, 16)),  # empty: the name of the file says it
    ],
)
def test_date_is_found(post, field, published_at):
    entry = post(field)
    assert (entry.published_at, entry.published_at.utcoffset()) == (published_at, timedelta(0))


@pytest.mark.parametrize("field", ["date: today", "date: 2023-02-29", "date: 99", "date: [2020]", "path: 2020/13/01/t"])
def test_impossible_date_is_refused(post, field):
    assert isinstance(post(field), Refusal)


def test_impossible_date_in_the_file_name_is_refused(post):
    found = post("title: T", path="2024-13-01-x.md")
    assert found.reason == "the name of the file: the date '2024-13-01' is impossible or not understood"


def test_date_that_is_understood_in_part_is_noted(post):
    entry = post("date: 2020-02-03 04:05:06 Tuesday +0000")
    assert entry.published_at == datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (
        "date (line 2): of the date '2020-02-03 04:05:06 Tuesday +0000' the part 'Tuesday' is not understood"
        in entry.notes
    )


@pytest.mark.parametrize(
    ("field", "is_draft"),
    [
        ("draft: true", True),
        ("draft: 'yes'", True),
        ("draft: false", False),
        ("published: false", True),
        ("published: true", False),
        ("status: draft", True),
        ("status: publish", False),
        ("title: T", False),
    ],
)
def test_drafts_are_told_from_posts(post, field, is_draft):
    assert post(field).is_draft is is_draft


@pytest.mark.parametrize(
    ("field", "path", "slug"),
    [
        ("slug: Chosen One", "a.md", "chosen-one"),
        ("slug: /deep/chosen/", "a.md", "chosen"),
        ("path: 2020/01/02/From.Path", "a.md", "from-path"),
        ("permalink: /old/story.html", "a.md", "story"),
        ("permalink: /old/story/index.html", "a.md", "story"),
        ("permalink: pretty", "a.md", "a"),
        ("permalink: /:year/:title/", "a.md", "a"),
        ("title: T", "2020-01-02-from-the-file.md", "from-the-file"),
        ("title: T", "from-the-folder/index.md", "from-the-folder"),
        ("title: T", "2020-01-02-dated-folder/index.fr.md", "dated-folder"),
        ("title: T", "index.md", None),
    ],
)
def test_slug_is_found(post, field, path, slug):
    assert post(f"{field}\ndate: 2020-01-02", path=path).slug == slug


def test_old_addresses_are_kept_as_they_stood(post):
    entry = post("permalink: /p/1\naliases: [a/b.html, 'https://old.example/c?d=1']\nredirect_from: /e/")
    assert entry.former_urls == ("/p/1", "a/b.html", "https://old.example/c?d=1", "/e/")


def test_url_to_elsewhere_is_no_old_address(post):
    assert post("url: /here").former_urls == ("/here",)
    assert post("url: https://elsewhere.example/x").custom == {"url": "https://elsewhere.example/x"}


def test_former_slugs_are_kept_without_capitals(post):
    entry = post("slug: same\naliases: [/Old/About-Us.html, /old/about-us/, /Same]")
    assert entry.former_slugs == ("about-us",)
    assert entry.former_urls == ("/Old/About-Us.html", "/old/about-us/", "/Same")


def test_slug_that_stays_is_no_former_slug(post):
    entry = post("slug: same\naliases: [/old/same.html, /old/other]")
    assert entry.former_slugs == ("other",)


@pytest.mark.parametrize(
    ("fields", "path", "former_urls"),
    [
        ("title: T", "_posts/2020-01-01-x.md", ("/2020/01/01/x.html",)),
        ("permalink: /x/", "_posts/2020-01-01-x.md", ("/x/",)),
        ("published: false", "_posts/2020-01-01-x.md", ()),
        ("title: T", "posts/2020-01-01-x.md", ()),
    ],
)
def test_jekyll_address_is_only_made_for_posts_without_another(post, fields, path, former_urls):
    assert post(fields, path=path).former_urls == former_urls


def test_jekyll_address_has_the_categories_and_the_day_as_it_was_written(post):
    front_matter = "categories: News Big\ndate: 2020-01-01 00:30:00 +0200"
    entry = post(front_matter, path="site/_posts/2020-01-01-hello.md")
    assert entry.former_urls == ("/site/news/big/2020/01/01/hello.html",)
    assert entry.published_at == datetime(2019, 12, 31, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ("tags: [One, Two Words, 3]", ["One", "Two Words", "3"]),
        ("tags: one two", ["one", "two"]),
        ("tags: One Thing, Another", ["One Thing", "Another"]),
        ("category: One Thing", ["One Thing"]),
        ("tags: [a]\ncategories: [b, A]", ["a", "b"]),
        ("taxonomies: {tags: [a], categories: [b]}", ["a", "b"]),
        ("tags: [C, C++, 'C#']", ["C", "C++", "C#"]),
        ("tags: [{name: Named, slug: x}, '!?', null]", ["Named"]),
    ],
)
def test_tags_are_found(post, fields, names):
    assert [tag.name for tag in post(fields).tags] == names


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ("author: Ada Lovelace", ["Ada Lovelace"]),
        ("author: Lovelace, Ada", ["Lovelace, Ada"]),
        ("author: Ada and Charles", ["Ada", "Charles"]),
        (
            "authors: Ada Lovelace, Bob and Eve",
            ["Ada Lovelace", "Bob", "Eve"],
        ),
        ("authors: ['Ada, Charles, and Mary']", ["Ada", "Charles", "Mary"]),
        ("author: {name: Ada, email: ada@example.com}", ["Ada"]),
        ("authors: [{name: Ada}, Charles, Ada]", ["Ada", "Charles"]),
        ("author: Ada <ada@example.com>", ["Ada"]),
        ("title: T", []),
    ],
)
def test_authors_are_found(post, fields, names):
    assert post(fields).authors == tuple(names)


def test_mail_addresses_of_authors_are_published_nowhere(post):
    entry = post("author: {name: Ada <ada@example.com>, email: ada@example.com}\nauthors: ada@example.com")
    assert "example.com" not in repr(entry)


@pytest.mark.parametrize(
    ("fields", "body", "title"),
    [
        ("title: ' Spaced\n  out '", "", "Spaced out"),
        ("title: 2024", "", "2024"),
        ("author: A", "\n# From *here* #\n\nText", "From here"),
        ("author: A", "<!-- c -->\n\n{% toc %}\n# [A](b) `c` C*-x {#id}\n", "A c C*-x"),
        ("author: A", "import A from 'a'\n\nFrom here\n===\n", "From here"),
        ("author: A", "# About C#\n", "About C#"),
        ("author: A", "Text\n# Not from here", "A post"),
    ],
)
def test_title_is_found(post, fields, body, title):
    assert post(fields, body).title == title


def test_long_title_is_cut_at_a_word_and_kept_whole_in_custom(post):
    title = " ".join(["word"] * 60)
    entry = post(f"title: {title}")
    assert len(entry.title) <= 200
    assert entry.title.endswith("word…")
    assert entry.custom["full_title"] == title


def test_rest_of_a_cover_is_kept_in_custom(post):
    long = " ".join(["word"] * 120)
    entry = post(f"cover: {{src: 'https://a.example/b.png', caption: {long}, credit: Jane, taken: 2024-03-01}}")
    assert entry.cover.url == "https://a.example/b.png"
    assert len(entry.cover.caption) <= 500
    assert entry.custom["cover"] == {"credit": "Jane", "taken": "2024-03-01"}
    assert entry.custom["full_cover_caption"] == long
    assert "the caption of the cover is cut to 500 characters; the whole is in custom.full_cover_caption" in entry.notes


def test_local_cover_stays_in_custom_and_is_noted(post):
    entry = post("image: /pictures/a.png")
    assert (entry.cover, entry.custom["image"]) == (None, "/pictures/a.png")
    assert "the cover '/pictures/a.png' is no https address; it is in custom" in entry.notes


@pytest.mark.parametrize(
    "body",
    ["![a](a%20b.png)", '<img src="a%20b.png">', "[a]: a%20b.png", "[a](./a%20b.png#x)"],
)
def test_linked_files_are_noted(blog, body):
    entry = blog({"p/index.md": f"---\ntitle: T\ndate: 2020-01-01\n---\n{body}\n", "p/a b.png": b"\x89PNG"})[0]
    assert entry.body == f"{body}\n"
    assert len(entry.notes) == 1
    assert "a b.png" in entry.notes[0]


def test_links_to_files_outside_are_not_looked_for(post):
    assert post("title: T", "[a](/etc/passwd) [b](../../../../../../../../etc/passwd)").notes == ()


@pytest.mark.parametrize("path", ["_posts/x.md", "site/_drafts/x.md", "posts/2020-01-01-x.md"])
def test_liquid_is_converted_where_posts_are_kept_as_jekyll_keeps_them(post, path):
    assert post("title: T\ndate: 2020-01-01", "{% raw %}{{ x }}{% endraw %}", path=path).body == "{{ x }}"


def test_liquid_stays_where_another_generator_reads_the_files(blog):
    body = "{% raw %}{{ x }}{% endraw %}"
    files = {"hugo.toml": "title = 'T'", "content/x.md": f"---\ntitle: T\ndate: 2020-01-01\n---\n{body}"}
    assert blog(files)[0].body == body


def test_liquid_stays_below_toml(blog):
    (entry,) = blog({"2020-01-01-x.md": "+++\n+++\n{% raw %}{{ x }}{% endraw %}"})
    assert entry.body == "{% raw %}{{ x }}{% endraw %}"


@pytest.mark.parametrize(
    ("field", "path", "lang"),
    [
        ("lang: de", "a.md", "de"),
        ("locale: pt_BR", "a.md", "pt-BR"),
        ("title: T", "a/index.fr.md", "fr"),
        ("title: T", "node.js.md", None),
        ("lang: [de]", "a.md", None),
    ],
)
def test_language_is_found(post, field, path, lang):
    assert post(f"{field}\ndate: 2020-01-01", path=path).lang == lang


@pytest.mark.parametrize(
    ("fields", "seo", "custom"),
    [
        ("seo_title: Short\nmetaDescription: Also", Seo(title="Short", description="Also"), {}),
        (f"seo_title: {'x' * 71}", Seo(), {"seo_title": "x" * 71}),
        ("canonical: https://a.example/b", Seo(canonical_url="https://a.example/b"), {}),
        ("canonical: /b", Seo(), {"canonical": "/b"}),
        ("noindex: true", Seo(noindex=True), {}),
        ("robots: noindex, nofollow", Seo(noindex=True), {"robots": "noindex, nofollow"}),
    ],
)
def test_seo_is_found(post, fields, seo, custom):
    entry = post(fields)
    assert (entry.seo, entry.custom) == (seo, custom)


def test_old_address_that_is_none_does_no_harm(post):
    entry = post("aliases: ['http://[broken', '/', '?', '/old/Not_A_Slug', '/old/Admin']")
    assert entry.former_slugs == ()
    assert len(entry.former_urls) == 5


@pytest.mark.parametrize(
    ("file", "tags"),
    [("source/_posts/a.md", []), ("src/_posts/2020-01-01-a.md", []), ("source/travel/_posts/a.md", ["travel"])],
)
def test_folder_in_which_a_site_keeps_its_sources_is_no_category(blog, file, tags):
    found = blog({file: "---\ntitle: T\ndate: 2020-01-01\n---\nx", "_config.yml": "title: T\n"})
    assert [tag.slug for tag in found[0].tags] == tags
