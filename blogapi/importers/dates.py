"""Dates as people write them in front matter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from blogapi.importers.model import Unfit

_LONGEST = 60

# The words of a date. Each is found from its start, in this order, and none can be read in two ways.
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/.-])")
_TOGETHER = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)")
_CHINESE = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?![\d/.-])")
_NAMED = re.compile(r"(\d{1,4})([-/ ])([^\W\d_]{3,10})\2(\d{1,4})(?![\d/-])")
_TIME = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?![\d:.,])(?: *([AaPp])\.?[Mm]\b\.?)?",
)
_TIME_OF_HOURS = re.compile(r"(\d{1,2}) ?[Hh](?: ?(\d\d))?(?!\w)")
_TIME_TOGETHER = re.compile(r"(\d\d)(\d\d)(\d\d)?(?![\d:.,])")
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?([+-])(\d{1,2})(?::?(\d\d))?(?![\d:])", re.IGNORECASE)
_REMARK = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_NUMBER = re.compile(r"(\d+)(?:st|nd|rd|th|er|[.ºª])?(?![\d:])", re.IGNORECASE)
_OF_UTC = re.compile(r"(?:UTC|GMT)([+-]\d{1,2})(?::?(\d\d))?", re.IGNORECASE)
_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_+-]+)+|UTC|GMT|Z\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+\.?")
_BETWEEN = re.compile(r"[\s,]+")
_T = re.compile(r"[Tt](?=\d)")

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
# By language, as they are written in full and in short; none of them is another month elsewhere.
_MONTHS_ELSEWHERE = {
    name: number
    for names in (
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jänner feber mär apr mai jun jul aug sept okt nov dez",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv févr mars avr mai juin juil août sept oct nov déc",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
        "jan fév mar avr mai juin juill aoû sep oct nov dec",
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "янв фев мар апр мая июн июл авг сен окт ноя дек",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    )
    for number, name in enumerate(names.split(), 1)
}
_FILLERS = frozenset(("at", "of", "on", "the", "um", "à", "de", "del", "den", "der", "le", "el"))
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Those that mean one offset wherever they are used. IST, BST and their like mean several.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "JST": 9, "KST": 9, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9,
    "AKDT": -8, "HST": -10, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "MST": -7,
    # That of America where nothing else is said, as mail has it (RFC 5322 section 4.3).
    "CST": -6,
}  # fmt: skip
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")


def read_date(value: object, zone: tzinfo = UTC) -> tuple[datetime, str]:
    """A date from front matter, in the zone that it was written in, and what in it was not understood.

    A time without a zone is one in `zone`. A day alone is that day in UTC: so it stays the same day for most readers.
    Raises Unfit if it is no date, if there is no such day, or if it can be read as two days.
    """
    odd = ""
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        elif isinstance(value, int) and not isinstance(value, bool) and 10**8 <= value < 10**13:
            moment = _of_counted(value)
        elif isinstance(value, str | int) and not isinstance(value, bool) and len(text := _plain(value)) <= _LONGEST:
            moment, odd = _Words(text, zone).read()
        else:
            raise ValueError("neither a date nor a short text")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if moment.astimezone(UTC).year == 1:
            raise ValueError("what some programs write for no date at all")
    except (ValueError, OverflowError, TypeError) as error:
        raise Unfit(f"the date {str(value)[:_LONGEST]!r} is impossible or not understood") from error
    return moment, odd


def _plain(value: str | int) -> str:
    return str(value).strip().translate(_DASHES)


def _of_counted(value: int) -> datetime:
    """Seconds or milliseconds since 1970, from 1973 on: what is less has the digits of a day."""
    if 10**10 <= value < 10**11:
        raise ValueError("neither seconds nor milliseconds")
    return datetime.fromtimestamp(value / 1000 if value >= 10**11 else value, tz=UTC)


def looks_like_a_date(value: object) -> bool:
    """Whether a text has the form of a day or a moment, be it one or not."""
    return isinstance(value, str) and len(value) <= _LONGEST and _YEAR_FIRST.match(value) is not None


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC, in the milliseconds that the database keeps."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(slots=True)
class _Words:
    """Takes a text apart from its start to its end, one word after the other."""

    text: str
    default: tzinfo
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
        if self.month not in (None, month):
            raise ValueError("two months")
        moment = datetime(year, month, day, hour, minute, second, microsecond)
        if self.weekday is not None and moment.weekday() != self.weekday[0]:
            self.odd.insert(0, self.weekday[1])
        zone = self.offset or self.zone or (UTC if self.time is None else self.default)
        if self.offset and self.zone and self.zone.utcoffset(moment) != self.offset.utcoffset(None):
            self.odd.append(str(self.zone))
        return moment.replace(tzinfo=zone), " ".join(self.odd)

    def _take_word(self) -> bool:
        return (
            self._skip(_BETWEEN)
            or self._take_day()
            or (self.has_day and self._skip(_T))
            or self._take_time()
            or self._take_time_together()
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
        elif found := _TOGETHER.match(self.text, self.at) or _CHINESE.match(self.text, self.at):
            self.day = int(found[1]), int(found[2]), int(found[3])
        elif found := _YEAR_LAST.match(self.text, self.at):
            self.day = int(found[4]), *_month_and_day(int(found[1]), int(found[3]))
        elif found := _NAMED.match(self.text, self.at):
            month = _month_named(found[3])
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
        if self.time is not None:
            return False
        if found := _TIME_OF_HOURS.match(self.text, self.at):
            self.time = int(found[1]), int(found[2] or 0), 0, 0
            self.at = found.end()
            return True
        found = _TIME.match(self.text, self.at)
        if found is None:
            return False
        hour = int(found[1])
        if found[5]:
            if not 1 <= hour <= 12:
                raise ValueError("no hour of half a day")
            hour = hour % 12 + (12 if found[5] in "Pp" else 0)
        self.time = hour, int(found[2]), int(found[3] or 0), int((found[4] or "")[:6].ljust(6, "0"))
        self.at = found.end()
        return True

    def _take_time_together(self) -> bool:
        found = _TIME_TOGETHER.match(self.text, self.at)
        if found is None or self.time is not None or self.text[self.at - 1 : self.at] not in ("T", "t"):
            return False
        self.time = int(found[1]), int(found[2]), int(found[3] or 0), 0
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
            zone = zone_named(found[1] or found[2] or "")
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
        zone = zone_named(found[0]) if found else None
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
        month = _month_named(word)
        weekday = _named(word, _DAYS)
        if month is not None and self.month is None and self.day is None:
            self.month = month
        elif month is not None and self.day is None:
            raise ValueError("two months")  # or a day of the week in another language
        elif weekday is not None and self.weekday is None:
            self.weekday = weekday - 1, found[0]
        elif word.lower() in _FILLERS and self.time is None:
            pass
        elif (zone := zone_named(word)) and self.time is not None:
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


def _month_named(word: str) -> int | None:
    return _named(word, _MONTHS) or _MONTHS_ELSEWHERE.get(word.lower())


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


def zone_named(name: str) -> tzinfo | None:
    """A zone by its IANA name, its abbreviation where that means one offset, or an offset from UTC."""
    name = name.strip()
    hours = _ZONES.get(name.upper())
    if hours is not None:
        return timezone(timedelta(hours=hours), name)
    if offset := _OF_UTC.fullmatch(name):
        hours = int(offset[1])
        minutes = int(offset[2] or 0) * (-1 if offset[1][0] == "-" else 1)
        return timezone(timedelta(hours=hours, minutes=minutes)) if abs(hours) <= 15 and abs(minutes) < 60 else None
    if "/" not in name:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # no zone of this name
        return None
