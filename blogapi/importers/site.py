"""What a blog's own configuration says: which generator made its pages, where they stood, and what `site.x` means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from blogapi.importers.frontmatter import as_text, split
from blogapi.importers.model import Unfit

Kind = Literal["jekyll", "hexo", "hugo", "zola", "eleventy", "astro", "pelican", ""]

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
    ("pelicanconf.py", "pelican"),
)
_DOCUMENT_MARK = re.compile(r"\A\s*---[ \t]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A blog as a whole. `base` is the path under which it stood, without a slash at its end; `values` are `site.x`."""

    kind: Kind = ""
    base: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hosts(self) -> frozenset[str]:
        """The names of its server, where it tells one."""
        names = (as_text(self.values.get(key)) for key in ("url", "baseURL", "baseurl", "base_url"))
        return frozenset(host for name in names if name and (host := _host(name)))

    def permalink(self, section: str, *, is_jekyll: bool) -> str | None:
        """The pattern by which addresses of posts were made, or its name, where the configuration has one."""
        found: object = None
        if is_jekyll:
            collections = self.values.get("collections")
            posts = collections.get("posts") if isinstance(collections, Mapping) else None
            found = posts.get("permalink") if isinstance(posts, Mapping) else None
            for values in _defaults(self.values):
                found = found or values.get("permalink")
            found = found or self.values.get("permalink")
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
                return Site(kind=_kind(folder, name, values), base=_base(values), values=values)
        for name, kind in _MARKS:
            if (folder / name).is_file():
                return Site(kind=kind)
    return Site()


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


def _kind(folder: Path, name: str, values: Mapping[str, Any]) -> Kind:
    if name.startswith("_config"):
        is_hexo = os.path.isdir(folder / "source" / "_posts") or "new_post_name" in values
        return "hexo" if is_hexo else "jekyll"
    return "zola" if name.startswith("zola") or "base_url" in values else "hugo"


def _base(values: Mapping[str, Any]) -> str:
    for key in ("root", "baseurl", "baseURL", "base_url", "url"):
        text = as_text(values.get(key)) or ""
        try:
            path = urlsplit(text).path if "://" in text else text if text.startswith("/") else ""
        except ValueError:
            continue
        if path.strip("/"):
            return "/" + path.strip("/")
    return ""


def _host(text: str) -> str:
    try:
        return (urlsplit(text).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _defaults(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Jekyll's defaults that hold for all posts."""
    defaults = values.get("defaults")
    for default in defaults if isinstance(defaults, list) else ():
        if not isinstance(default, Mapping):
            continue
        scope, inner = default.get("scope"), default.get("values")
        is_for_posts = not isinstance(scope, Mapping) or scope.get("type") in (None, "posts")
        if is_for_posts and isinstance(inner, Mapping) and not (isinstance(scope, Mapping) and scope.get("path")):
            yield inner
