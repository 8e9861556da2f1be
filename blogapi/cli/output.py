"""How commands talk: results on standard output, a table or one JSON object; progress on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import click

_EVERY_SECONDS = 5.0
# Where nobody looks at a screen, lines are not broken: programs read them.
_UNBROKEN = 1000


class OutputLost(Exception):
    """Standard output takes nothing more. The message says why."""


class _Checked:
    """A stream that says what became of what is written to it. A pipe whose reader has left is click's business."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        with self._told():
            self._stream.writelines(lines)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error.strerror) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def checked_output() -> Iterator[None]:
    """Raises OutputLost within, and at the end, when standard output cannot be written."""
    stream = sys.stdout
    if stream is None:  # it was closed before we came
        yield
        return
    checked = _Checked(stream)
    sys.stdout = checked
    try:
        try:
            yield
        finally:
            with suppress(BrokenPipeError):
                checked.flush()
    except OutputLost:
        _discard(stream)
        raise
    finally:
        if sys.stdout is checked:  # click may have put its own in place of it
            sys.stdout = stream


def _discard(stream: TextIO) -> None:
    """Python writes what was left over once more when it ends."""
    with open(os.devnull, "wb") as nowhere, suppress(OSError):
        os.dup2(nowhere.fileno(), stream.fileno())


json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")


def print_json(result: Mapping[str, Any]) -> None:
    """One object, one line."""
    click.echo(json.dumps(result, ensure_ascii=False))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows of values under headers; numbers stand to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, header in enumerate(headers):
        is_number = bool(rows) and all(isinstance(row[place], int) for row in rows)
        table.add_column(header, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    console().print(table)


def print_facts(facts: Mapping[str, object], title: str = "") -> None:
    """Names and values, one a line, between two rules when there is a title."""
    width = max(map(len, facts), default=0)
    lines = [f"{name:{width}}  {value}" for name, value in facts.items()]
    if title:
        head = f"── {title} "
        width = max(len(head) + 2, *map(len, lines))
        lines = [head.ljust(width, "─"), *lines, "─" * width]
    for line in lines:
        click.echo(line)


def console(*, stderr: bool = False) -> Any:
    """A rich console as wide as the terminal, or without an end."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _UNBROKEN, highlight=False)


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows how far it is: a bar with the rate on a terminal, else a line every few seconds. Yields `advance`."""
    if not sys.stderr.isatty():
        yield _plain_progress(what, total)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console(stderr=True), transient=True) as bar:
        task, start, done = bar.add_task(what, total=total, rate=""), time.monotonic(), 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            bar.update(task, completed=done, rate=f"{done / (time.monotonic() - start):,.0f}/s")

        yield advance


def _plain_progress(what: str, total: int | None) -> Callable[[int], None]:
    start = said = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        now = time.monotonic()
        if now - said >= _EVERY_SECONDS:
            said = now
            of = "" if total is None else f" of {total:,}"
            click.echo(f"{what}: {done:,}{of}, {done / (now - start):,.0f}/s", err=True)

    return advance
