"""What holds for a post by its surroundings: a cascade (Hugo), defaults (Jekyll, Pelican), data (Eleventy)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from blogapi.importers.access import may_hide, plain_key, read_access
from blogapi.importers.frontmatter import split
from blogapi.importers.globs import Glob
from blogapi.importers.model import Unfit
from blogapi.importers.programs import Literals, literal_fields
from blogapi.importers.site import Site
from blogapi.importers.text_file import read_text

_SECTIONS = ("_index.md", "_index.markdown")
_DATA = (".json", ".11tydata.json", ".11tydata.js", ".11tydata.cjs", ".11tydata.mjs")
# The folder of a language is no part of the path of its pages.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{2,4})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """Fields that hold for a post beside its own; `of_section` if they are those of the section itself.

    What `is_final` no field of the post can change. `unread` says what could not be read and may hide the post.
    """

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)
    of_section: bool = False
    is_final: bool = False
    unread: tuple[str, ...] = ()


class Inherited:
    """Looks after what lies above the files of a site, from its own folder down."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._of_folder = lru_cache(maxsize=1024)(self._read_folder)
        self._of_site = [*_cascades(site.values.get("cascade"), site.file)] if site.kind == "hugo" else []
        self._defaults = list(_defaults(site))

    def of(self, file: str, own: Mapping[str, Any]) -> list[Inheritance]:
        """What holds for this file, the nearest first, without what its `own` fields or nearer ones say otherwise."""
        path = self._site.path_of(file)
        found = [item for scope, item in self._defaults if scope.holds_for(path)]
        found += [item for target, item in self._of_site if target.holds_for(path)]
        for folder in (*reversed(path.parent.parents), path.parent) if path.parent.parts else (PurePosixPath(),):
            found += [item for target, item in self._of_folder(folder) if target.holds_for(path)]
        for ending in _DATA:
            found += self._data(path.with_suffix("").as_posix() + ending)
        # Its own fields are no surroundings.
        return list(_without_overridden([item for item in found if item.file != path.as_posix()], own))

    def _read_folder(self, folder: PurePosixPath) -> list[tuple[_Target, Inheritance]]:
        found: list[tuple[_Target, Inheritance]] = []
        for name in _SECTIONS:
            file = (folder / name).as_posix()
            try:
                values = self._section(file)
            except Unfit as error:
                found.append((_Target(), _unread(file, error)))
                continue
            if values is not None:
                found.append((_Target(), Inheritance(file=file, values=values, of_section=True, is_final=True)))
                found += _cascades(values.get("cascade"), file)
        found += [(_Target(), item) for item in self._bundle((folder / "index.md").as_posix())]
        for ending in _DATA if folder.name else ():
            found += [(_Target(), item) for item in self._data((folder / f"{folder.name}{ending}").as_posix())]
        return found

    def _bundle(self, file: str) -> Iterator[Inheritance]:
        """A bundle of Hugo that is not rendered, and so is nothing else in its folder."""
        try:
            values = self._section(file) or {}
        except Unfit:
            return  # it is refused by itself
        hiding = {key: value for key, value in values.items() if plain_key(key) in ("headless", "build")}
        if hiding:
            yield Inheritance(file=file, values=hiding, is_final=True)

    def _section(self, file: str) -> dict[str, Any] | None:
        text = read_text(self._site.folder / file, within=self._site.folder)
        document = None if text is None else split(text)
        return None if document is None else document.values

    def _data(self, file: str) -> Iterator[Inheritance]:
        try:
            text = read_text(self._site.folder / file, within=self._site.folder)
            if not text:
                return
            read = _of_json(text) if file.endswith(".json") else literal_fields(text)
        except Unfit as error:
            # Beside a post of another generator it may be anything.
            if self._site.kind in ("eleventy", "") or ".11tydata" in file:
                yield _unread(file, error)
            return
        unread = tuple(
            f"{name or 'what it exports'} is computed"
            for name, expression in read.computed.items()
            if may_hide(name, expression)
        )
        yield Inheritance(file=file, values=read.values, unread=unread)


def _of_json(text: str) -> Literals:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"broken JSON: {error}" if isinstance(error, ValueError) else "nested too deep") from error
    return Literals(values=values if isinstance(values, dict) else {})


def _unread(file: str, error: Unfit) -> Inheritance:
    return Inheritance(file=file, is_final=True, unread=(f"it cannot be read: {error}",))


