"""When a post was published, and which days in its front matter cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from blogapi.importers.dates import date_in_path, looks_like_a_date, read_date
from blogapi.importers.model import Unfit
from blogapi.importers.post_file import PostFile

_DATES = ("date", "publishedat", "publishdate", "pubdate", "datepublished", "published")
# Each is looked up in the front matter: enough for people, and no work without end.
_MAX_NOTES = 100


def date_of(file: PostFile, addresses: list[str], is_draft: bool) -> datetime | None:
    """What cannot be read refuses a post, and stays beside a draft as the text that it is."""
    name = file.fields.spelling(*_DATES)
    written = file.fields.take(*_DATES)
    where = "the name of the file" if name is None else f"{name} (line {file.document.line_of(name)})"
    if written is None:
        days = [*map(date_in_path, addresses), file.place.day]
        written = next(filter(None, days), None)
    if written is None:
        return None
    try:
        date, odd = read_date(written)
    except Unfit as error:
        if not is_draft:
            raise Unfit(f"{where}: {error}") from error
        file.notes.append(f"{where}: {error}, so it has none")
        if name is not None:
            file.fields.set(name, written)
        return None
    if odd:
        file.notes.append(f"{where}: of the date {written!r} the part {odd!r} is not understood")
    return date


def custom_of(file: PostFile) -> dict[str, object]:
    """What nobody took. A day in it that cannot be stays the text that it is."""
    rest = file.fields.rest()
    _note_impossible_days(file, rest, "")
    return file.fit.custom(rest)


def _note_impossible_days(file: PostFile, value: object, where: str) -> None:
    if len(file.notes) > _MAX_NOTES:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _note_impossible_days(file, inner, f"{where}.{key}" if where else key)
    elif isinstance(value, list):
        for item in value:
            _note_impossible_days(file, item, where)
    elif looks_like_a_date(value):
        try:
            read_date(value)
        except Unfit as error:
            file.notes.append(f"{where} (line {file.document.line_of(where)}): {error}; it stays as text")
