"""What drills are told and tell: the seed of all that happens at random, and what was found beside what must be."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable

import click
from rich.table import Table

seed_option = click.option(
    "--seed",
    type=int,
    default=lambda: secrets.randbelow(2**32),
    help="Of all that happens at random.  [default: another each time]",
)


def found_table(seed: int, rows: Iterable[tuple[str, str, str]]) -> Table:
    """What was counted, how much of it was found, and how much there must be; empty for any number."""
    table = Table(title=f"seed {seed}")
    table.add_column("")
    table.add_column("found", justify="right")
    table.add_column("must be", justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def percentile(values: Iterable[float], percent: float) -> float:
    """The least value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
