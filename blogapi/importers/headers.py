"""Front matter without fences: the header lines of Pelican (`Title: ...`), Nikola (`.. title: ...`) and Hexo."""

from __future__ import annotations

import re
from dataclasses import dataclass

from blogapi.importers.model import Unfit

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_ -]{0,40}):(?!//)[ \t]*(.*)")
_CONTINUED = re.compile(r"(?:\t| {2,})[ \t]*(\S.*)")
_NIKOLA = re.compile(r"\.\. (.*)")
# One of these is in every header; text that opens with `Note: ...` has none.
_TELLING = frozenset({"title", "date"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where in the text a header stands, and where the body begins. Without `values` it is YAML that lacks `---`."""

    values: dict[str, str] | None
    start: int
    end: int
    body: int


def read_header(text: str) -> Header | None:
    """The header that opens a text, or None. Raises Unfit when a field stands there twice."""
    return _Lines(text).header()


class _Lines:
    def __init__(self, text: str) -> None:
        self._lines = [f"{line}\n" for line in text.split("\n")]
        self._lines[-1] = self._lines[-1][:-1]  # what stands behind the last line break

    def header(self) -> Header | None:
        start = next((number for number, line in enumerate(self._lines) if line.strip()), len(self._lines))
        is_comment = self._line(start) == "<!--"
        start += is_comment
        is_nikola = _NIKOLA.match(self._line(start)) is not None
        if is_comment and not is_nikola:
            return None
        values, end, twice = self._fields(start, is_nikola)
        if not _TELLING & values.keys():
            return None
        closed = None if is_nikola else self._dashes(start)
        if closed is not None:
            return Header(values=None, start=self._at(start), end=self._at(closed), body=self._at(closed + 1))
        if twice:
            raise Unfit(f"the header has the field {twice!r} twice")
        closing = "-->" if is_comment else ""
        body = end + (self._line(end) == closing)
        return Header(values=values, start=self._at(start), end=self._at(end), body=self._at(body))

    def _fields(self, start: int, is_nikola: bool) -> tuple[dict[str, str], int, str | None]:
        """The fields, the line behind them, and the first field that stands there twice."""
        values: dict[str, str] = {}
        name, twice, at = "", None, start
        for at in range(start, len(self._lines) + 1):
            line = self._line(at)
            if is_nikola:
                nikola = _NIKOLA.fullmatch(line)
                line = nikola[1] if nikola else ""
            if field := _FIELD.fullmatch(line):
                name = field[1].strip().lower().replace(" ", "_")
                twice = twice or (name if name in values else None)
                values[name] = (field[2] or "").strip()
            elif name and (more := _CONTINUED.fullmatch(line)):
                values[name] = f"{values[name]} {more[1]}".strip()
            else:
                break
        return values, at, twice

    def _dashes(self, start: int) -> int | None:
        """Hexo's way: a line of dashes behind the fields. Below one line alone dashes underline a heading."""
        for at in range(start, len(self._lines)):
            line = self._line(at)
            if line in ("", "---"):
                return at if line and at - start > 1 else None
        return None

    def _line(self, at: int) -> str:
        return self._lines[at].rstrip() if at < len(self._lines) else ""

    def _at(self, line: int) -> int:
        return sum(map(len, self._lines[:line]))
