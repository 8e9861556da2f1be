"""Where imported posts stood: given in words, made by patterns, or derived from the folders; and where that leads."""

from pathlib import Path
from urllib.parse import quote

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry
from blogapi.importers.run import import_folder
from blogapi.wiring import SERVICES

DATA = Path(__file__).parents[1] / "data"
DATED = "---\ntitle: A Title\ndate: 2015-03-01\n{}\n---\nx\n"


@pytest.fixture
def addresses(blog):
    """The addresses of the posts in these files, by path."""

    def read(files):
        return {found.path: found.addresses for found in blog(files) if isinstance(found, Entry)}

    return read


async def leads_to(client, url):
    response = await client.get(f"/v1/posts/by-url?url={quote(url, safe='')}", allow_redirects=False)
    return response.headers["Location"].rpartition("/")[2] if response.status == 301 else response.status


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("/2015/03/01/My_Old_Post.html", "my-old-post"),
        ("https://old.example/2015/03/01/my_old_post/", "my-old-post"),
        ("/2015/03/01/My_Old_Post", "my-old-post"),
        ("/2015/über-uns/", "slm-dny"),
        ("/2015/%C3%9Cber-uns", "slm-dny"),
        ("/under_score/", "slm-dny"),
        ("/plain-old", "slm-dny"),
        ("/2015/03/سلام-دنیا/", "slm-dny"),
        ("/2015/03/%D8%B3%D9%84%D8%A7%D9%85-%D8%AF%D9%86%DB%8C%D8%A7/", "slm-dny"),
        ("/2015/03/02/redirects.html", 404),
    ],
)
async def test_all_former_addresses_lead_to_the_post(client, ada, url, slug):
    report = await import_folder(client.app[SERVICES], read_folder(DATA / "addresses"), author="ada")
    assert (report.created, report.notes) == (2, [])
    assert await leads_to(client, url) == slug


async def test_second_run_keeps_what_the_first_one_kept(client, ada, database):
    services = client.app[SERVICES]
    await import_folder(services, read_folder(DATA / "addresses"), author="ada")
    before = await database["addresses"].find().sort("_id").to_list(None)
    report = await import_folder(services, read_folder(DATA / "addresses"), author="ada")
    assert (report.unchanged, report.notes) == (2, [])
    assert await database["addresses"].find().sort("_id").to_list(None) == before != []


async def test_changed_file_adds_addresses_and_takes_none_away(client, ada, blog):
    for alias in ("/one/", "/two/"):
        found = blog({"a.md": DATED.format(f"aliases: [{alias}]")})
        await import_folder(client.app[SERVICES], iter(found), author="ada")
    assert [await leads_to(client, url) for url in ("/one", "/two", "/a")] == ["a"] * 3


async def test_address_that_two_posts_claim_stays_with_the_first(client, ada, blog):
    found = blog({name: DATED.format("aliases: [/same/]") for name in ("a.md", "b.md")})
    report = await import_folder(client.app[SERVICES], iter(found), author="ada")
    assert await leads_to(client, "/same/") == "a"
    told = [(note.file, note.text) for note in report.notes]
    assert told == [("b.md", "its former address '/same' is that of another post")]


@pytest.mark.parametrize("alias", ["/", "https://old.example/", "mailto:a@b.example", f"/{'x' * 2000}"])
def test_what_cannot_be_an_address_is_told(blog, alias):
    (entry,) = blog({"a.md": DATED.format(f"aliases: ['{alias}']")})
    assert entry.addresses == ("/a", "/blog/a")
    assert [note for note in entry.notes if "is not kept" in note]


def test_words_count_more_than_places(addresses, blog):
    files = {"a/b.md": DATED.format(""), "z.md": DATED.format("permalink: /a/b/")}
    assert addresses(files) == {"a/b.md": ("/blog/a/b",), "z.md": ("/a/b",)}
    assert blog({})[0].notes[-1:] == ("its former address '/a/b' is that of another file",)


