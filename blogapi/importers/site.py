"""What a blog's own configuration says: which generator made its pages, where they stood, and what `site.x` means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from blogapi.importers.dates import zone_named
from blogapi.importers.frontmatter import as_flag, as_text, parse_file
from blogapi.importers.model import Unfit
from blogapi.importers.programs import assigned_literals
from blogapi.importers.text_file import read_text

Kind = Literal["jekyll", "hexo", "hugo", "zola", "eleventy", "astro", "pelican", "docusaurus", ""]

# So far above the imported folder a site is sought, unless a repository begins before.
_HIGHEST = 8
# Folders inside a blog: what has a common name above them is its configuration.
_INNER = frozenset(
    {"_posts", "_drafts", "articles", "blog", "content", "docs", "news", "pages", "post", "posts", "source", "src"}
)
# Where a site is not known by its configuration, it begins at one of these.
_CONTENT = frozenset({"content", "source", "src", "_posts", "_drafts"})
_ENDINGS = ("toml", "yaml", "yml", "json")
_NAMES = (
    *("_config.yml", "_config.yaml", "_config.toml"),
    *(f"{name}.{ending}" for name in ("hugo", "zola") for ending in _ENDINGS),
    *(f"config/_default/{name}.{ending}" for name in ("hugo", "config") for ending in _ENDINGS),
)
# Other programs have files of these names, too.
_COMMON_NAMES = tuple(f"config.{ending}" for ending in _ENDINGS)
_PROGRAMS: tuple[tuple[str, Kind], ...] = (
    ("eleventy.config", "eleventy"), (".eleventy", "eleventy"), ("astro.config", "astro"),
    ("docusaurus.config", "docusaurus"),
)  # fmt: skip
_MARKS: dict[str, Kind] = {
    **{f"{name}.{ending}": kind for name, kind in _PROGRAMS for ending in ("js", "cjs", "mjs", "ts", "mts")},
    "pelicanconf.py": "pelican",
}
_DATE_CODES = {
    "Y": "year",
    "y": "short_year",
    "m": "month",
    "d": "day",
    "b": "short_month",
    "B": "long_month",
    "j": "y_day",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A blog as a whole. `base` is the path under which it stood, without a slash at its end; `values` are `site.x`.

    `file` is where they stand, and `program` its text where that is JavaScript. `inner` leads from the site's `folder`
    to the imported one. `unread` says what of the configuration could not be read, and so may hide any post.
    """

    folder: Path
    kind: Kind = ""
    base: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    inner: PurePosixPath = field(default_factory=PurePosixPath)
    program: str = ""
    computed: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""

    def path_of(self, file: str) -> PurePosixPath:
        """The path of a file of the imported folder, from where the site has its configuration."""
        return self.inner / file

    def has_pages(self, collection: str) -> bool | None:
        """Whether Jekyll makes pages of a collection; None where it is not known as one."""
        collections = self.values.get("collections") if self.kind == "jekyll" else None
        if isinstance(collections, list):
            return False if collection in collections else None
        if not isinstance(collections, Mapping) or collection not in collections:
            return None
        settings = collections[collection]
        output = settings.get("output") if isinstance(settings, Mapping) else None
        return as_flag(output) is True or (output is None and collection == "posts")

    @property
    def hosts(self) -> frozenset[str]:
        """The names of its server, where it tells one."""
        names = (as_text(self.values.get(key)) for key in ("url", "baseURL", "baseurl", "base_url", "SITEURL"))
        return frozenset(host for name in names if name and (host := host_of(name)))

    @property
    def zone(self) -> tzinfo:
        """The time zone of times without one; UTC where the site names none that is known."""
        name = next(
            (text for key in ("timezone", "timeZone", "TIMEZONE") if (text := as_text(self.values.get(key)))), ""
        )
        return (zone_named(name) if name else None) or UTC

    def permalink(self, section: str, *, is_jekyll: bool) -> str | None:
        """The pattern by which addresses of posts were made, or its name, where the configuration has one."""
        found: object = None
        if is_jekyll:
            collections = self.values.get("collections")
            posts = collections.get("posts") if isinstance(collections, Mapping) else None
            found = posts.get("permalink") if isinstance(posts, Mapping) else None
            found = found or self.values.get("permalink")
        elif self.kind == "pelican":
            found = _of_pelican(self.values.get("ARTICLE_URL", "{slug}.html"))
        else:
            patterns = self.values.get("permalinks")
            if isinstance(patterns, Mapping):
                pages = patterns.get("page")
                patterns = pages if isinstance(pages, Mapping) else patterns
                found = patterns.get(section)
        return found if isinstance(found, str) and len(found) <= 300 else None


