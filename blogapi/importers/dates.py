"""Dates as people write them in front matter, in addresses and in file names."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from blogapi.importers.model import Unfit

_NUMERIC = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:(?:[Tt]| +)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?: *(?P<half>[AaPp])\.?[Mm]\.?)?)?(?P<odd>(?: +\S+)*?)"
    r" *(?:[Zz]|UTC|GMT|(?P<sign>[+-])(?P<zone_hours>\d\d):?(?P<zone_minutes>\d\d)?)?"
)
_LONGEST = 60
_ENGLISH = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y")
_IN_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/)")
_IN_NAME = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:[-_ ]+(.*))?", re.DOTALL)


def read_date(value: object) -> tuple[datetime, str]:
    """A date from front matter, in the zone that it was written in or else UTC, and what in it was not understood.

    Raises Unfit if it is no date, or there is no such day.
    """
    odd = ""
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        elif isinstance(value, str) and len(value) <= _LONGEST:
            moment, odd = _from_text(value.strip())
        else:
            raise ValueError("neither a date nor a short text")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError) as error:
        raise Unfit(f"the date {str(value)[:_LONGEST]!r} is impossible or not understood") from error
    return moment, odd


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC, in the milliseconds that the database keeps."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def date_in_path(path: str) -> str | None:
    """The day in an address or a folder like `2024/09/16/title`, for `read_date`."""
    found = _IN_PATH.search(path)
    return "-".join(found.groups()) if found else None


def date_in_name(name: str) -> tuple[str | None, str]:
    """The day that opens a file name like `2024-09-16-title`, for `read_date`, and the rest."""
    found = _IN_NAME.fullmatch(name)
    return (found[1], found[2] or "") if found else (None, name)


def _from_text(text: str) -> tuple[datetime, str]:
    found = _NUMERIC.fullmatch(text)
    if found is None:
        return _from_words(text), ""
    digits = {name: int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")}
    if found["half"]:
        if not 1 <= digits["hour"] <= 12:
            raise ValueError("no hour of half a day")
        digits["hour"] = digits["hour"] % 12 + (12 if found["half"] in "Pp" else 0)
    zone = timedelta(hours=int(found["zone_hours"] or 0), minutes=int(found["zone_minutes"] or 0))
    microsecond = int((found["fraction"] or "")[:6].ljust(6, "0"))
    moment = datetime(**digits, microsecond=microsecond, tzinfo=timezone(-zone if found["sign"] == "-" else zone))
    return moment, found["odd"].strip()


def _from_words(text: str) -> datetime:
    for pattern in _ENGLISH:
        with suppress(ValueError):
            return datetime.strptime(text.replace(",", ""), pattern).replace(tzinfo=UTC)
    return parsedate_to_datetime(text)
