"""Finds the messages in the source, and keeps the catalogues up to date with it. For scripts/translations and tests."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from blogapi.translation.catalogue import FOLDER

PACKAGE = FOLDER.parent
_MARKS = {"say": None, "say_many": (1, 2)}
_COMMENT = "For translators:"


def messages_of(package: Path = PACKAGE) -> Catalog:
    """Every message that the source marks, with the files that it stands in."""
    catalogue = Catalog()
    found = extract_from_dir(package, method_map=[("**.py", "python")], keywords=_MARKS, comment_tags=[_COMMENT])
    for name, line, message, comments, _ in sorted(found, key=lambda each: each[:2]):
        catalogue.add(message, locations=[(f"{package.name}/{name}", line)], auto_comments=comments)
    return catalogue


def catalogue_of(language: str) -> Catalog:
    """What has been translated."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> bytes:
    """The catalogue with all messages of the source and no others: new ones are empty."""
    try:
        catalogue = catalogue_of(language)
    except FileNotFoundError:
        catalogue = Catalog(locale=language)
    catalogue.update(messages_of(), no_fuzzy_matching=True)
    written = BytesIO()
    # Numbers of lines would change with every edit of the source.
    write_po(
        written,
        catalogue,
        width=110,
        omit_header=True,
        sort_by_file=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    return _header(catalogue).encode() + written.getvalue()


def _header(catalogue: Catalog) -> str:
    """Without a date, which would be a conflict in every merge."""
    fields = {
        "Language": catalogue.locale_identifier,
        "Content-Type": "text/plain; charset=utf-8",
        "Plural-Forms": catalogue.plural_forms,
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n'
