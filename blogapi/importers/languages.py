"""Which language a file is in, by its name and its folders, and which files are one work in several languages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from blogapi.text.language import language_tag

# ISO 639-1, and the three-letter codes (ISO 639-2) that blogs use.
_CODES = frozenset((
    "aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "ast", "av", "ay", "az", "ba", "be", "bg", "bi", "bm",
    "bn", "bo", "br", "bs", "ca", "ce", "ch", "ckb", "co", "cr", "cs", "cu", "cv", "cy", "da", "de", "dv", "dz",
    "ee", "el", "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fil", "fj", "fo", "fr", "fy", "ga", "gd", "gl",
    "gn", "gsw", "gu", "gv", "ha", "haw", "he", "hi", "ho", "hr", "hsb", "ht", "hu", "hy", "hz", "ia", "id", "ie",
    "ig", "ii", "ik", "io", "is", "it", "iu", "ja", "jv", "ka", "kab", "kg", "ki", "kj", "kk", "kl", "km", "kn",
    "ko", "kr", "ks", "ku", "kv", "kw", "ky", "la", "lb", "lg", "li", "ln", "lo", "lt", "lu", "lv", "mg", "mh",
    "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "na", "nb", "nd", "ne", "ng", "nl", "nn", "no", "nr", "nv",
    "ny", "oc", "oj", "om", "or", "os", "pa", "pi", "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru", "rw", "sa",
    "sc", "sd", "se", "sg", "si", "sk", "sl", "sm", "sn", "so", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta",
    "te", "tg", "th", "ti", "tk", "tl", "tn", "to", "tr", "ts", "tt", "tw", "ty", "ug", "uk", "ur", "uz", "ve",
    "vi", "vo", "wa", "wo", "xh", "yi", "yo", "yue", "za", "zh", "zu",
))  # fmt: skip
# Also words, file endings and topics: only beside a file or a folder in a language that is meant for sure.
_DOUBTFUL_ENDINGS = frozenset((
    "am", "as", "co", "cs", "cv", "io", "ml", "pl", "ps", "sc", "so", "st", "to", "ts", "tt",
))  # fmt: skip
_DOUBTFUL_FOLDERS = frozenset((
    "ae", "ai", "am", "an", "as", "av", "ay", "ba", "be", "bi", "br", "ch", "co", "cs", "cu", "cv", "do", "ee",
    "ff", "fj", "fo", "ha", "hi", "ho", "ia", "id", "ie", "ig", "ii", "ik", "io", "is", "it", "ki", "la", "li",
    "lo", "lu", "mg", "mi", "ml", "ms", "mt", "my", "na", "nd", "ne", "ng", "no", "nr", "ny", "om", "or", "os",
    "pa", "pi", "pl", "ps", "sc", "sd", "se", "sg", "si", "sm", "so", "ss", "st", "su", "te", "tk", "tl", "tn",
    "to", "ts", "tt", "tw", "ve", "vi", "vo", "wa",
))  # fmt: skip
_TAG = re.compile(r"([a-z]{2,3}|[A-Z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?")
# Scripts in which some language is written beside another one; other words of four letters are words.
_SCRIPTS = frozenset((
    "arab", "armn", "beng", "cans", "copt", "cyrl", "deva", "geor", "grek", "gujr", "guru", "hans", "hant", "hebr",
    "jpan", "knda", "kore", "laoo", "latn", "mlym", "mong", "orya", "sinh", "taml", "telu", "tfng", "thaa", "thai",
    "tibt",
))  # fmt: skip
# Folders right below one of these, or below the imported one, can be languages.
_ABOVE = frozenset({"content", "_i18n", "i18n", "source", "src", "locales", "locale", "_posts", "posts", "blog", "lang",
                    "translations", "languages", "_source", "articles", "pages"})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """What the place of a file says about its language.

    `name` is the file name without language and ending, `folder` the one that is a language. `work` is the same for all
    files of one work; there are others where `has_others`, and `is_main` is the one that has the plain address.
    """

    name: str
    lang: str | None
    folder: str | None
    work: str
    has_others: bool
    is_main: bool


class Languages:
    """Knows the languages of all files of a blog, by their paths."""

    def __init__(self, files: Iterable[str]) -> None:
        paths = sorted(files)
        self._folders = _language_folders(paths)
        stems = {str(PurePosixPath(file).with_suffix("")) for file in paths}
        # What has a version in a language that is meant for sure may have others.
        self._translated = {
            stem.rpartition(".")[0] for stem in stems if _is_sure(stem.rpartition(".")[2], _DOUBTFUL_ENDINGS)
        }
        self._works: dict[str, list[str]] = defaultdict(list)
        self._stems = stems
        for file in paths:
            self._works[self._split(file)[3]].append(file)

    def of(self, file: str) -> Tongue:
        """What the place of this file says."""
        name, lang, folder, work = self._split(file)
        others = self._works.get(work, [file])
        # Two files of one language are no translations of each other.
        langs = {self._split(other)[1] for other in others}
        has_others = len(others) > 1 and len(langs) == len(others)
        return Tongue(
            name=name,
            lang=lang,
            folder=folder,
            work=work,
            has_others=has_others,
            is_main=not has_others or file == self._main(others),
        )

    def _main(self, files: list[str]) -> str:
        """The one that names no language, else the English one, else the first."""
        order = {None: 0, "en": 1}
        return min(files, key=lambda file: (order.get((self._split(file)[1] or "").partition("-")[0] or None, 2), file))

    def _split(self, file: str) -> tuple[str, str | None, str | None, str]:
        """The name, the language and its folder, and the work: the path without language and ending."""
        path = PurePosixPath(file)
        base, _, ending = path.stem.rpartition(".")
        lang = folder = None
        name = path.stem
        if base and self._is_language(path.with_suffix(""), ending):
            name, lang = base, _tag(ending)
        folders = list(path.parent.parts)
        for at in range(len(folders)):
            if "/".join(folders[: at + 1]) in self._folders:
                folder = folders.pop(at)
                lang = lang or _tag(folder)
                break
        return name, lang, folder, "/".join([*folders, name])

    def _is_language(self, stem: PurePosixPath, ending: str) -> bool:
        base = str(stem.with_suffix(""))
        has_others = base in self._stems or base in self._translated
        return _is_sure(ending, _DOUBTFUL_ENDINGS) or (_tag(ending) is not None and has_others)


def _language_folders(paths: list[str]) -> frozenset[str]:
    """The folders that are languages: called so for sure, or beside one that is."""
    candidates: dict[str, set[str]] = defaultdict(set)
    for file in paths:
        folders = PurePosixPath(file).parent.parts
        for at, folder in enumerate(folders):
            if (at == 0 or folders[at - 1] in _ABOVE) and _tag(folder):
                candidates["/".join(folders[:at])].add(folder)
                break
    return frozenset(
        f"{above}/{name}" if above else name
        for above, names in candidates.items()
        for name in names
        if any(_is_sure(each, _DOUBTFUL_FOLDERS) for each in names)
    )


def _is_sure(text: str, doubtful: frozenset[str]) -> bool:
    return _tag(text) is not None and text.lower() not in doubtful


def _tag(text: str) -> str | None:
    found = _TAG.fullmatch(text)
    if found is None or found[1].lower() not in _CODES or (found[2] and found[2].lower() not in _SCRIPTS):
        return None
    return language_tag(text.replace("_", "-"))
