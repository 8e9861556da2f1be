"""What was not for everybody at its origin is for nobody here, until somebody publishes it."""

from datetime import UTC, datetime

import pytest

from blogapi.importers.markdown import read_folder
from blogapi.importers.model import Entry

NEXT_CENTURY = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        "draft: 'true'",
        "draft: TRUE",
        "Draft: yes",
        "draft: maybe",
        "isDraft: true",
        "published: no",
        "published: 0",
        "published: 'False'",
        "publish: false",
        "dg-publish: false",
        "public: false",
        "status: pending",
        "Status: Private",
        "status: inherit",
        "status: [draft]",
        "post_status: future",
        "wp_post_status: private",
        "state: in review",
        "visibility: members",
        "access: subscribers",
        "hidden: true",
        "hide: [home]",
        "unlisted: 'True'",
        "listed: false",
        "visible: off",
        "private: whatever",
        "members-only: true",
        "headless: true",
        "permalink: false",
        "eleventyExcludeFromCollections: true",
        "eleventyExcludeFromCollections: [posts]",
        "build: {render: link}",
        "_build:\n  list: local",
        "render: never",
        "build: false",
        "type: draft",
        "tags: [Draft, other]",
        "extra: {draft: true}",
        "extra: {hidden: yes}",
        "params:\n  private: true",
        "hugo: {build: {render: never}}",
        "wordpress: {post_status: trash}",
        "anything: {of: {mine: {draft: true}}}",
        "hidden: {web: true}",
        "entwurf: true",
        "brouillon: oui",
        "borrador: true",
        "flags: [wip]",
        "labels: borrador",
        "ready: false",
        "released: no",
        "veröffentlicht: false",
        "tags: draft python",
        "categories: draft news",
        "taxonomies: {tags: [private]}",
        "extra: {tags: [Entwurf]}",
        "publishDate: soon",
        "embargo: true",
        "expires: some day",
        "in_draft: true",
        "drafts: true",
        "audience: only_paid",
        "visible_to: members",
        "permissions: [admin]",
        "tier: gold",
        "subscriber_only: true",
        "friends-only: yes",
        "onlyForPatrons: true",
        "for: members",
        "needs_review: true",
        "requiresMembership: true",
        "approved: false",
        "hideFromPosts: true",
        "exclude_from_blog: true",
        "skip_render: true",
        "show-in-list: false",
        "noList: true",
        "not_published: true",
        "stage: draft",
        "post_type: members-only",
        "tags: [unlisted, other]",
        "category: drafts",
    ],
)
def test_field_that_hides_a_post_makes_it_a_draft(post, fields):
    entry = post(fields)
    assert entry.is_draft
    assert any(note.startswith("not for everybody where it comes from, so it is a draft: ") for note in entry.notes)


@pytest.mark.parametrize(
    "fields",
    [
        "status: Published",
        "status: publish",
        "visibility: public",
        "published: true",
        "draft: false\nprivate: no\nhidden: 'false'\nunlisted: 0",
        "password: ''",
        "password: false",
        "comment_status: closed\nping_status: open",
        "cover: {src: a.png, hidden: true}",
        "hide: [toc, navigation]",
        "hide: {toc: true}",
        "locked: {web: false}",
        "ready: true\nreleased: 2020-01-01",
        "build: {render: always, list: always}",
        "cascade: {draft: true}",
        "noindex: true\nsitemap: false",
        "publishDate: 2020-01-01",
        "members: Ann and Bob",
        "schedule: [9 h, 10 h]",
        "audience: everyone",
        "archived: true",
        "exclude_from_search: true\nsearchHidden: true\nhiddenInHomeList: true",
        "hideToc: true\nhide_title: true\nshow_date: false\nShowReadingTime: false",
        "role: engineer\nreview: a film",
        "title: Private\nlicense: private\nseries: draft",
        "categories: [Private equity]\ntags: [privacy]",
    ],
)
def test_field_that_hides_nothing_leaves_a_post(post, fields):
    entry = post(fields)
    assert (entry.is_draft, entry.opens_at in (None, datetime(2020, 1, 1, tzinfo=UTC))) == (False, True)


@pytest.mark.parametrize(
    "fields",
    [
        "password: swordfish",
        "Post-Password: swordfish",
        "passphrase: [swordfish]",
        "protected: swordfish",
        "encrypt: {password: swordfish, hint: none}",
        "extra: {a: [{pwd: swordfish}]}",
        "密码: swordfish",
        "staticrypt_password: swordfish\ndate: 2021-02-31\ndraft: true",
    ],
)
def test_password_is_left_out_and_makes_a_draft(post, fields):
    entry = post(fields)
    assert entry.is_draft
    assert "swordfish" not in repr(entry)
    assert any("a password, which is left out" in note for note in entry.notes)


