"""When a post was published, and which days in its front matter cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from blogapi.importers.date_places import date_in_path
from blogapi.importers.dates import looks_like_a_date, read_date
from blogapi.importers.frontmatter import plain_name
from blogapi.importers.model import Unfit
from blogapi.importers.post_file import PostFile

_DATES = ("date", "publishedat", "publishdate", "pubdate", "datepublished", "published")
# These may hold other things than dates. The latter count only where neither a field nor the place has a day.
_POSTED = (
    "publisheddate", "publishedon", "publishedtime", "publicationdate", "publishon", "dategmt", "postdate",
    "postdategmt", "posted", "postedat", "postedon", "dateposted", "firstpublished", "firstpublishedat",
    "originallypublished", "dc:date", "datetime",
)  # fmt: skip
_MADE = ("created", "createdat", "createdon", "datecreated", "creationdate", "createddate", "timestamp", "written")
# Each is looked up in the front matter: enough for people, and no work without end.
_MAX_NOTES = 100


def date_of(file: PostFile, addresses: list[str], is_draft: bool) -> datetime | None:
    """What cannot be read refuses a post, and stays beside a draft as the text that it is."""
    name = file.fields.spelling(*_DATES) or _readable(file, _POSTED)
    days = [*map(date_in_path, addresses), file.place.day]
    written = next(filter(None, days), None)
    if name is None and written is None and (name := _readable(file, _MADE)):
        file.notes.append(f"there is no other date than {name}")
    where = "the name of the file" if name is None else f"{name} (line {file.document.line_of(name)})"
    if name is not None:
        written = file.fields.take(plain_name(name))
    elif written is not None and written == file.place.day and file.place.is_day_in_folders:
        file.notes.append(f"the date {written} is made of its folders and the name of the file")
    if written is None:
        return None
    try:
        date, odd = read_date(written, file.blog.site.zone)
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


def _readable(file: PostFile, names: Sequence[str]) -> str | None:
    """The first of these that holds a date, as it is spelt."""
    for name in names:
        with suppress(Unfit):
            if name in file.fields and read_date(file.fields.peek(name)):
                return file.fields.spelling(name)
    return None


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
