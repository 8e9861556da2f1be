"""What holds for a post by its surroundings: a cascade (Hugo), defaults (Jekyll, Pelican), data (Eleventy)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from blogapi.importers.access import plain_key
from blogapi.importers.frontmatter import MAX_FRONT_MATTER, split
from blogapi.importers.model import Unfit
from blogapi.importers.programs import literal_fields
from blogapi.importers.site import Site

_SECTIONS = ("_index.md", "_index.markdown")
_DATA = (".json", ".11tydata.json", ".11tydata.js", ".11tydata.cjs", ".11tydata.mjs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """Fields that hold for a post beside its own; `of_section` if they are those of the section itself.

    What `is_final` no field of the post can change.
    """

    file: str
    values: Mapping[str, Any]
    of_section: bool = False
    is_final: bool = False


class Inherited:
    """Looks after what lies above the files of a folder. What cannot be read there says nothing."""

    def __init__(self, root: Path, site: Site) -> None:
        self._root = root
        self._site = site
        self._of_folder = lru_cache(maxsize=1024)(self._read_folder)
        self._defaults = list(_defaults(site))

    def of(self, file: str, own: Mapping[str, Any]) -> list[Inheritance]:
        """What holds for this file, the nearest first, without what its `own` fields or nearer ones say otherwise."""
        path = PurePosixPath(file)
        found = [item for scope, item in self._defaults if scope.holds_for(self._site.path_of(file))]
        for folder in (*reversed(path.parent.parents), path.parent) if path.parent.parts else (PurePosixPath(),):
            found += [item for target, item in self._of_folder(folder) if _is_target(path, target)]
        for ending in _DATA:
            found += self._data(path.with_suffix("").as_posix() + ending)
        # Its own fields are no surroundings.
        return list(_without_overridden([item for item in found if item.file != file], own))

    def _read_folder(self, folder: PurePosixPath) -> list[tuple[str, Inheritance]]:
        found: list[tuple[str, Inheritance]] = []
        for name in _SECTIONS:
            file = (folder / name).as_posix()
            document = self._section(file)
            if document is None:
                continue
            found.append(("", Inheritance(file=file, values=document, of_section=True, is_final=True)))
            cascades = document.get("cascade")
            for cascade in cascades if isinstance(cascades, list) else [cascades]:
                if isinstance(cascade, Mapping):
                    found.append((_target_of(cascade), Inheritance(file=file, values=cascade)))
        found += self._bundle((folder / "index.md").as_posix())
        for ending in _DATA:
            found += [("", item) for item in self._data((folder / f"{folder.name}{ending}").as_posix())]
        return found

    def _bundle(self, file: str) -> Iterator[tuple[str, Inheritance]]:
        """A bundle of Hugo that is not rendered, and so is nothing else in its folder."""
        values = self._section(file) or {}
        hiding = {key: value for key, value in values.items() if plain_key(key) in ("headless", "build")}
        if hiding:
            yield "", Inheritance(file=file, values=hiding, is_final=True)

    def _section(self, file: str) -> dict[str, Any] | None:
        text = self._text(file)
        try:
            document = None if text is None else split(text)
        except Unfit:
            return None
        return None if document is None else document.values

    def _data(self, file: str) -> Iterator[Inheritance]:
        text = self._text(file)
        if text is None:
            return
        values: object
        try:
            values = json.loads(text or "null") if file.endswith(".json") else literal_fields(text)
        except (ValueError, RecursionError):
            return
        if isinstance(values, dict):
            yield Inheritance(file=file, values=values)

    def _text(self, file: str) -> str | None:
        path = self._root / file
        try:
            if (
                not path.is_file()
                or not path.resolve().is_relative_to(self._root)
                or path.stat().st_size > 8 * MAX_FRONT_MATTER
            ):
                return None
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None


def _without_overridden(found: list[Inheritance], own: Mapping[str, Any]) -> Iterator[Inheritance]:
    known = {plain_key(key) for key, value in own.items() if value is not None}
    for item in reversed(found):
        if item.is_final:
            yield item
            continue
        values = {key: value for key, value in item.values.items() if plain_key(key) not in known}
        known.update(map(plain_key, values))
        if values:
            yield Inheritance(file=item.file, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """For which files a default of Jekyll holds: those below a path, and those of a type."""

    path: str
    type: str | None

    def holds_for(self, path: PurePosixPath) -> bool:
        inner = self.path.strip("/")
        is_there = not inner or path.as_posix().startswith(f"{inner}/") or fnmatchcase(path.as_posix(), inner)
        return is_there and self.type in (None, _type_of(path))


def _type_of(path: PurePosixPath) -> str:
    """What a file is to Jekyll: `posts`, `drafts`, of a collection, or `pages`."""
    return next((folder[1:] for folder in reversed(path.parent.parts) if folder.startswith("_")), "pages")


def _defaults(site: Site) -> Iterator[tuple[_Scope, Inheritance]]:
    """In the order of Jekyll: what has the longer path comes later, and counts more."""
    found: list[tuple[_Scope, Inheritance]] = []
    defaults = site.values.get("defaults")
    for default in defaults if isinstance(defaults, list) else []:
        scope, values = (default.get("scope"), default.get("values")) if isinstance(default, Mapping) else (None, None)
        if not isinstance(values, Mapping):
            continue
        scope = scope if isinstance(scope, Mapping) else {}
        kind = scope.get("type")
        found.append(
            (
                _Scope(path=str(scope.get("path") or ""), type=None if kind in (None, "") else str(kind)),
                Inheritance(file=site.file, values=values),
            )
        )
    metadata = site.values.get("DEFAULT_METADATA")
    if isinstance(metadata, Mapping):
        found.append((_Scope(path="", type=None), Inheritance(file=site.file, values=metadata)))
    yield from sorted(found, key=lambda each: len(each[0].path))


def _target_of(cascade: Mapping[str, Any]) -> str:
    target = cascade.get("_target", cascade.get("target"))
    path = target.get("path") if isinstance(target, Mapping) else None
    return path if isinstance(path, str) else ""


def _is_target(path: PurePosixPath, target: str) -> bool:
    """Whether Hugo's glob means a file; where its content begins is not known, so every folder is tried."""
    pattern = target.strip("/").replace("**", "*")
    parts = (*path.parent.parts, path.stem)
    return not pattern or any(fnmatchcase("/".join(parts[at:]), pattern) for at in range(len(parts)))
