"""What keeps a post from readers where it comes from. What is not understood there keeps it from them, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from blogapi.importers.access_words import (
    CLOSED_FOLDERS,
    CLOSES,
    CLOSES_HERE,
    HIDDEN_KINDS,
    HIDE,
    HIDE_HERE,
    HIDING_TAGS,
    KINDS,
    LOCKS,
    NEVER,
    OF_A_SECTION,
    OPEN_FOLDERS,
    OPENS,
    PART,
    PARTS_OF_A_PAGE,
    PUBLIC_STATES,
    SECRET,
    SECRETS,
    WHOLE,
    hides,
    is_state,
    opens_here,
    shows,
    shows_here,
)
from blogapi.importers.dates import read_date, to_utc
from blogapi.importers.frontmatter import as_flag, as_text
from blogapi.importers.model import Unfit
from blogapi.importers.yaml_text import Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may read a post where it comes from. `reasons` say why not everybody may; no text of a reason is a secret.

    Readers see it from `opens_at` on, and before `closes_at`.
    """

    reasons: tuple[str, ...] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None


def read_access(values: Mapping[str, Any], *, of_section: bool = False) -> Access:
    """What the fields of a front matter say, also those in tables within; `of_section`: about all that is below it."""
    reading = _Reading(of_section)
    reading.read(values, "", is_whole=True)
    return Access(
        reasons=tuple(dict.fromkeys(reading.reasons)),
        opens_at=max(reading.opens, default=None),
        closes_at=min(reading.closes, default=None),
    )


def hiding_place(file: str, root_name: str, has_pages: Callable[[str], bool | None]) -> str | None:
    """Which folder or name keeps a file from being rendered, by its path below the imported folder.

    `has_pages` tells whether the site makes pages of the folder `_name`, where it says so.
    """
    path = PurePosixPath(file)
    for folder in (*path.parent.parts, *([root_name] if root_name.lower() in ("_drafts", "drafts") else [])):
        word = folder.lower()
        is_rendered = has_pages(folder[1:]) if word.startswith("_") else None
        if is_rendered is None:
            is_rendered = not word.startswith("_") or word in OPEN_FOLDERS
        if word.lstrip("_") in CLOSED_FOLDERS or not is_rendered:
            return f"the folder {folder!r}"
    if path.name.startswith("_"):
        return f"a name that begins with an underscore ({path.name!r})"
    if path.name.startswith("draft_") or path.stem.lower().endswith((".draft", ".private", ".hidden", ".unpublished")):
        return f"the name {path.name!r}"
    return None


