"""What keeps a post from readers where it comes from. What is not understood there keeps it from them, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import PurePosixPath
from typing import Any

from blogapi.importers.access_words import (
    HIDDEN_KINDS,
    NEVER,
    PART,
    PARTS_OF_A_PAGE,
    PUBLIC_STATES,
    WHOLE,
    Says,
    is_closed_folder,
    is_of_a_section,
    is_open_folder,
    is_secret,
    may_be_secret,
    meaning_of,
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

    @classmethod
    def together(cls, accesses: Iterable[Access]) -> Access:
        """What holds where all of these do."""
        every = list(accesses)
        return cls(
            reasons=tuple(dict.fromkeys(reason for access in every for reason in access.reasons)),
            opens_at=max((access.opens_at for access in every if access.opens_at), default=None),
            closes_at=min((access.closes_at for access in every if access.closes_at), default=None),
        )


def read_access(values: Mapping[str, Any], zone: tzinfo = UTC, *, of_section: bool = False) -> Access:
    """What the fields of a front matter say, also those in tables within; `of_section`: about all that is below it.

    A time without a zone is one in `zone`.
    """
    reading = _Reading(zone, of_section)
    reading.read(values, "", is_whole=True)
    return Access(
        reasons=tuple(dict.fromkeys(reading.reasons)),
        opens_at=max(reading.opens, default=None),
        closes_at=min(reading.closes, default=None),
    )


def may_hide(name: str, expression: str) -> bool:
    """Whether a field hides a post if its value, which an expression computes, is the wrong one."""
    word = plain_key(name.rpartition(".")[2])
    if word == "permalink":
        return "false" in expression.split()
    meaning = meaning_of(word, is_whole=True)
    return word == "" or is_secret(word) or (meaning is not None and meaning.says is not Says.KIND)


def hiding_place(file: str, root_name: str, has_pages: Callable[[str], bool | None]) -> str | None:
    """Which folder or name keeps a file from being rendered, by its path below the imported folder.

    `has_pages` tells whether the site makes pages of the folder `_name`, where it says so.
    """
    path = PurePosixPath(file)
    for folder in (*path.parent.parts, *([root_name] if root_name.lower() in ("_drafts", "drafts") else [])):
        is_rendered = has_pages(folder[1:]) if folder.startswith("_") else None
        if is_rendered is None:
            is_rendered = not folder.startswith("_") or is_open_folder(folder)
        if is_closed_folder(folder) or not is_rendered:
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
    if may_be_secret(word):
        return isinstance(value, str | int | float) and as_flag(value) is None
    return is_secret(word)


def _is_nothing(value: object) -> bool:
    return value in (None, "", [], {}) or value is False or (isinstance(value, Switch) and not value.is_on)


def plain_key(key: str) -> str:
    """`publish_date`, `Publish-Date` and `publishDate` are one field."""
    return re.sub(r"[^\w]|_", "", key).lower()


class _Reading:
    def __init__(self, zone: tzinfo, of_section: bool) -> None:
        self._zone, self._of_section = zone, of_section
        self.reasons: list[str] = []
        self.opens: list[datetime] = []
        self.closes: list[datetime] = []

    def read(self, values: Mapping[str, Any], where: str, *, is_whole: bool, within: str = "") -> None:
        for key, value in values.items():
            word, name = plain_key(key), f"{where}{key}"
            word = f"{within}{word}" if _is_day(f"{within}{word}") else word
            if value in (None, "", [], {}) or (self._of_section and not is_of_a_section(word)):
                continue
            if isinstance(value, Mapping):
                self._read_table(word, name, value, is_whole)
            else:
                self._read_field(word, name, value, is_whole)

    def _read_table(self, word: str, name: str, value: Mapping[str, Any], is_whole: bool) -> None:
        meaning = meaning_of(word, is_whole=is_whole)
        if word == "cascade":
            return  # what a section hands down says nothing of the section
        if word == "build":
            self._read_build(name, value)
        elif meaning and meaning.says is Says.HIDDEN:
            is_of_parts = not meaning.is_certain and set(map(plain_key, value)) <= PARTS_OF_A_PAGE
            if not (self._of_section or is_of_parts or all(as_flag(each) is False for each in value.values())):
                self.reasons.append(f"{name} is not understood")
        elif not PART.search(word):
            self.read(value, f"{name}.", is_whole=is_whole and word in WHOLE, within=word)

    def _read_build(self, name: str, value: Mapping[str, Any]) -> None:
        """Hugo's `build`: whether the page is made at all, and whether a list has it."""
        for key, inner in value.items():
            if plain_key(key) in ("render", "list") and (text := str(inner)).lower() not in ("always", "true"):
                self.reasons.append(f"{name}.{key} is {text[:40]!r}")

    def _read_field(self, word: str, name: str, value: object, is_whole: bool) -> None:
        if word == "permalink" and as_flag(value) is False:
            self.reasons.append(f"{name} is {as_text(value)}")
        if meaning := meaning_of(word, is_whole=is_whole):
            _READERS[meaning.says](self, name, value, meaning.is_certain)

    # What a field says is read by one of these.

    def _read_hidden(self, name: str, value: object, is_certain: bool) -> None:
        if as_flag(value) is False:
            return
        if not is_certain and as_flag(value) is None and (words := _words(value)) and words <= PARTS_OF_A_PAGE:
            return
        # What is neither true nor false may be a password.
        self.reasons.append(f"{name} is {'set' if as_flag(value) is None else as_text(value)}")

    def _read_shown(self, name: str, value: object, is_certain: bool) -> None:
        flag = as_flag(value)
        if flag is False or (not is_certain and str(value).lower() in NEVER):
            self.reasons.append(f"{name} is {as_text(value)}")
        elif flag is None and is_certain:
            self.reasons.append(f"{name} is not understood")

    def _read_shown_from(self, name: str, value: object, is_certain: bool) -> None:
        if as_flag(value) is False:
            self.reasons.append(f"{name} is {as_text(value)}")
        elif as_flag(value) is None:
            self._read_opening(name, value, is_certain)

    def _read_state(self, name: str, value: object, is_certain: bool) -> None:
        words = [as_text(item) or "" for item in (value if isinstance(value, list) else [value])]
        if not all(word.lower() in PUBLIC_STATES for word in words):
            self.reasons.append(f"{name} is {', '.join(words)[:40]!r}")

    def _read_kind(self, name: str, value: object, is_certain: bool) -> None:
        if not HIDDEN_KINDS.isdisjoint(map(plain_key, _words(value))):
            self.reasons.append(f"{name} is {', '.join(sorted(_words(value)))[:40]!r}")

    def _read_opening(self, name: str, value: object, is_certain: bool) -> None:
        self._read_date(self.opens, name, value, is_certain)

    def _read_closing(self, name: str, value: object, is_certain: bool) -> None:
        self._read_date(self.closes, name, value, is_certain)

    def _read_date(self, moments: list[datetime], name: str, value: object, is_certain: bool) -> None:
        if as_flag(value) is False or str(value).lower() in NEVER:
            return
        try:
            moments.append(to_utc(read_date(value, self._zone)[0]))
        except Unfit:
            if is_certain:
                self.reasons.append(f"{name} is not understood")


_READERS = {
    Says.HIDDEN: _Reading._read_hidden,
    Says.SHOWN: _Reading._read_shown,
    Says.SHOWN_FROM: _Reading._read_shown_from,
    Says.STATE: _Reading._read_state,
    Says.KIND: _Reading._read_kind,
    Says.OPENS: _Reading._read_opening,
    Says.CLOSES: _Reading._read_closing,
}


def _is_day(word: str) -> bool:
    meaning = meaning_of(word, is_whole=False)
    return meaning is not None and meaning.says in (Says.OPENS, Says.CLOSES, Says.SHOWN_FROM)


def _words(value: object) -> frozenset[str]:
    texts = (as_text(item) or "?" for item in (value if isinstance(value, list) else [value]))
    return frozenset(word for text in texts for word in text.lower().replace(",", " ").split())
