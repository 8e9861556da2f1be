"""Names of people and of categories, taken apart where one text holds several."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from blogapi.importers.frontmatter import as_text

_LONGEST_LIST = 2_000
_OXFORD = re.compile(r", (?:and|und|et|y|e|&) ", re.IGNORECASE)
_AND = re.compile(r" (?:and|und|et|&|\+) ", re.IGNORECASE)
# These stand in names and in sentences, too: Ortega y Gasset, "in partnership with".
_MAYBE_AND = re.compile(r" (?:y|e|i|with|avec|mit|con) ", re.IGNORECASE)
# What follows a comma behind a name and is no other person.
_TITLES = re.compile(r"(?:jr|sr|ii|iii|iv|v|ph\.?d|m\.?d|m\.?sc|b\.?sc|m\.?a|b\.?a|mba|esq|cpa|dds|rn|inc"
                     r"|llc|ltd|gmbh)\.?", re.IGNORECASE)  # fmt: skip
# A name with one of these is of a group, and `and` belongs to it.
_GROUP = re.compile(
    r"\b(?:team|group|committee|staff|editors?|council|board|company|co|corp|corporation|inc|llc|ltd|gmbh|sons|bros"
    r"|partners|associates|foundation|society|institute|university|department|press|crew|community|project|research"
    r"|development|operations|marketing|sales|design|news|media|friends|wg|security|communications|relations"
    r"|engineering|services|support|office|agency|partnership|behalf|association|union|club)\b",
    re.IGNORECASE,
)
# What somebody is, and no name: said behind a comma, it is of the one before.
_OFFICE = re.compile(
    r"\b(?:director|engineer|ceo|cto|cfo|coo|cio|president|chairman|chair|chairwoman|manager|founder|co-?founder|editor"
    r"|professor|lecturer|developer|programmer|officer|head of|vice president|vp|scientist|researcher|designer"
    r"|architect|analyst|consultant|student|intern|advocate|evangelist|fellow|maintainer|administrator|specialist|coordinator"
    r"|journalist|reporter|writer|lead)\b",
    re.IGNORECASE,
)
_BY = re.compile(r"(?:written |posted )?by:? ", re.IGNORECASE)
_AND_OTHERS = re.compile(
    r",? (?:et al\.?|and others|and friends|u\. ?a\.|(?:(?:and|&|\+) )?[0-9]{1,4} (?:others?|more))", re.IGNORECASE
)
_BETWEEN = re.compile(r" [/|·•] |[、，]")
_ACCOUNT = re.compile(r"@[\w.-]{1,60}")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\([^()]{0,500}\)|<a\b[^<>]{0,500}>([^<>]{1,200})</a>", re.IGNORECASE)
_LEVELS = re.compile(r"[>»→]")


def tidy(name: str) -> str:
    """A name in one spelling: composed letters (NFC), single blanks."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def people_in(text: str, *, is_plural: bool) -> list[str]:
    """The people whom one byline names; the whole byline where that is not certain.

    `A. Example, B. Example and C. Example` are three, `Example, A.` is one, `Research and Development` too. In a field
    that is called plural, a comma stands between any two names.
    """
    text = tidy(text)
    if len(text) > _LONGEST_LIST:
        return [text]
    text = _LINK.sub(lambda found: found[1] or found[2], text)
    text = text[by.end() :] if (by := _BY.match(text)) else text
    if (others := _AND_OTHERS.search(text)) and others.end() == len(text) and not _GROUP.search(text[: others.start()]):
        text = text[: others.start()]
    parts = _filled(_BETWEEN.split(text))
    if len(parts) > 1 and all(map(_is_name, parts)):
        return [name for part in parts for name in people_in(part, is_plural=False)]
    if ";" in text:
        return [name for part in text.split(";") if part.strip() for name in people_in(part, is_plural=False)]
    accounts = [word.rstrip(",") for word in text.split()]
    if all(_ACCOUNT.fullmatch(name) for name in accounts):
        return accounts
    names = _people(text, is_plural)
    return [name for name in names if name] or [text]


def _people(text: str, is_plural: bool) -> list[str]:
    joined = _AND.split(_OXFORD.sub(" & ", text))
    if len(joined) > 1:
        if all(part.count(",") == 1 and " " not in part.partition(",")[0] for part in joined):
            return joined  # Example, A. and Sample, B.
        lists = [_at_commas(part, is_plural=True) for part in joined]
        flat = [name for names in lists for name in names]
        are_people = all(map(_is_name, flat)) and len(set(flat)) == len(flat)
        return flat if are_people and (len(flat) > 2 or not _GROUP.search(text)) else [text]
    couple = _MAYBE_AND.split(text)
    if len(couple) > 1 and all(" " in name and _is_name(name) and not _GROUP.search(name) for name in couple):
        return couple
    return _at_commas(text, is_plural)


def _at_commas(text: str, is_plural: bool) -> list[str]:
    names: list[str] = []
    has_office = False
    for part in map(str.strip, text.split(",")):
        if names and _TITLES.fullmatch(part):
            names[-1] += f", {part}"
        elif names and _OFFICE.search(part):
            has_office = True
        elif part:
            names.append(part)
    if has_office and all(map(_is_name, names)):
        return names
    # `Example, A.` has its names turned round; three single words are no longer one person.
    are_whole = all(" " in name for name in names) or (len(names) > 2 and all(" " not in name for name in names))
    are_people = len(names) > 1 and all(map(_is_name, names)) and not any(map(_GROUP.search, names[1:]))
    return names if (are_whole or is_plural) and are_people else [text]


def _is_name(text: str) -> bool:
    """Whether it begins as a name does: `on behalf of the team` does not, `apiraino` is somebody all the same."""
    return len(text) > 0 and (not text[0].islower() or " " not in text or text.split()[0] in _PARTICLES)


_PARTICLES = frozenset((
    "al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "ten", "ter",
    "van", "von", "zu",
))  # fmt: skip


def categories_in(value: object) -> Iterator[tuple[str, bool]]:
    """The categories of a list, of lists in it, of tables of them and of `a > b`, and whether they were nested."""
    return _categories(value, False)


def _categories(value: object, is_nested: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(value, list):
        for item in value:
            yield from _categories(item, is_nested or isinstance(item, list))
    elif isinstance(value, Mapping):
        own = next((value[key] for key in ("name", "title", "label") if as_text(value.get(key))), None)
        if own is not None:
            yield as_text(own) or "", is_nested
        for key, inner in value.items() if own is None else []:
            yield key, True
            yield from _categories(inner, True)
    elif text := as_text(value):
        levels = _levels(text)
        yield from ((level, is_nested or len(levels) > 1) for level in levels)


def _levels(text: str) -> list[str]:
    levels = _filled(_LEVELS.split(text))
    if len(levels) < 2:
        # TCP/IP, CI/CD and I/O are one thing.
        parts = _filled(text.split("/"))
        levels = parts if len(parts) > 1 and all(len(part) > 2 and not part.isupper() for part in parts) else [text]
    return levels


def _filled(parts: Iterable[str]) -> list[str]:
    return [part.strip() for part in parts if part.strip()]