@pytest.mark.parametrize(
    "field",
    [
        "publishDate: 2099-01-01",
        "published_at: 2099-01-01",
        "embargo_until: 2099-01-01",
        "scheduled: 2099-01-01",
        "publishing: {date: 2099-01-01}",
        "embargo: {until: 2099-01-01}",
        "extra: {release_date: 2099-01-01}",
        "release: 2099-01-01",
        "live_on: 2099-01-01",
    ],
)
def test_day_before_which_nobody_may_read_it_is_known(post, field):
    assert post(f"date: 2021-03-04\n{field}").opens_at == NEXT_CENTURY


@pytest.mark.parametrize(
    "field",
    ["expiryDate: 2020-01-01", "expires: 2020-01-01", "unpublishDate: 2020-01-01", "date_expiration: 2020-01-01"],
)
def test_day_from_which_nobody_may_read_it_is_known(post, field):
    assert post(field).closes_at == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "is_draft"),
    [
        ("_drafts/a.md", True),
        ("Drafts/a.md", True),
        ("posts/unpublished/a.md", True),
        ("_private/a.md", True),
        ("posts/_a.md", True),
        ("posts/a.draft.md", True),
        ("posts/draft_a.md", True),
        ("posts/draft-horses.md", False),
        ("_posts/2020-01-01-a.md", False),
        ("posts/drafting/a.md", False),
    ],
)
def test_place_that_no_generator_renders_makes_drafts(post, path, is_draft):
    assert post("date: 2020-01-01", path=path).is_draft is is_draft


@pytest.mark.parametrize(
    ("file", "content", "is_draft"),
    [
        ("a/_index.md", "---\ncascade: {draft: true}\n---\n", True),
        ("a/_index.md", "+++\n[[cascade]]\n[cascade.params]\nprivate = true\n+++\n", True),
        ("a/_index.md", "---\ncascade:\n- target: {path: '/a/b/**'}\n  build: {render: never}\n---\n", True),
        ("a/_index.md", "---\ncascade:\n- target: {path: '/other/**'}\n  draft: true\n---\n", False),
        ("a/_index.md", "+++\ndraft = true\n+++\n", True),
        ("a/_index.md", "---\nbuild: {render: never}\nheadless: true\n---\n", False),
        ("a/b/index.md", "---\ntitle: I\ndate: 2020-01-01\nheadless: true\n---\n", True),
        ("a/b/index.md", "---\ntitle: I\ndate: 2020-01-01\ndraft: true\n---\n", False),
        ("a/a.json", '{"permalink": false}', True),
        ("a/b/c.11tydata.json", '{"draft": true}', True),
        ("_config.yml", "defaults:\n- scope: {path: a}\n  values: {published: false}\n", True),
        ("_config.yml", "defaults:\n- scope: {path: c}\n  values: {published: false}\n", False),
        ("_config.yml", "a: [", True),
        ("_config.yml", "title: A\ntitle: B\n", True),
        ("_config.yml", "a: !ruby/object:Thing {}\n", True),
        ("_config.yml", "a: " + 300_000 * "x", True),
        ("_config.yml", b"title: M\xfcller\n", True),
        ("_config.yml", "---\ntitle: A\n---\n", False),
        ("hugo.toml", "title = ", True),
        ("config.json", "{", True),
        ("pelicanconf.py", "A = (\n", True),
        ("_config.yml", "defaults:\n- scope: {path: '', type: drafts}\n  values: {published: false}\n", False),
        ("_config.yml", "defaults:\n- scope: {path: '', type: pages}\n  values: {published: false}\n", True),
        ("_config.yml", "exclude: [vendor, a/b/]\n", True),
        ("_config.yml", "exclude: ['*.md']\n", True),
        ("_config.yml", "exclude: [x/, c]\n", False),
        ("config.toml", 'base_url = "https://blog.example"\nignored_content = ["a/b/*"]\n', True),
        (".eleventyignore", "# not yet\na/b/c.md\n", True),
        ("a/a.11tydata.js", "// all\nmodule.exports = {\n  tags: ['x'], draft: true,\n};\n", True),
        ("a/b/b.11tydata.mjs", "export default { permalink: false }", True),
        ("a/a.11tydata.js", "module.exports = { draft: isDraft, f() { return 1 } };", True),
        ("a/a.11tydata.js", "module.exports = { isDrafty, colour: isDraft, f() { return 1 } };", False),
        ("a/a.11tydata.js", "module.exports = { draft: !process.env.SHOW };", True),
        ("a/a.11tydata.js", "module.exports = { draft };", True),
        ("a/a.11tydata.js", "module.exports = { get draft() { return true } };", True),
        ("a/a.11tydata.js", "module.exports = { ...others };", True),
        ("a/a.11tydata.js", "module.exports = () => ({ draft: true });", True),
        ("a/a.11tydata.js", "exports.draft = true", True),
        ("a/a.11tydata.js", "/* module.exports = { draft: true } */\nexport default { layout: 'post' }", False),
        ("a/a.11tydata.js", "export default { eleventyComputed: { permalink: d => d.x ? false : d.y } }", True),
        ("a/a.11tydata.js", "export default { eleventyComputed: { permalink: d => d.y + '/' } }", False),
        ("a/a.11tydata.js", "// nothing yet\n", False),
        ("a/a.json", "{", True),
        ("a/_index.md", "---\ncascade: [\n---\n", True),
        ("pelicanconf.py", "DEFAULT_METADATA = {'status': 'draft'}\n", True),
        ("pelicanconf.py", "DEFAULT_METADATA = {'status': STATUS}\n", True),
        ("pelicanconf.py", "DEFAULT_METADATA = {'author': AUTHOR}\n", False),
        ("pelicanconf.py", "ARTICLE_EXCLUDES = [PATH]\n", True),
    ],
)
def test_surroundings_hide_what_is_below_them(blog, file, content, is_draft):
    found = blog({file: content, "a/b/c.md": "---\ntitle: T\ndate: 2020-01-01\n---\nx\n"})
    (entry,) = [item for item in found if isinstance(item, Entry) and item.path == "a/b/c.md"]
    assert entry.is_draft is is_draft


