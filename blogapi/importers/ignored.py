"""Which files a site tells its generator to leave alone: they are no pages, whatever stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from blogapi.importers.site import Site

# By generator: the fields of its configuration that list files, and the folder from which it counts.
_LISTS = {
    "jekyll": ("exclude",),
    "hexo": ("exclude", "ignore", "skip_render"),
    "zola": ("ignored_content",),
    "pelican": ("ARTICLE_EXCLUDES", "IGNORE_FILES"),
}
_FILES = (".eleventyignore",)
_LARGEST = 64 * 1024


class Ignored:
    """Knows the lists of one site. What is neither a path nor a glob in them says nothing."""

    def __init__(self, root: Path, site: Site) -> None:
        self._site = site
        self._patterns = [*_listed(site), *_in_files(root)]

    def by(self, file: str) -> str | None:
        """Which list names this file, or a folder above it."""
        path = self._site.path_of(file)
        paths = {path.as_posix(), file, "/".join(path.parts[1:])}
        for pattern, where in self._patterns:
            names = path.parts if "/" not in pattern else ()
            if any(_names(pattern, each) for each in paths) or any(fnmatchcase(name, pattern) for name in names):
                return f"{where} leaves it out ({pattern[:60]!r})"
        return None


def _names(pattern: str, path: str) -> bool:
    return path.startswith(f"{pattern}/") or fnmatchcase(path, pattern)


def _listed(site: Site) -> Iterator[tuple[str, str]]:
    for key in _LISTS.get(site.kind, ()):
        listed = site.values.get(key)
        for pattern in listed if isinstance(listed, list | tuple) else [listed]:
            if isinstance(pattern, str) and (plain := pattern.removeprefix("./").strip("/")):
                yield plain.replace("**", "*"), f"{key} in {site.file}"


def _in_files(root: Path) -> Iterator[tuple[str, str]]:
    for name in _FILES:
        try:
            path = root / name
            text = path.read_text("utf-8-sig") if path.is_file() and path.stat().st_size <= _LARGEST else ""
        except (OSError, UnicodeDecodeError):
            continue
        for line in map(str.strip, text.splitlines()):
            # What is taken in again behind `!` is not looked at: then it stays left out.
            if line and line[0] not in "#!" and (plain := line.removeprefix("./").strip("/")):
                yield plain.replace("**", "*"), name