def without_secrets(values: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The fields without passwords, wherever they stand, and whether there was one."""
    left, had_secret = _without_secrets(values)
    return left, had_secret


def _without_secrets(value: Any) -> tuple[Any, bool]:
    if isinstance(value, Mapping):
        pairs = {key: _without_secrets(inner) for key, inner in value.items() if not _is_secret(key, inner)}
        mine = any(_is_secret(key, inner) and not _is_nothing(inner) for key, inner in value.items())
        return {key: left for key, (left, _) in pairs.items()}, mine or any(had for _, had in pairs.values())
    if isinstance(value, list):
        items = [_without_secrets(item) for item in value]
        return [left for left, _ in items], any(had for _, had in items)
    return value, False


def _is_secret(key: str, value: object) -> bool:
    word = plain_key(key)
    if word in LOCKS:
        return isinstance(value, str | int | float) and as_flag(value) is None
    return word in SECRETS or SECRET.search(word) is not None


def _is_nothing(value: object) -> bool:
    return value in (None, "", [], {}) or value is False or (isinstance(value, Switch) and not value.is_on)


def plain_key(key: str) -> str:
    """`publish_date`, `Publish-Date` and `publishDate` are one field."""
    return re.sub(r"[^\w]|_", "", key).lower()


class _Reading:
    def __init__(self, of_section: bool) -> None:
        self._of_section = of_section
        self.reasons: list[str] = []
        self.opens: list[datetime] = []
        self.closes: list[datetime] = []

    def read(self, values: Mapping[str, Any], where: str, *, is_whole: bool, within: str = "") -> None:
        for key, value in values.items():
            word, name = plain_key(key), f"{where}{key}"
            word = f"{within}{word}" if f"{within}{word}" in OPENS | CLOSES else word
            if value in (None, "", [], {}) or (self._of_section and word not in OF_A_SECTION | WHOLE):
                continue
            if isinstance(value, Mapping):
                self._read_table(word, name, value, is_whole)
            else:
                self._read_field(word, name, value, is_whole)

    def _read_table(self, word: str, name: str, value: Mapping[str, Any], is_whole: bool) -> None:
        if word == "build":
            self._read_build(name, value)
        elif word == "cascade" or (not self._of_section and word in HIDE):
            # What a section hands down says nothing of the section; a table of a draft is not understood.
            self.reasons += [] if word == "cascade" else [f"{name} is not understood"]
        elif not PART.search(word):
            self.read(value, f"{name}.", is_whole=is_whole and word in WHOLE, within=word)

    def _read_build(self, name: str, value: Mapping[str, Any]) -> None:
        """Hugo's `build`: whether the page is made at all, and whether a list has it."""
        for key, inner in value.items():
            if plain_key(key) in ("render", "list") and (text := str(inner)).lower() not in ("always", "true"):
                self.reasons.append(f"{name}.{key} is {text[:40]!r}")

    def _read_field(self, word: str, name: str, value: object, is_whole: bool) -> None:
        if hides(word, is_whole=is_whole):
            self._read_hiding(word, name, value)
        elif (
            (word == "permalink" and as_flag(value) is False)
            or (shows(word) and as_flag(value) is False)
            or (is_whole and shows_here(word) and (as_flag(value) is False or str(value).lower() in NEVER))
        ):
            self.reasons.append(f"{name} is {as_text(value)}")
        elif is_state(word, is_whole=is_whole):
            self._read_state(name, value)
        elif word in KINDS and is_whole and not HIDDEN_KINDS.isdisjoint(map(plain_key, _words(value))):
            self.reasons.append(f"{name} is {', '.join(sorted(_words(value)))[:40]!r}")
        elif word in OPENS:
            self._read_date(self.opens, name, value, is_needed=word != "date")
        elif word in ("tags", "tag", "categories", "category") and is_whole:
            self.reasons += [f"{name} has {tag!r}" for tag in HIDING_TAGS if tag in _listed(value)]
        elif word in CLOSES or "expir" in word:
            self._read_date(self.closes, name, value, is_needed=True)
        elif is_whole and opens_here(word):
            self._read_date(self.opens, name, value, is_needed=False)
        elif is_whole and word in CLOSES_HERE:
            self._read_date(self.closes, name, value, is_needed=False)
        elif shows(word) and as_flag(value) is None:
            self.reasons.append(f"{name} is not understood")

    def _read_hiding(self, word: str, name: str, value: object) -> None:
        if as_flag(value) is False:
            return
        if word in HIDE_HERE and as_flag(value) is None and (words := _words(value)) and words <= PARTS_OF_A_PAGE:
            return
        # What is neither true nor false may be a password.
        self.reasons.append(f"{name} is {'set' if as_flag(value) is None else as_text(value)}")

    def _read_state(self, name: str, value: object) -> None:
        words = [as_text(item) or "" for item in (value if isinstance(value, list) else [value])]
        if not all(word.lower() in PUBLIC_STATES for word in words):
            self.reasons.append(f"{name} is {', '.join(words)[:40]!r}")

    def _read_date(self, moments: list[datetime], name: str, value: object, *, is_needed: bool) -> None:
        flag = as_flag(value)
        if flag is not None and plain_key(name).endswith(("published", "publish")):
            return  # true: the other one was found before
        if flag is False or str(value).lower() in NEVER:
            return
        try:
            moments.append(to_utc(read_date(value)[0]))
        except Unfit:
            if is_needed:
                self.reasons.append(f"{name} is not understood")


def _words(value: object) -> frozenset[str]:
    texts = (as_text(item) or "?" for item in (value if isinstance(value, list) else [value]))
    return frozenset(word for text in texts for word in text.lower().replace(",", " ").split())


def _listed(value: object) -> frozenset[str]:
    texts = (as_text(item) or "" for item in (value if isinstance(value, list) else [value]))
    return frozenset(part.strip().lower() for text in texts for part in text.split(","))
