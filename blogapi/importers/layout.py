"""What in the folder of a blog is none of its posts: themes, foreign packages, built sites, pages about the blog."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from blogapi.importers.date_places import date_in_name

SUFFIXES = (".md", ".markdown", ".mdx", ".mdown", ".mkd", ".mkdn", ".mdwn")
OTHER_FORMATS = {
    ".rst": "reStructuredText",
    ".rest": "reStructuredText",
    ".adoc": "AsciiDoc",
    ".asciidoc": "AsciiDoc",
    ".org": "Org",
    ".textile": "Textile",
    ".ipynb": "a notebook",
    ".qmd": "Quarto",
    ".rmd": "R Markdown",
    ".lr": "Lektor",
}

_ANYWHERE = {
    "node_modules": "packages of others",
    "bower_components": "packages of others",
    "jspm_packages": "packages of others",
    "web_modules": "packages of others",
    "site-packages": "packages of others",
    "venv": "packages of others",
    "__pycache__": "no posts",
    "_site": "a built site",
    "_book": "a built site",
    "_includes": "parts of pages",
    "_layouts": "parts of pages",
    "_sass": "styles",
    "_plugins": "programs",
    "_data": "data",
    "_templates": "templates",
    "_theme": "a theme",
    "_themes": "themes",
    "_build": "a built site",
    "archetypes": "templates",
    "exampleSite": "the example of a theme",
    "examplesite": "the example of a theme",
    "scaffolds": "templates",
}
# Words that also name what posts are about, so they count only where a site has its folders.
_OF_A_SITE = {
    "themes": "themes",
    "theme": "a theme",
    "vendor": "packages of others",
    "vendors": "packages of others",
    "third_party": "packages of others",
    "third-party": "packages of others",
    "examples": "examples",
    "example": "examples",
    "cache": "no posts",
    "tmp": "no posts",
    "temp": "no posts",
    "storybook-static": "a built site",
    "public": "a built site",
    "dist": "a built site",
    "build": "a built site",
    "out": "a built site",
    "output": "a built site",
    "target": "a built site",
    "htdocs": "a built site",
    "layouts": "parts of pages",
    "partials": "parts of pages",
    "includes": "parts of pages",
    "templates": "templates",
    "static": "files that are no pages",
    "assets": "files that are no pages",
    "plugins": "programs",
    "test": "tests",
    "tests": "tests",
    "fixtures": "tests",
    "coverage": "tests",
    "cypress": "tests",
    "e2e": "tests",
}
_IS_CONTENT = frozenset({"content", "contents", "_posts", "posts", "articles", "notes", "writing"})
# Where one of these lies, a site is built.
_OF_SITES = frozenset((
    "archetypes", "_posts", "_layouts", "_includes", "scaffolds", "node_modules", "content", "layouts",
    "_config.yml", "_config.yaml", "_config.toml", "hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml",
    "config.yaml", "config.yml", "config.json", "package.json", "Gemfile", "pelicanconf.py", "conf.py", "config.rb",
    ".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "astro.config.mjs",
    "astro.config.ts", "gatsby-config.js", "gatsby-config.ts", "next.config.js", "next.config.mjs",
    "docusaurus.config.js", "docusaurus.config.ts", "mkdocs.yml", "_quarto.yml", "book.toml", "nuxt.config.ts",
    "composer.json", "theme.toml", "go.mod",
))  # fmt: skip
_ROOTS = ("content", "contents", "docs", "pages", "source", "src")
_TEMPLATE = re.compile(r"_?(?:(?:new[-_])?(?:post|blog|article|page)[-_]?)?template", re.IGNORECASE)
_AUTHOR_FOLDERS = frozenset({"authors", "author", "_authors", "_author"})
_PEOPLE_FOLDERS = frozenset({"people", "team", "staff", "contributors", "members", "_people", "_team", "_staff"})
_OF_A_PROJECT = re.compile(
    r"(?:readme|change_?log|changes|history|licen[sc]e|copying|notice|contributing|contributors|code_of_conduct|security"
    r"|support|authors|maintainers|governance|todo|roadmap|release_notes|upgrading|install|agents|claude|codeowners"
    r"|pull_request_template|issue_template|third_party_notices)(?:[-_.][a-z_-]{2,20})?",
    re.IGNORECASE,
)
# Nobody calls a post so, with or without a date; of the others, nobody who writes them in capitals does.
_NEVER_POSTS = frozenset(
    ("readme", "code_of_conduct", "pull_request_template", "issue_template", "third_party_notices")
)
_OF_POSTS = frozenset({"_posts", "posts", "_drafts", "blog", "articles"})
# What a front end makes by itself.
_OF_A_FRONT_END = frozenset((
    "404", "500", "search", "archive", "archives", "tags", "categories", "index", "home", "feed", "sitemap",
    "subscribe", "offline", "thanks", "thank-you", "newsletter",
))  # fmt: skip
_PAGES = frozenset((
    "about", "about-me", "aboutme", "contact", "privacy", "privacy-policy", "imprint", "impressum", "datenschutz",
    "legal", "terms", "disclaimer", "now", "uses", "links", "projects", "resume", "cv", "portfolio", "blogroll",
    "colophon", "cookies", "publications", "talks", "speaking",
))  # fmt: skip


def foreign_folder(folder: Path, name: str, *, is_root: bool, siblings: Iterable[str]) -> str | None:
    """What a folder in `folder` holds instead of posts, or None; `siblings` are the files and folders beside it."""
    if name in _ANYWHERE:
        return _ANYWHERE[name]
    is_site = not _OF_SITES.isdisjoint(siblings)
    if name in _OF_A_SITE and (is_site or (is_root and folder.name.lower() not in _IS_CONTENT)):
        return _OF_A_SITE[name]
    if (folder / name / "pyvenv.cfg").is_file():
        return "packages of others"
    if (folder / name / "theme.toml").is_file():  # Hugo's and Zola's, wherever somebody keeps it
        return "a theme"
    return None


def holds_markdown(folder: Path) -> bool:
    """Whether there is a Markdown file anywhere below."""
    return any(PurePosixPath(name).suffix.lower() in SUFFIXES for _, _, names in os.walk(folder) for name in names)


def unread_format(file: str) -> str | None:
    """In which format a file holds what might be a post, if it is one that is not read."""
    path = PurePosixPath(file)
    if path.suffix.lower() in (".html", ".htm") and not {"_posts", "_drafts"}.isdisjoint(path.parent.parts):
        return "HTML"
    return OTHER_FORMATS.get(path.suffix.lower())


def no_post(file: str, *, is_dated: bool, is_draft: bool) -> str | None:
    """What a file is instead of a post, by its path, or None."""
    path = PurePosixPath(file)
    folders = {folder.lower() for folder in path.parent.parts}
    # Some keep the posts of each author in a folder; those have the day in their names.
    is_of_author = not folders.isdisjoint(_AUTHOR_FOLDERS) and date_in_name(path.stem)[0] is None
    folder = path.parent.parent if path.stem == "index" else path.parent
    is_of_author = is_of_author or (folder.name.lower() == "contributors" and date_in_name(path.stem)[0] is None)
    if is_of_author or (not is_dated and not folders.isdisjoint(_PEOPLE_FOLDERS)):
        return "a page about an author"
    if _TEMPLATE.fullmatch(path.stem):
        return "a template"
    name = path.stem.partition(".")[0]
    if _OF_A_PROJECT.fullmatch(path.stem) and (not is_dated or name.isupper() or name.lower() in _NEVER_POSTS):
        return f"a {path.stem} is no post"
    if is_dated or is_draft:
        return None
    return "a page without a date" if _page_name(path) in _OF_A_FRONT_END else None


def is_page(file: str) -> bool:
    """Whether a file without a date is a page of the site, by its path."""
    path = PurePosixPath(file)
    is_in_their_folder = not {"pages", "_pages"}.isdisjoint(map(str.lower, path.parent.parts))
    return _page_name(path) in _PAGES or (is_in_their_folder and not is_among_posts(file))


def is_among_posts(file: str) -> bool:
    """Whether a file lies where only posts lie."""
    return not _OF_POSTS.isdisjoint(PurePosixPath(file).parent.parts)


def _page_name(path: PurePosixPath) -> str:
    """What a page is called without its language; of the index of a folder, the folder, unless that holds the site."""
    name = path.stem.lower().partition(".")[0]
    return path.parent.name.lower() if name == "index" and path.parent.name not in ("", *_ROOTS) else name
