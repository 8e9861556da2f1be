"""What holds for a post by its surroundings: a cascade (Hugo), defaults (Jekyll), data of a folder (Eleventy)."""

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
from blogapi.importers.yaml_text import parse_yaml

_SECTIONS = ("_index.md", "_index.markdown")
_DEFAULTS = ("_config.yml", "_config.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """Fields that hold for a post beside its own; `of_section` if they are those of the section itself."""

    file: str
    values: Mapping[str, Any]
    of_section: bool = False


class Inherited:
    """Looks after what lies above the files of a folder. What cannot be read there says nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._of_folder = lru_cache(maxsize=1024)(self._read_folder)
        self._defaults = lru_cache(maxsize=1)(self._read_defaults)

    def of(self, file: str) -> list[Inheritance]:
        """Everything that holds for this file, also what it is too uncertain about to leave out."""
        path = PurePosixPath(file)
        found = [item for scope, item in self._defaults() if _is_in_scope(path, scope)]
        for folder in (*reversed(path.parent.parents), path.parent) if path.parent.parts else (PurePosixPath(),):
            found += [item for target, item in self._of_folder(folder) if _is_target(path, target)]
        for ending in (".json", ".11tydata.json"):
            found += self._data(path.with_suffix("").as_posix() + ending)
        # Its own fields are no surroundings.
        return [item for item in found if item.file != file]

    def _read_folder(self, folder: PurePosixPath) -> list[tuple[str, Inheritance]]:
        found: list[tuple[str, Inheritance]] = []
        for name in _SECTIONS:
            file = (folder / name).as_posix()
            document = self._section(file)
            if document is None:
                continue
            found.append(("", Inheritance(file=file, values=document, of_section=True)))
            cascades = document.get("cascade")
            for cascade in cascades if isinstance(cascades, list) else [cascades]:
                if isinstance(cascade, Mapping):
                    found.append((_target_of(cascade), Inheritance(file=file, values=cascade)))
        found += self._bundle((folder / "index.md").as_posix())
        for ending in (".json", ".11tydata.json"):
            found += [("", item) for item in self._data((folder / f"{folder.name}{ending}").as_posix())]
        return found

    def _bundle(self, file: str) -> Iterator[tuple[str, Inheritance]]:
        """A bundle of Hugo that is not rendered, and so is nothing else in its folder."""
        values = self._section(file) or {}
        hiding = {key: value for key, value in values.items() if plain_key(key) in ("headless", "build")}
        if hiding:
            yield "", Inheritance(file=file, values=hiding)

    def _section(self, file: str) -> dict[str, Any] | None:
        text = self._text(file)
        try:
            document = None if text is None else split(text)
        except Unfit:
            return None
        return None if document is None else document.values

    def _read_defaults(self) -> list[tuple[str, Inheritance]]:
        found = []
        for file in _DEFAULTS:
            try:
                config = parse_yaml(self._text(file) or "")
            except Unfit:
                continue
            defaults = config.get("defaults")
            for default in defaults if isinstance(defaults, list) else []:
                scope, values = (
                    (default.get(key) for key in ("scope", "values")) if isinstance(default, Mapping) else ((), ())
                )
                if isinstance(values, Mapping):
                    path = scope.get("path") if isinstance(scope, Mapping) else None
                    found.append((str(path or ""), Inheritance(file=file, values=values)))
        return found

    def _data(self, file: str) -> Iterator[Inheritance]:
        try:
            values = json.loads(self._text(file) or "null")
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


def _target_of(cascade: Mapping[str, Any]) -> str:
    target = cascade.get("_target", cascade.get("target"))
    path = target.get("path") if isinstance(target, Mapping) else None
    return path if isinstance(path, str) else ""


def _is_target(path: PurePosixPath, target: str) -> bool:
    """Whether Hugo's glob means a file; where its content begins is not known, so every folder is tried."""
    pattern = target.strip("/").replace("**", "*")
    parts = (*path.parent.parts, path.stem)
    return not pattern or any(fnmatchcase("/".join(parts[at:]), pattern) for at in range(len(parts)))


def _is_in_scope(path: PurePosixPath, scope: str) -> bool:
    scope = scope.strip("/")
    return not scope or path.as_posix().startswith(f"{scope}/") or fnmatchcase(path.as_posix(), scope)
