"""What this process tells of its measures, line by line, to the one that started it.

Of what only grows it tells by how much it has grown since it told last, so that nothing is lost or counted twice when a
process ends and another takes its place. A line is written whole or not at all, and then it is told the next time.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import orjson

from blogapi.measures import GAUGE, Labels, Measure, Value

FAMILY, VALUES = b"family ", b"values "
"""How lines begin: with what there is, and with how much of it."""

# What the kernel writes to a pipe whole or not at all.
_LINE_BYTES = select.PIPE_BUF
Send: TypeAlias = Callable[[bytes], bool]
_Entry: TypeAlias = tuple[str, Labels, Sequence[float] | None]
_Key: TypeAlias = tuple[str, Labels]


class Metrics:
    """The measures of this process, and what has been told of them."""

    def __init__(self, measures: Iterable[Measure] = ()) -> None:
        self._measures: dict[str, list[Measure]] = {}
        self._undescribed: list[Measure] = []
        self._told: dict[_Key, Sequence[float]] = {}
        self.add(*measures)

    def add(self, *measures: Measure) -> None:
        """Tell these from now on, too."""
        for measure in measures:
            self._measures.setdefault(measure.family.name, []).append(measure)
        self._undescribed += measures

    def tell(self, send: Send) -> None:
        """Send what is new. Whatever cannot be sent now, as `send` answers, is sent the next time."""
        while self._undescribed:
            if not send(FAMILY + orjson.dumps(asdict(self._undescribed[0].family)) + b"\n"):
                return
            del self._undescribed[0]
        for line, told in _lines(self._news()):
            if not send(line):
                return
            for key, value in told.items():
                if value is None:
                    del self._told[key]
                else:
                    self._told[key] = value

    def _news(self) -> Iterator[tuple[_Entry, Sequence[float] | None]]:
        """What is to be told, and what then has been told."""
        for name, measures in self._measures.items():
            is_level = measures[0].family.kind == GAUGE
            present = {labels: value for measure in measures for labels, value in _by_labels(measure.read()).items()}
            for labels, value in present.items():
                before = self._told.get((name, labels))
                now = tuple(value) if isinstance(value, Sequence) else (value,)
                if now == before:
                    continue
                grown = now if is_level or before is None else [new - old for new, old in zip(now, before, strict=True)]
                yield (name, labels, grown), now
            if is_level:
                gone = [key for key in self._told if key[0] == name and key[1] not in present]
                yield from (((name, labels, None), None) for name, labels in gone)


def _by_labels(value: Mapping[Labels, Value] | float) -> dict[Labels, Value]:
    return dict(value) if isinstance(value, Mapping) else {(): value}


def _lines(news: Iterable[tuple[_Entry, Any]]) -> Iterator[tuple[bytes, dict[_Key, Any]]]:
    """Lines of as many entries as fit, each with what will then have been told."""
    parts: list[bytes] = []
    told: dict[_Key, Any] = {}
    size = len(VALUES) + 3
    for entry, now in news:
        part = orjson.dumps(entry)
        if parts and size + len(part) + 1 > _LINE_BYTES:
            yield _line(parts), told
            parts, told, size = [], {}, len(VALUES) + 3
        parts.append(part)
        told[entry[0], entry[1]] = now
        size += len(part) + 1
    if parts:
        yield _line(parts), told


def _line(parts: Iterable[bytes]) -> bytes:
    return VALUES + b"[" + b",".join(parts) + b"]\n"
