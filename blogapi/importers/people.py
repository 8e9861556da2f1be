"""Who is meant by the short names of authors, where a blog keeps a list of them (Docusaurus, Jekyll, Hugo)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from blogapi.importers.frontmatter import as_text
from blogapi.importers.model import Unfit
from blogapi.importers.text_file import read_text
from blogapi.importers.yaml_text import parse_yaml

_FOLDERS = ("", "blog", "_data", "data", "src/_data", "source/_data", "src/data")
_FILES = ("authors.yml", "authors.yaml", "authors.json")


def read_people(root: Path) -> dict[str, str]:
    """The names, by what stands for them in posts. What cannot be read says nothing."""
    people: dict[str, str] = {}
    for folder in _FOLDERS:
        for file in _FILES:
            for key, person in _entries(root, root / folder / file):
                name = as_text(person.get("name")) if isinstance(person, Mapping) else as_text(person)
                if name:
                    people.setdefault(key, name)
    return people


def _entries(root: Path, path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = read_text(path, within=root)
        if text is None:
            return
        values = json.loads(text) if path.suffix == ".json" else parse_yaml(text)
    except (ValueError, RecursionError, Unfit):
        return
    if isinstance(values, Mapping):
        yield from ((str(key), value) for key, value in values.items())
