"""What a blog's own configuration says: which generator made its pages, where they stood, and what `site.x` means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from blogapi.importers.dates import zone_named
from blogapi.importers.frontmatter import as_flag, as_text, split
from blogapi.importers.model import Unfit
from blogapi.importers.programs import assigned_literals

Kind = Literal["jekyll", "hexo", "hugo", "zola", "eleventy", "astro", "pelican", "docusaurus", ""]

_LARGEST = 64 * 1024
# Folders inside a blog: its configuration lies above them.
_INNER = frozenset(
    {"_posts", "_drafts", "articles", "blog", "content", "docs", "news", "pages", "post", "posts", "source", "src"}
)
_NAMES = (
    *("_config.yml", "_config.yaml", "_config.toml"),
    *(f"{name}.{ending}" for name in ("hugo", "config", "zola") for ending in ("toml", "yaml", "yml", "json")),
    *(f"config/_default/{name}.{ending}" for name in ("hugo", "config") for ending in ("toml", "yaml", "yml", "json")),
)
_MARKS: tuple[tuple[str, Kind], ...] = (
    *(
        (f"{name}.{ending}", "eleventy")
        for name in ("eleventy.config", ".eleventy")
        for ending in ("js", "cjs", "mjs", "ts")
    ),
    *((f"astro.config.{ending}", "astro") for ending in ("mjs", "js", "ts", "cjs", "mts")),
    *((f"docusaurus.config.{ending}", "docusaurus") for ending in ("js", "ts", "mjs", "cjs")),
    ("pelicanconf.py", "pelican"),
)
_DATE_CODES = {
    "Y": "year",
    "y": "short_year",
    "m": "month",
    "d": "day",
    "b": "short_month",
    "B": "long_month",
    "j": "y_day",
}
_DOCUMENT_MARK = re.compile(r"\A\s*---[ \t]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A blog as a whole. `base` is the path under which it stood, without a slash at its end; `values` are `site.x`.

    `file` is where they stand. `inner` leads from the site's folder to the imported one.
    """

    kind: Kind = ""
    base: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    inner: PurePosixPath = field(default_factory=PurePosixPath)

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
    """The site in this folder, or around it where the folder is a part of one. What cannot be read counts as none."""
    for folder in _folders(root):
        for name in _NAMES:
            values = _read(folder / name)
            if values is not None:
                return _site(root, folder, name, _kind(folder, name, values), values)
        for name, kind in _MARKS:
            if (folder / name).is_file():
                return _site(root, folder, name, kind, _written_out(folder / name) if kind == "pelican" else {})
    return Site()


def _site(root: Path, folder: Path, name: str, kind: Kind, values: Mapping[str, Any]) -> Site:
    inner = PurePosixPath(root.relative_to(folder).as_posix())
    return Site(kind=kind, base=_base(values), values=values, file=name, inner=inner)


def _folders(root: Path) -> Iterator[Path]:
    yield root
    while root.name in _INNER:
        root = root.parent
        yield root


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        text = path.read_text("utf-8-sig")
        mark = "+++" if path.suffix == ".toml" else "---"
        document = split(f"{mark}\n{_DOCUMENT_MARK.sub('', text)}\n{mark}\n")
    except (OSError, UnicodeDecodeError, Unfit):
        return None
    return None if document is None else document.values


def _written_out(path: Path) -> Mapping[str, Any]:
    try:
        return assigned_literals(path.read_text("utf-8-sig")) if path.stat().st_size <= _LARGEST else {}
    except (OSError, UnicodeDecodeError):
        return {}


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
