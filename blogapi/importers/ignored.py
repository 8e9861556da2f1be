"""Which files a site tells its generator to leave alone: they are no pages, whatever stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from blogapi.importers.globs import Glob, glob_of_expression
from blogapi.importers.model import Unfit
from blogapi.importers.programs import arguments_of, lists_of
from blogapi.importers.site import Site
from blogapi.importers.text_file import read_text

# By generator: the fields of its configuration that list patterns.
_LISTS = {
    "jekyll": ("exclude",),
    "hexo": ("exclude", "ignore", "skip_render"),
    "zola": ("ignored_content",),
    "pelican": ("ARTICLE_EXCLUDES", "IGNORE_FILES"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One pattern, where it stands, and the folder below which it counts, from that of the site.

    If it `is_exact`, it is held against whole paths that begin with a slash.
    """

    pattern: str
    glob: Glob
    where: str
    folder: str = ""
    is_exact: bool = False

    def names(self, path: PurePosixPath, file: str) -> bool:
        """Whether it means a file, by its path in the site, or a folder above it."""
        if self.folder:
            if not path.is_relative_to(self.folder):
                return False
            path = path.relative_to(self.folder)
        if self.is_exact:
            return self.glob.matches(f"/{path}")
        if self.pattern.startswith("/"):
            return self.glob.covers(path)
        # Not every generator counts from the folder of the site.
        paths = {path, PurePosixPath(file), PurePosixPath(*path.parts[1:])}
        names = path.parts if "/" not in self.pattern.rstrip("/") else ()
        return any(map(self.glob.covers, paths)) or any(map(self.glob.matches, names))


class Ignored:
    """Knows the lists of one site. Where one of them is not understood, it may mean any file."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._entries: list[_Entry] = []
        self._unread: list[str] = []
        self._included: list[_Entry] = []
        for read in (_listed, _of_hugo, _of_programs, _in_files):
            read(site, self)

    def add(self, pattern: object, where: str, *, folder: str = "", is_expression: bool = False) -> None:
        """Take note of a pattern; what is none may mean anything."""
        if pattern in (None, "", False):
            return
        try:
            if not isinstance(pattern, str):
                raise Unfit("something in it is computed, or no text")
            glob = glob_of_expression(pattern) if is_expression else Glob(pattern, crosses=True)
            self._entries.append(_Entry(pattern=pattern, glob=glob, where=where, folder=folder, is_exact=is_expression))
        except Unfit as error:
            self.add_unread(f"{where}: {error}")

    def add_unread(self, reason: str) -> None:
        """Take note of something that may leave out any file."""
        self._unread.append(reason)

    def only(self, patterns: list[object], where: str, folder: str) -> None:
        """Take note that of a folder nothing else is read than what these patterns mean."""
        for pattern in patterns:
            try:
                glob = Glob(str(pattern), crosses=True)
                self._included.append(_Entry(pattern=str(pattern), glob=glob, where=where, folder=folder))
            except Unfit as error:
                self.add_unread(f"{where}: {error}")

    def by(self, file: str) -> list[str]:
        """Why this file is left out, or may be."""
        path = self._site.path_of(file)
        named = next((entry for entry in self._entries if entry.names(path, file)), None)
        reasons = [f"{named.where} leaves it out ({named.pattern[:60]!r})"] if named else []
        wanted = [entry for entry in self._included if path.is_relative_to(entry.folder)]
        if wanted and not any(entry.names(path, file) for entry in wanted):
            reasons.append(f"{wanted[0].where} does not name it")
        return [*self._unread, *reasons]


def _items(listed: object) -> list[object]:
    return list(listed) if isinstance(listed, list | tuple) else [listed]


def _listed(site: Site, ignored: Ignored) -> None:
    for key in _LISTS.get(site.kind, ()):
        where = f"{key} in {site.file}"
        if key in site.computed:
            ignored.add_unread(f"{where} is computed")
        for pattern in _items(site.values.get(key)):
            ignored.add(pattern, where)


def _of_hugo(site: Site, ignored: Ignored) -> None:
    """`ignoreFiles` are regular expressions; mounts name by globs what they leave out, or all that they take."""
    if site.kind != "hugo":
        return
    values = {key.lower(): value for key, value in site.values.items()}
    for expression in _items(values.get("ignorefiles")):
        ignored.add(expression, f"ignoreFiles in {site.file}", is_expression=True)
    module = values.get("module")
    for mount in _items(module.get("mounts") if isinstance(module, Mapping) else None):
        if isinstance(mount, Mapping):
            _of_mount({key.lower(): value for key, value in mount.items()}, site, ignored)


def _of_mount(mount: Mapping[str, Any], site: Site, ignored: Ignored) -> None:
    target = str(mount.get("target") or "content").strip("/")
    if target.split("/")[0] != "content":
        return
    folder = PurePosixPath(str(mount.get("source") or "content")).as_posix()
    files = [text for text in _items(mount.get("files")) if isinstance(text, str)]
    left_out = [text[1:].strip() for text in files if text.startswith("!")]
    for pattern in [*_items(mount.get("excludefiles")), *left_out]:
        ignored.add(pattern, f"excludeFiles in {site.file}", folder=folder)
    taken = [text for text in files if not text.startswith("!")]
    included = [pattern for pattern in [*_items(mount.get("includefiles")), *taken] if pattern]
    ignored.only(included, f"includeFiles in {site.file}", folder)


def _of_programs(site: Site, ignored: Ignored) -> None:
    """The lists that a program writes out, be they for all its pages or not."""
    found: list[tuple[str, list[str] | None]] = []
    if site.kind == "docusaurus":
        found = [("exclude", patterns) for patterns in lists_of(site.program, "exclude")]
    elif site.kind == "eleventy":
        texts = arguments_of(site.program, "ignores.add")
        found = [("ignores", None if text is None else [text]) for text in texts]
    for name, patterns in found:
        where = f"{name} in {site.file}"
        if patterns is None:
            ignored.add_unread(f"{where} is computed")
        for pattern in patterns or ():
            ignored.add(pattern, where)


def _in_files(site: Site, ignored: Ignored) -> None:
    """Eleventy heeds such files in the folder of the site and in that of its texts."""
    is_eleventy = site.kind == "eleventy"
    names = [".eleventyignore"]
    if is_eleventy and "setUseGitIgnore(false)" not in site.program:
        names.append(".gitignore")
    for inner in (site.inner, *site.inner.parents):
        for name in names:
            file = (inner / name).as_posix()
            try:
                text = read_text(site.folder / file, within=site.folder) or ""
            except Unfit as error:
                ignored.add_unread(f"{file} cannot be read: {error}")
                continue
            for line in map(str.strip, text.splitlines()):
                # What is taken in again behind `!` is not looked at: then it stays left out.
                if line and line[0] not in "#!":
                    ignored.add(line, file, folder="" if inner == PurePosixPath() else inner.as_posix())
