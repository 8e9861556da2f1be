"""Days in addresses, in the names of folders and in those of files. All are given as `2024-09-16`, for `read_date`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date

_IN_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/)")
_IN_NAME = re.compile(r"(\d{4})([-_.])(\d{1,2})\2(\d{1,2})(?:[-_. ]+(.*))?", re.DOTALL)
# Without anything between them, digits are a day only where they can be one.
_TOGETHER = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:[-_ ]+(.*))?", re.DOTALL)
_IN_FOLDERS = (
    re.compile(r"((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})[-_. ]+(.+)", re.DOTALL),
    re.compile(r"((?:19|20)\d\d)/(\d\d)[-_.]?(\d\d)[-_. ]+(.+)", re.DOTALL),
    re.compile(r"((?:19|20)\d\d)[-_.](\d\d)/(\d\d)[-_. ]+(.+)", re.DOTALL),
)


def date_in_path(path: str) -> str | None:
    """The day in an address or a folder like `2024/09/16/title`."""
    found = _IN_PATH.search(path)
    return "-".join(found.groups()) if found else None


def date_in_name(name: str) -> tuple[str | None, str]:
    """The day that opens a file name like `2024-09-16-title`, `2024_09_16_title` or `20240916-title`, and the rest."""
    if found := _IN_NAME.fullmatch(name):
        return f"{found[1]}-{found[3]}-{found[4]}", found[5] or ""
    if (found := _TOGETHER.fullmatch(name)) and _is_day(found):
        return "-".join(found.groups()[:3]), found[4] or ""
    return None, name


def date_in_folders(folders: Sequence[str], name: str) -> tuple[str | None, str]:
    """The day that folders begin and the name of a file ends, as in `2024/09-16-title`, and the rest of the name."""
    for depth, pattern in ((2, _IN_FOLDERS[0]), (1, _IN_FOLDERS[1]), (1, _IN_FOLDERS[2])):
        found = pattern.fullmatch("/".join([*folders[-depth:], name]))
        if found and _is_day(found):
            return "-".join(found.groups()[:3]), found[4]
    return None, name


def _is_day(found: re.Match[str]) -> bool:
    with suppress(ValueError):
        return bool(date(*map(int, found.groups()[:3])))
    return False
