"""Dates as people write them in front matter, in addresses and in file names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from blogapi.importers.model import Unfit

_LONGEST = 60
_IN_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/)")
_IN_NAME = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:[-_ ]+(.*))?", re.DOTALL)

# The words of a date. Each is found from its start, in this order, and none can be read in two ways.
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/.-])")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?![\d/.-])")
_NAMED = re.compile(r"(\d{1,4})([-/ ])([A-Za-z]{3,9})\2(\d{1,4})(?![\d/-])")
_TIME = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?![\d:.,])(?: *([AaPp])\.?[Mm]\b\.?)?",
)
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?([+-])(\d{1,2})(?::?(\d\d))?(?![\d:])", re.IGNORECASE)
_REMARK = re.compile(r"\(([^()]*)\)")
_NUMBER = re.compile(r"(\d+)(?:st|nd|rd|th)?(?![\d:])", re.IGNORECASE)
_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_+-]+)+|UTC|GMT|Z\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+\.?")
_BETWEEN = re.compile(r"[\s,]+")
_T = re.compile(r"[Tt](?=\d)")

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Those that mean one offset wherever they are used. IST, BST, CST by itself, and their like, mean several.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "JST": 9, "KST": 9, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9,
    "AKDT": -8, "HST": -10, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "MST": -7,
}  # fmt: skip
# CST is that of America where nothing else is said, as mail has it (RFC 5322 section 4.3).
_OF_MAIL = {"CST": -6}


def read_date(value: object) -> tuple[datetime, str]:
    """A date from front matter, in the zone that it was written in or else UTC, and what in it was not understood.

    Raises Unfit if it is no date, if there is no such day, or if it can be read as two days.
    """
    odd = ""
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        elif isinstance(value, str) and len(value) <= _LONGEST:
            moment, odd = _Words(value.strip()).read()
        else:
            raise ValueError("neither a date nor a short text")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment.astimezone(UTC).year == 1:
            raise ValueError("what some programs write for no date at all")
    except (ValueError, OverflowError, TypeError) as error:
        raise Unfit(f"the date {str(value)[:_LONGEST]!r} is impossible or not understood") from error
    return moment, odd


def looks_like_a_date(value: object) -> bool:
    """Whether a text has the form of a day or a moment, be it one or not."""
    return isinstance(value, str) and len(value) <= _LONGEST and _YEAR_FIRST.match(value) is not None


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


@dataclass(slots=True)
class _Words:
    """Takes a text apart from its start to its end, one word after the other."""

    text: str
    at: int = 0
    day: tuple[int, int, int] | None = None
    time: tuple[int, int, int, int] | None = None
    offset: timezone | None = None
    zone: tzinfo | None = None
    weekday: tuple[int, str] | None = None
    month: int | None = None
    numbers: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def read(self) -> tuple[datetime, str]:
        while self.at < len(self.text):
            if not self._take_word():
                raise ValueError("not understood")
        hour, minute, second, microsecond = self.time or (0, 0, 0, 0)
        year, month, day = self.day or self._day_of_words()
        moment = datetime(year, month, day, hour, minute, second, microsecond)
        if self.weekday is not None and moment.weekday() != self.weekday[0]:
            self.odd.insert(0, self.weekday[1])
        zone = self.offset or self.zone
        if self.offset and self.zone and self.zone.utcoffset(moment) != self.offset.utcoffset(None):
            self.odd.append(str(self.zone))
        return moment.replace(tzinfo=zone), " ".join(self.odd)

    def _take_word(self) -> bool:
        return (
            self._skip(_BETWEEN)
            or self._take_day()
            or (self.has_day and self._skip(_T))
            or self._take_time()
            or self._take_offset()
            or self._take_remark()
            or self._take_number()
            or self._take_zone()
            or self._take_name()
        )

    @property
    def has_day(self) -> bool:
        return self.day is not None

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found is not None

    def _take_day(self) -> bool:
        if self.day is not None:
            return False
        if found := _YEAR_FIRST.match(self.text, self.at):
            self.day = int(found[1]), int(found[3]), int(found[4])
        elif found := _YEAR_LAST.match(self.text, self.at):
            self.day = int(found[4]), *_month_and_day(int(found[1]), int(found[3]))
        elif found := _NAMED.match(self.text, self.at):
            month = _named(found[3], _MONTHS)
            if month is None:
                return False
            first, last = found[1], found[4]
            year, day = (first, last) if len(first) == 4 else (last, first)
            if len(year) != 4:
                raise ValueError("a year has four digits")
            self.day = int(year), month, int(day)
        else:
            return False
        self.at = found.end()
        return True

    def _take_time(self) -> bool:
        found = _TIME.match(self.text, self.at)
        if found is None or self.time is not None:
            return False
        hour = int(found[1])
        if found[5]:
            if not 1 <= hour <= 12:
                raise ValueError("no hour of half a day")
            hour = hour % 12 + (12 if found[5] in "Pp" else 0)
        self.time = hour, int(found[2]), int(found[3] or 0), int((found[4] or "")[:6].ljust(6, "0"))
        self.at = found.end()
        return True

    def _take_offset(self) -> bool:
        found = _OFFSET.match(self.text, self.at)
        if found is None or self.time is None or self.offset is not None:
            return False
        minutes = int(found[3] or 0)
        if minutes > 59 or int(found[2]) > 15:
            raise ValueError("no such offset")
        offset = timedelta(hours=int(found[2]), minutes=minutes)
        self.offset = timezone(-offset if found[1] == "-" else offset)
        self.at = found.end()
        return True

    def _take_remark(self) -> bool:
        """`(PST)` behind an offset says nothing more; without one it names the zone."""
        found = _REMARK.match(self.text, self.at)
        if found is None:
            return False
        if self.offset is None:
            zone = _zone(found[1])
            self.zone = self.zone or zone
            self.odd += [] if zone else [found[0]]
        self.at = found.end()
        return True

    def _take_number(self) -> bool:
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            return False
        if self.day is not None:
            self.odd.append(found[0])
        else:
            self.numbers.append(found[1])
        self.at = found.end()
        return True

    def _take_zone(self) -> bool:
        found = _ZONE.match(self.text, self.at)
        zone = _zone(found[0]) if found else None
        if found is None or zone is None or self.time is None:
            return False
        self.zone = self.zone or zone
        self.at = found.end()
        return True

    def _take_name(self) -> bool:
        found = _WORD.match(self.text, self.at)
        if found is None:
            return False
        word = found[0].rstrip(".")
        month, weekday = _named(word, _MONTHS), _named(word, _DAYS)
        if month is not None and self.month is None and self.day is None:
            self.month = month
        elif weekday is not None and self.weekday is None:
            self.weekday = weekday - 1, found[0]
        elif word.lower() in ("at", "of", "on", "the", "um", "à") and self.time is None:
            pass
        elif (zone := _zone(word)) and self.time is not None:
            self.zone = self.zone or zone
        elif self.day is None and self.month is None:
            raise ValueError("not understood")
        else:
            self.odd.append(found[0])
        self.at = found.end()
        return True

    def _day_of_words(self) -> tuple[int, int, int]:
        """`March 4, 2021`, `4th March 2021`, `Mar 4 10:15:00 2021`: the year is the number with four digits."""
        years = [number for number in self.numbers if len(number) == 4]
        days = [number for number in self.numbers if len(number) <= 2]
        if self.month is None or len(years) != 1 or len(days) != 1 or len(self.numbers) != 2:
            raise ValueError("not understood")
        return int(years[0]), self.month, int(days[0])


def _month_and_day(first: int, second: int) -> tuple[int, int]:
    """Of `13/04` and `04/13`. Where both could be the month, nobody but the writer knows."""
    if first == second:
        return first, second
    if first <= 12 and second <= 12:
        raise ValueError("it can be read as two days")
    return (second, first) if first > 12 else (first, second)


def _named(word: str, names: tuple[str, ...]) -> int | None:
    word = word.lower()
    if word == "sept":
        return 9 if names is _MONTHS else None
    if word in ("tues", "wednes", "thur", "thurs"):
        word = word[:3]
    return next(
        (number for number, name in enumerate(names, 1) if word == name or (len(word) == 3 and name.startswith(word))),
        None,
    )


def _zone(name: str) -> tzinfo | None:
    name = name.strip()
    hours = {**_ZONES, **_OF_MAIL}.get(name.upper())
    if hours is not None:
        return timezone(timedelta(hours=hours), name)
    if "/" not in name:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # no zone of this name
        return None