NOT_YET = "---\ntitle: T\ndate: 2020-01-01\n---\nx\n"


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("site/src", {"site/.eleventy.js": "", "site/.eleventyignore": "src/p.md\n"}),
        ("site/src", {"site/.eleventy.js": "", "site/.gitignore": "p.md\n"}),
        ("site/src/posts", {"site/.eleventy.js": "", "site/src/src.11tydata.json": '{"draft": true}'}),
        ("site/writing/x", {"site/eleventy.config.js": 'c.ignores.add("writing/**/*.md")'}),
        ("site/writing/x", {"site/eleventy.config.js": "c.ignores.add(path)"}),
        ("site/content/posts", {"site/content/_index.md": "---\ncascade: {draft: true}\n---\n"}),
        ("site/content/posts", {"site/hugo.toml": "", "site/content/_index.md": "---\ncascade: {draft: true}\n---\n"}),
        ("site/content/blog/s", {"site/config.toml": "", "site/content/blog/_index.md": "+++\ndraft = true\n+++\n"}),
        ("site/content/_private/s", {"site/hugo.toml": ""}),
        ("site/content/a", {"site/hugo.toml": "[cascade]\ndraft = true\n"}),
        ("site/content/a", {"site/hugo.yaml": "cascade: [{target: {path: /a/*}, draft: true}]"}),
        ("site/content/a", {"site/hugo.toml": "ignoreFiles = ['a/p\\.md$']"}),
        ("site/content/a", {"site/hugo.toml": "ignoreFiles = ['(?i)secret']"}),
        ("site/content/a", {"site/hugo.toml": "[[module.mounts]]\nsource='content'\nexcludeFiles='a/*'\n"}),
        ("site/content/a", {"site/hugo.toml": "[[module.mounts]]\nsource='content'\nincludeFiles=['b/*']\n"}),
        ("site/blog", {"site/docusaurus.config.js": "module.exports = {x: {blog: {exclude: ['**/p.*']}}}"}),
        ("site/blog", {"site/docusaurus.config.js": "module.exports = {x: {blog: {exclude: hidden}}}"}),
    ],
)
def test_surroundings_above_the_imported_folder_hide_it(blog, folder, files):
    blog({**files, f"{folder}/p.md": NOT_YET})
    (entry,) = read_folder(blog.folder / folder)
    assert entry.is_draft
    assert any(note.startswith("not for everybody where it comes from") for note in entry.notes)


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("site/src", {"site/.eleventy.js": "", "site/.eleventyignore": "src/other.md\n/p.md\n"}),
        ("site/src", {"site/.eleventy.js": "c.setUseGitIgnore(false)", "site/.gitignore": "p.md\n"}),
        ("site/src", {"site/.gitignore": "p.md\n"}),
        ("site/content/a", {"site/hugo.toml": "[[cascade]]\ndraft = true\n[cascade.target]\npath = '/b/**'\n"}),
        ("site/content/a", {"site/hugo.toml": "ignoreFiles = ['\\.Rmd$', '_files$', '^p']"}),
        ("site/content/a", {"site/hugo.toml": "[[module.mounts]]\nsource='content'\nexcludeFiles='b/*'\n"}),
        ("site/content/a", {"site/hugo.toml": "[[module.mounts]]\nsource='content'\nincludeFiles=['a/*']\n"}),
        ("site/blog", {"site/docusaurus.config.js": "module.exports = {x: {blog: {exclude: ['**/q.*']}}}"}),
        ("site/content/a", {"site/package.json": "{", "config.json": "{"}),
    ],
)
def test_surroundings_above_the_imported_folder_leave_others(blog, folder, files):
    blog({**files, f"{folder}/p.md": NOT_YET})
    (entry,) = read_folder(blog.folder / folder)
    assert not entry.is_draft