def read_site(root: Path) -> Site:
    """The site in this folder, or around it where the folder is a part of one."""
    top = root
    for folder in _folders(root):
        parts = root.relative_to(folder).parts
        is_around = not parts or parts[0] in _INNER
        if site := _site_in(folder, root, [*_NAMES, *_MARKS, *(_COMMON_NAMES if is_around else ())]):
            return site
        top = folder if folder.name in _CONTENT else top
    return Site(folder=top, inner=PurePosixPath(root.relative_to(top).as_posix()))


def _folders(root: Path) -> Iterator[Path]:
    yield root
    below = root
    for folder in root.parents[:_HIGHEST]:
        if (below / ".git").exists():
            return
        yield folder
        below = folder


def _site_in(folder: Path, root: Path, names: Iterable[str]) -> Site | None:
    inner = PurePosixPath(root.relative_to(folder).as_posix())
    for name in names:
        try:
            text = read_text(folder / name, within=folder)
            if text is not None:
                return _site(Site(folder=folder, inner=inner, file=name), text)
        except Unfit as error:
            kind = _MARKS.get(name) or _kind(folder, name, {})
            return Site(folder=folder, inner=inner, file=name, kind=kind, unread=f"{name} cannot be read: {error}")
    return None


def _site(site: Site, text: str) -> Site:
    kind = _MARKS.get(site.file)
    if kind == "pelican":
        literals = assigned_literals(text)
        if literals is None:
            raise Unfit("it is no program in Python")
        values = literals.values
        return replace(site, kind=kind, base=_base(values), values=values, computed=literals.computed)
    if kind:
        return replace(site, kind=kind, program=text)
    values = parse_file(text, PurePosixPath(site.file).suffix)
    return replace(site, kind=_kind(site.folder, site.file, values), base=_base(values), values=values)


def _of_pelican(pattern: object) -> str | None:
    """A pattern of Pelican in the placeholders of the others: `{date:%Y}/{slug}.html`."""
    if not isinstance(pattern, str):
        return None
    for code, name in _DATE_CODES.items():
        pattern = pattern.replace(f"{{date:%{code}}}", f":{name}")
    pattern = pattern.replace("{slug}", ":slug").replace("{category}", ":category")
    return None if "{" in pattern else f"/{pattern}"


def _kind(folder: Path, name: str, values: Mapping[str, Any]) -> Kind:
    if name.startswith("_config"):
        is_hexo = os.path.isdir(folder / "source" / "_posts") or "new_post_name" in values
        return "hexo" if is_hexo else "jekyll"
    return "zola" if name.startswith("zola") or "base_url" in values else "hugo"


def _base(values: Mapping[str, Any]) -> str:
    for key in ("root", "baseurl", "baseURL", "base_url", "url", "SITEURL"):
        text = as_text(values.get(key)) or ""
        try:
            path = urlsplit(text).path if "://" in text else text if text.startswith("/") else ""
        except ValueError:
            continue
        if path.strip("/"):
            return "/" + path.strip("/")
    return ""


def host_of(text: str) -> str:
    """The host in a URL, without `www.`; nothing where there is none."""
    try:
        return (urlsplit(text).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
