"""The command behind scripts/drain."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.labs.chance import chance_of
from scripts.labs.drain import phases
from scripts.labs.drain.caddy import NoCaddy, sigterms_behind_caddy
from scripts.labs.drain.first import Kills, kill_first
from scripts.labs.drain.phases import Phase
from scripts.labs.drain.server import NotServing, serving
from scripts.labs.drills import seed_option

_STEPS = {"SIGTERM": phases.sigterms, "reload": phases.reloads, "kill -9": phases.kills}
CONFIGURATION = 78
console = Console()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sigterms", type=click.IntRange(0), default=100, show_default=True, help="Sent to workers.")
@click.option("--reloads", type=click.IntRange(0), default=50, show_default=True, help="Of all workers, one by one.")
@click.option("--kills", type=click.IntRange(0), default=20, show_default=True, help="kill -9 of workers.")
@click.option(
    "--first-kills", type=click.IntRange(0), default=20, show_default=True, help="kill -9 of the first process."
)
@click.option("--behind-caddy", is_flag=True, help="Only SIGTERM, to two servers behind Caddy, while clients write.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True)
@seed_option
def main(
    sigterms: int, reloads: int, kills: int, first_kills: int, behind_caddy: bool, workers: int, seed: int
) -> None:
    """End and renew the workers of a server under load.

    Exit code 1: a request failed, a write was lost, or a start was refused. 78: there is no Caddy.
    """
    chance, refused = chance_of(seed), []
    counts = {"SIGTERM": sigterms, "reload": reloads, "kill -9": kills}
    try:
        if behind_caddy:
            found = [asyncio.run(drill_behind_caddy(sigterms, chance))]
        else:
            found = asyncio.run(drill(counts, workers, chance)) if any(counts.values()) else []
            refused = asyncio.run(drill_first(first_kills, chance)).refused if first_kills else []
    except NoCaddy as error:
        console.print(f"scripts/drain: {error}", style="bold")
        sys.exit(CONFIGURATION)
    except NotServing as error:
        sys.exit(f"scripts/drain: {error}")
    if found:
        show(found, seed)
    sys.exit(0 if all(phase.is_passed for phase in found) and not refused else 1)


async def drill_first(count: int, chance: random.Random) -> Kills:
    """Kill the first process so often, and say what became of the starts."""
    with Progress(console=console, transient=True) as bars:
        bar = bars.add_task("kill -9 of the first process", total=count)
        kills = await kill_first(count, chance, lambda n: bars.advance(bar, n))
    moments = ", ".join(f"{number} in a {moment}" for moment, number in sorted(kills.moments.items()))
    console.print(
        f"kill -9 of the first process: {count} ({moments}); the address was free after "
        f"{kills.longest_seconds * 1000:.0f} ms at most; {len(kills.refused)} starts were refused"
    )
    console.print(*kills.refused[:10], sep="\n")
    return kills


async def drill_behind_caddy(count: int, chance: random.Random) -> Phase:
    """Stop two servers behind Caddy in turn. Raises NoCaddy, NotServing."""
    with Progress(console=console, transient=True) as bars:
        bar = bars.add_task("SIGTERM behind Caddy", total=count)
        return await sigterms_behind_caddy(count, chance, lambda n: bars.advance(bar, n))


async def drill(counts: dict[str, int], workers: int, chance: random.Random) -> list[Phase]:
    """Run the steps one after the other, on one server. Raises NotServing."""
    found = []
    with tempfile.TemporaryDirectory() as folder, Progress(console=console, transient=True) as bars:
        async with serving(Path(folder), workers) as server:
            for name, count in counts.items():
                bar = bars.add_task(name, total=count)
                found.append(await _STEPS[name](server, count, chance, partial(bars.advance, bar)))
                if not console.is_terminal:
                    console.print(f"{found[-1].what}: {count} done")
    return found


def show(found: list[Phase], seed: int) -> None:
    """The table."""
    table = Table(title=f"seed {seed}")
    for header in ("", "times", "requests", "failed", "last answers", "slowest, ms", "acknowledged", "lost"):
        table.add_column(header, justify="right" if header else "left")
    for phase in found:
        tally, lost = phase.tally, "" if phase.lost is None else str(phase.lost)
        acknowledged = "" if phase.lost is None else f"{len(tally.acknowledged):,}"
        numbers = (phase.events, tally.requests, tally.failed, tally.goodbyes, round(tally.slowest_seconds * 1000))
        table.add_row(phase.what, *(f"{number:,}" for number in numbers), acknowledged, lost)
    console.print(table)
    for phase in found:
        if not phase.is_passed:
            console.print(phase.what, dict(phase.tally.statuses), *phase.tally.cut_off[:10], sep="\n")


if __name__ == "__main__":
    main(prog_name="scripts/drain")
