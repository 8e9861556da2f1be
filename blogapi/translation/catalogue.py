"""The catalogues: for each language but English a file of gettext beside this one, written by translators.

They are compiled when the first reader of their language needs them, so there is nothing that has to be built, and a
process that only meets English never loads babel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from threading import Lock
from typing import Any

from blogapi.translation.sentence import LANGUAGES, Sentence

FOLDER = Path(__file__).parent
_GROUPED = ","
_loaded, _loading = {LANGUAGES[0]}, Lock()


def in_language(text: str, language: str) -> str:
    """A text in one of `LANGUAGES`. What is no Sentence, or has no translation, stays as it is."""
    if not isinstance(text, Sentence) or language == LANGUAGES[0]:
        return text
    translations, params = _translations(language), text.params
    if text.plural:
        message = translations.ngettext(text.message, text.plural, params["count"])
    else:
        message = translations.gettext(text.message)
    return _InLanguage(language).vformat(message, (), params)


def all_in_language(value: Any, language: str) -> Any:
    """JSON whose sentences are in one of `LANGUAGES`."""
    if isinstance(value, str):
        return in_language(value, language)
    if isinstance(value, Mapping):
        return {name: all_in_language(inner, language) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [all_in_language(inner, language) for inner in value]
    return value


async def load(language: str) -> None:
    """Have the catalogue at hand: the first time takes some tenths of a second, in which others are served."""
    if language not in _loaded:
        await asyncio.to_thread(_load, language)


def _load(language: str) -> None:
    with _loading:  # many may ask for a language at once, and wait for the first
        if language not in _loaded:
            _translations(language)
            _InLanguage(language).format("{0:,}", 1000)
            _loaded.add(language)


@cache
def _translations(language: str) -> GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (FOLDER / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


class _InLanguage(Formatter):
    """Fills in as `str.format` does, but for sentences and for numbers with separators."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == _GROUPED:
            from babel.numbers import format_decimal

            return format_decimal(value, locale=self._language)
        return str(format(in_language(value, self._language) if isinstance(value, str) else value, format_spec))