@pytest.mark.parametrize(
    ("config", "path", "fields", "address"),
    [
        # Jekyll
        ({"_config.yml": "permalink: pretty"}, "_posts/2015-03-01-x.md", "", "/2015/03/01/x"),
        ({"_config.yml": "permalink: /:year/:title/"}, "_posts/2015-03-01-x.md", "", "/2015/x"),
        ({"_config.yml": "permalink: /b/:title:output_ext"}, "_posts/2015-03-01-X_y.md", "", "/b/x_y"),
        ({"_config.yml": "permalink: none"}, "big/_posts/2015-03-01-x.md", "category: News", "/big/news/x"),
        ({"_config.yml": "permalink: ordinal"}, "_posts/2015-03-01-x.md", "", "/2015/060/x"),
        ({"_config.yml": "collections:\n  posts:\n    permalink: /c/:slug"}, "_posts/2015-03-01-X_y.md", "", "/c/x-y"),
        (
            {"_config.yml": "defaults:\n- scope: {path: '', type: posts}\n  values: {permalink: /d/:title/}"},
            "_posts/2015-03-01-x.md",
            "",
            "/d/x",
        ),
        ({"_config.yml": "permalink: :nonsense/:title"}, "_posts/2015-03-01-x.md", "", "/2015/03/01/x"),
        ({"_config.yml": "permalink: [broken"}, "_posts/2015-03-01-x.md", "", "/2015/03/01/x"),
        ({}, "_posts/2015-03-01-x.md", "permalink: /:short_year/:i_month/:title", "/15/3/x"),
        ({}, "_posts/2015-03-01-x y.md", "", "/2015/03/01/x-y"),
        ({}, "_articles/x.md", "", "/articles/x"),
        # Hexo
        (
            {"_config.yml": "permalink: :year/:title/", "source/_posts/y.md": ""},
            "source/_posts/n/x.md",
            "",
            "/2015/n/x",
        ),
        ({"_config.yml": "title: T", "source/_posts/y.md": ""}, "source/_posts/x.md", "", "/2015/03/01/x"),
        # Hugo
        ({}, "content/posts/My-Post.md", "", "/posts/my-post"),
        ({}, "content/posts/my-post/index.md", "", "/posts/my-post"),
        ({}, "content/posts/x.md", "slug: other", "/posts/other"),
        ({}, "content/posts/x.md", "url: /elsewhere/", "/elsewhere"),
        ({}, "content/posts/x.md", "aliases: [old-name]", "/posts/old-name"),
        ({}, "content/posts/x.md", "aliases: [old-name]", "/old-name"),
        ({}, "content/posts/x.md", "aliases: [../older]", "/older"),
        ({}, "content/posts/x/index.fr.md", "", "/fr/posts/x"),
        ({}, "content/posts/x.pt-br.md", "", "/pt-br/posts/x"),
        ({}, "content/fr/posts/x.md", "", "/fr/posts/x"),
        ({"content/en/posts/x.md": DATED.format("")}, "content/en/posts/x.md", "", "/posts/x"),
        ({}, "content/posts/fr/x.md", "", "/posts/fr/x"),
        ({"content/posts/x.md": DATED.format("")}, "content/posts/x.fr.md", "", "/fr/posts/x"),
        (
            {"hugo.toml": '[permalinks]\nposts = "/:year/:slug/"', "content/posts/x.md": DATED.format("")},
            "content/posts/x.fr.md",
            "",
            "/fr/2015/x",
        ),
        (
            {"hugo.toml": '[permalinks]\nposts = "/:year/:slug/"', "content/en/posts/x.md": DATED.format("")},
            "content/fr/posts/x.md",
            "",
            "/fr/2015/x",
        ),
        ({"hugo.toml": '[permalinks]\nposts = "/:year/:month/:slug/"'}, "content/posts/x.md", "", "/2015/03/x"),
        ({"config.yaml": "permalinks:\n  posts: /p/:filename/"}, "content/posts/x.md", "", "/p/x"),
        ({"hugo.toml": 'baseURL = "https://me.example/blog/"'}, "content/posts/x.md", "", "/blog/posts/x"),
        ({"hugo.toml": 'baseURL = "https://me.example/blog/"'}, "content/posts/x.md", "", "/posts/x"),
        # Zola
        ({"config.toml": 'base_url = "https://me.example"'}, "content/blog/2015-03-01-My_Post.md", "", "/blog/my-post"),
        ({}, "content/x.md", "path: a/b", "/a/b"),
        # Eleventy
        ({}, "posts/x.md", "", "/posts/x"),
        ({}, "src/posts/2015-03-01-x.md", "", "/posts/x"),
        ({}, "posts/x.md", "permalink: '/w/{{ page.fileSlug }}/index.html'", "/w/x"),
        ({}, "posts/x.md", "permalink: '/w/{{ title | slugify }}/'", "/w/a-title"),
        # Astro
        ({}, "src/content/blog/x.mdx", "", "/blog/x"),
        ({}, "src/pages/blog/x.md", "", "/blog/x"),
        # WordPress
        # Others
        ({"posts/posts.json": '{"permalink": "/n/{{ page.fileSlug }}/"}'}, "posts/2015-03-01-x.md", "", "/n/x"),
        (
            {"posts/posts.11tydata.js": 'export default { permalink: "/j/{{ page.fileSlug }}/" }'},
            "posts/x.md",
            "",
            "/j/x",
        ),
        ({"pelicanconf.py": "ARTICLE_URL = 'p/{date:%Y}/{slug}.html'"}, "content/x.md", "", "/p/2015/x"),
        ({"pelicanconf.py": "SITENAME = 'T'"}, "content/cats/x.md", "", "/x"),
        ({}, "services/site/content/blog/x.mdx", "", "/blog/x"),
        ({}, "services/site/content/blog/x.mdx", "", "/services/site/content/blog/x"),
        ({}, "apps/site/pages/en/blog/x.md", "", "/en/blog/x"),
        ({}, "i18n/fr/docusaurus-plugin-content-blog/x.md", "", "/fr/blog/x"),
        ({}, "fr/_posts/2015-03-01-x.md", "category: News", "/fr/news/2015/03/01/x"),
        (
            {"hugo.toml": '[permalinks]\nposts = "/:year/:slug/"', "content/posts/x.fr.md": DATED.format("")},
            "content/posts/x.en.md",
            "",
            "/2015/x",
        ),
        ({}, "x.md", "wordpress_id: 123", "/?p=123"),
        ({}, "x.md", "guid: 'https://old.example/?p=77'", "/?p=77"),
    ],
)
def test_address_follows_from_what_the_blog_says(addresses, config, path, fields, address):
    assert address in addresses({**config, path: DATED.format(fields)})[path]


def test_plain_address_is_that_of_the_main_language(addresses):
    files = {name: DATED.format("") for name in ("content/x.en.md", "content/x.fr.md")}
    assert addresses(files) == {"content/x.en.md": ("/x", "/en/x"), "content/x.fr.md": ("/fr/x",)}


def test_folder_of_a_blog_is_imported_by_itself(tmp_path):
    folder = tmp_path / "site" / "content" / "posts"
    folder.mkdir(parents=True)
    (tmp_path / "site" / "hugo.toml").write_text('[permalinks]\nposts = "/:year/:slug/"')
    (folder / "x.md").write_text(DATED.format(""))
    (entry,) = read_folder(folder)
    assert "/posts/x" in entry.addresses


def test_draft_had_no_address_but_those_in_its_words(addresses):
    files = {"_posts/2015-03-01-x.md": DATED.format("draft: true\naliases: [/given/]")}
    assert addresses(files) == {"_posts/2015-03-01-x.md": ("/given",)}