@pytest.mark.parametrize(
    ("target", "is_draft"),
    [
        ("{/notes,/notes/**}", True),
        ("/notes/*", True),
        ("/{a,notes}/[x-z]", True),
        ("/**/y", True),
        ("/notes/**/z", False),
        ("/*", False),
        ("/{a,b}/**", False),
        ("/notes/{y", True),
        ("!(/notes)/**", True),
        ("{/a", True),
    ],
)
def test_target_of_a_cascade_is_a_glob(blog, target, is_draft):
    cascade = f"---\ncascade:\n- target: {{path: '{target}'}}\n  draft: true\n---\n"
    found = blog({"content/_index.md": cascade, "content/notes/y.md": NOT_YET})
    (entry,) = [item for item in found if isinstance(item, Entry)]
    assert entry.is_draft is is_draft


def test_glob_that_is_not_understood_opens_nothing(blog):
    cascade = "---\ncascade:\n- draft: true\n- target: {path: '{/notes'}\n  draft: false\n---\n"
    found = blog({"content/_index.md": cascade, "content/notes/y.md": NOT_YET})
    assert [item.is_draft for item in found if isinstance(item, Entry)] == [True]


def test_unread_configuration_is_told_with_its_line(blog):
    (entry,) = blog({"_config.yml": "title: A\n\ntitle: B\n", "_posts/2020-01-01-a.md": NOT_YET})
    (note,) = [note for note in entry.notes if "_config.yml" in note]
    assert "_config.yml cannot be read: broken YAML: 'title' stands there twice (line 3)" in note


def test_moments_are_read_in_the_zone_of_the_site(blog):
    post = "---\ntitle: T\ndate: 2026-11-30 10:00\npublish_date: 2026-11-30 20:00\nexpires: 2026-12-01 20:00\n---\nx\n"
    (entry,) = blog({"_config.yml": "timezone: America/Los_Angeles\n", "_posts/a.md": post})
    assert entry.opens_at == datetime(2026, 12, 1, 4, tzinfo=UTC)
    assert entry.closes_at == datetime(2026, 12, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("default", "own", "is_draft"),
    [
        ("published: false", "published: true", False),
        ("published: false", "", True),
        ("draft: false", "draft: true", True),
    ],
)
def test_post_says_otherwise_than_its_surroundings(blog, default, own, is_draft):
    config = f"defaults:\n- scope: {{path: ''}}\n  values: {{{default}}}\n"
    (entry,) = blog({"_config.yml": config, "_posts/2020-01-01-a.md": f"---\ntitle: T\n{own}\n---\nx\n"})
    assert entry.is_draft is is_draft


def test_nearer_surroundings_count_more(blog):
    post = "---\ntitle: T\ndate: 2020-01-01\n---\nx\n"
    found = blog({"a/a.json": '{"draft": true}', "a/b/b.json": '{"draft": false}', "a/c.md": post, "a/b/d.md": post})
    assert [(entry.path, entry.is_draft) for entry in found] == [("a/b/d.md", False), ("a/c.md", True)]


@pytest.mark.parametrize(
    ("collections", "is_draft"),
    [
        ("{recipes: {output: true}}", False),
        ("{recipes: {output: false}}", True),
        ("{recipes: {}}", True),
        ("[recipes]", True),
        ("{other: {output: true}}", True),
    ],
)
def test_collection_is_public_where_its_site_makes_pages_of_it(blog, collections, is_draft):
    post = "---\ntitle: T\ndate: 2020-01-01\n---\nx\n"
    (entry,) = blog({"_config.yml": f"collections: {collections}\n", "_recipes/pie.md": post})
    assert entry.is_draft is is_draft


def test_surroundings_tell_author_language_and_topics(blog):
    found = blog(
        {
            "posts/posts.json": '{"author": "Ann Example", "tags": ["posts", "cats"], "lang": "fr"}',
            "posts/a.md": "---\ntitle: T\ndate: 2020-01-01\nlang: de\n---\nx\n",
        }
    )
    (entry,) = found
    assert (entry.authors, [tag.name for tag in entry.tags], entry.lang) == (("Ann Example",), ["cats"], "de")
    assert "author, tags: taken from posts/posts.json" in entry.notes