def _without_overridden(found: list[Inheritance], own: Mapping[str, Any]) -> Iterator[Inheritance]:
    known = {plain_key(key) for key, value in own.items() if value is not None}
    for item in reversed(found):
        if item.is_final:
            yield item
            continue
        values = {key: value for key, value in item.values.items() if plain_key(key) not in known}
        known.update(map(plain_key, values))
        if values or item.unread:
            yield Inheritance(file=item.file, values=values, unread=item.unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """For which files a default of Jekyll holds: those below a path, and those of a type."""

    glob: Glob | None
    type: str | None

    def holds_for(self, path: PurePosixPath) -> bool:
        is_there = self.glob is None or self.glob.covers(path)
        return is_there and self.type in (None, _type_of(path))


def _type_of(path: PurePosixPath) -> str:
    """What a file is to Jekyll: `posts`, `drafts`, of a collection, or `pages`."""
    return next((folder[1:] for folder in reversed(path.parent.parts) if folder.startswith("_")), "pages")


def _defaults(site: Site) -> Iterator[tuple[_Scope, Inheritance]]:
    """In the order of Jekyll: what has the longer path comes later, and counts more."""
    found: list[tuple[str, _Scope, Inheritance]] = []
    defaults = site.values.get("defaults")
    for default in defaults if isinstance(defaults, list) else []:
        scope, values = (default.get("scope"), default.get("values")) if isinstance(default, Mapping) else (None, None)
        if not isinstance(values, Mapping):
            continue
        scope = scope if isinstance(scope, Mapping) else {}
        kind, path = scope.get("type"), str(scope.get("path") or "").strip("/")
        item = Inheritance(file=site.file, values=values)
        try:
            glob = Glob(path) if path else None
        except Unfit as error:
            glob, item = None, _hiding_only(item, error)
        found.append((path, _Scope(glob=glob, type=None if kind in (None, "") else str(kind)), item))
    everywhere = _Scope(glob=None, type=None)
    metadata = site.values.get("DEFAULT_METADATA")
    if isinstance(metadata, Mapping):
        found.append(("", everywhere, Inheritance(file=site.file, values=metadata)))
    for name, expression in site.computed.items():
        if name.startswith("DEFAULT_METADATA") and may_hide(
            name.removeprefix("DEFAULT_METADATA").lstrip("."), expression
        ):
            found.append(("", everywhere, Inheritance(file=site.file, unread=(f"{name} is computed",))))
    for _, scope, item in sorted(found, key=lambda each: len(each[0])):
        yield scope, item


def _hiding_only(item: Inheritance, error: Unfit) -> Inheritance:
    """What a pattern that is not understood hands down: that the post may be hidden, and nothing else."""
    hides = read_access(item.values).reasons
    return Inheritance(file=item.file, is_final=True, unread=(f"{error}: {'; '.join(hides)}",) if hides else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """For which pages what a section hands down holds (Hugo): a glob of their paths, and their kinds."""

    path: Glob | None = None
    is_of_pages: bool = True

    def holds_for(self, path: PurePosixPath) -> bool:
        return self.is_of_pages and (self.path is None or any(map(self.path.matches, _logical_paths(path))))


def _logical_paths(path: PurePosixPath) -> Iterator[str]:
    """A page's paths in Hugo. Where its content begins is known by the name of that folder only."""
    path = PurePosixPath(path.as_posix().lower().replace(" ", "-"))
    folders = path.parent.parts
    at_most = len(folders)
    if "content" in folders:
        folders = folders[folders.index("content") + 1 :]
        at_most = 1 if folders and _LANGUAGE.fullmatch(folders[0]) else 0
    for at in range(at_most + 1):
        here = folders[at:]
        yield "/".join((*here, path.stem))
        if path.stem == "index" and here:
            yield "/".join(here)


def _cascades(cascades: object, file: str) -> Iterator[tuple[_Target, Inheritance]]:
    for cascade in cascades if isinstance(cascades, list) else [cascades]:
        if isinstance(cascade, Mapping):
            item = Inheritance(file=file, values=cascade)
            try:
                yield _target_of(cascade), item
            except Unfit as error:
                yield _Target(), _hiding_only(item, error)


def _target_of(cascade: Mapping[str, Any]) -> _Target:
    target = cascade.get("_target", cascade.get("target"))
    asked = {
        plain_key(key): str(value).lower() for key, value in (target.items() if isinstance(target, Mapping) else ())
    }
    if unknown := asked.keys() - {"path", "kind", "lang", "environment"}:
        raise Unfit(f"its target has {', '.join(sorted(unknown))}")
    is_of_pages = Glob(asked.get("kind", "page")).matches("page")
    is_of_pages = is_of_pages and Glob(asked.get("environment", "production")).matches("production")
    return _Target(path=Glob(asked["path"]) if asked.get("path") else None, is_of_pages=is_of_pages)
