"""The command behind scripts/coherence."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from blogapi.errors import ConfigError
from scripts.labs.bench.load import Broken
from scripts.labs.coherence.drill import Plan, drill, place
from scripts.labs.coherence.findings import MUST_BE_NONE, Findings
from scripts.labs.coherence.writer import MIX, Refused
from scripts.labs.drills import found_table, percentile, seed_option

MISSED, FAILED, CONFIGURATION, INTERRUPTED = 1, 1, 78, 130


class Mix(click.ParamType[dict[str, float]]):
    """`publish=4,trash=1`: how often a writer takes each step; those that are not named are not taken."""

    name = "mix"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:
        found: dict[str, float] = {}
        for part in value.split(",") if isinstance(value, str) else ():
            step, _, weight = part.partition("=")
            if step not in MIX:
                self.fail(f"{step!r} is not one of {', '.join(MIX)}.", param, ctx)
            try:
                found[step] = float(weight)
            except ValueError:
                self.fail(f"{part!r} is not a step, '=' and a number.", param, ctx)
            if not 0 <= found[step] < float("inf"):
                self.fail(f"{weight} is not a weight.", param, ctx)
        return found or dict(value)


_SHOWN_MIX = ",".join([f"{step}={weight:g}" for step, weight in MIX.items()])
_AT_LEAST_ONE = click.IntRange(1)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--processes", type=_AT_LEAST_ONE, default=4, show_default=True, help="On one database.")
@click.option("--writers", type=_AT_LEAST_ONE, default=8, show_default=True, help="Each on one process.")
@click.option("--outsiders", type=click.IntRange(0), default=2, show_default=True, help="Write past all processes.")
@click.option("--readers", type=click.IntRange(0), default=16, show_default=True, help="Each on one process.")
@click.option("--writes", type=_AT_LEAST_ONE, default=10_000, show_default=True, help="At least so many.")
@click.option("--reads", type=_AT_LEAST_ONE, default=200_000, show_default=True, help="At least so many.")
@click.option("--mix", type=Mix(), default=MIX, show_default=_SHOWN_MIX, help="What writers do, with weights.")
@click.option("--cuts/--no-cuts", default=True, show_default=True, help="Cut change streams every 1 to 5 seconds.")
@click.option("--elections/--no-elections", help="Let the primary step down every 5 to 15 seconds.  [default: not]")
@seed_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(seed: int, as_json: bool, **options: Any) -> None:
    """Look for reads that are out of date while several processes write. Exit code 1: a bound was missed."""
    plan = Plan(seed=seed, **options)
    try:
        findings = _run(plan)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except ConfigError as error:
        _fail(str(error), CONFIGURATION)
    except (Broken, Refused, OSError) as error:
        _fail(str(error), FAILED)
    except ExceptionGroup as group:
        gone, others = group.split(OSError)
        if gone is None or others is not None:
            raise
        _fail(f"a process is gone: {gone}", FAILED)
    if as_json:
        click.echo(json.dumps({"seed": plan.seed, **findings.as_json()}, indent=2))
    else:
        _show(findings, plan)
    for told in findings.told:
        click.echo(told, err=True)
    sys.exit(0 if findings.is_passed else MISSED)


def _run(plan: Plan) -> Findings:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        starting = bars.add_task("starting", total=None)
        with place(plan.processes) as where:
            bars.remove_task(starting)
            writes, reads = bars.add_task("writes", total=plan.writes), bars.add_task("reads", total=plan.reads)

            def advance(findings: Findings) -> None:
                bars.update(writes, completed=findings.writes)
                bars.update(reads, completed=findings.reads)

            return asyncio.run(drill(where, plan, advance))


def _show(findings: Findings, plan: Plan) -> None:
    Console().print(found_table(plan.seed, _rows(findings)))


def _rows(findings: Findings) -> Iterator[tuple[str, str, str]]:
    yield "processes", str(findings.processes), ""
    yield "writes acknowledged", f"{findings.writes:,}", ""
    refused = ", ".join([f"{status or 'cut off'}: {count:,}" for status, count in sorted(findings.refused.items())])
    yield "writes refused", refused or "0", ""
    yield "reads checked", f"{findings.reads:,}", ""
    yield "of them from the cache", f"{findings.hits / max(1, findings.reads):.1%}", ""
    yield "of them while it stood aside", f"{findings.bypasses:,}", ""
    yield "change streams cut", f"{findings.cuts:,}", ""
    if findings.outages_allowed:
        yield "primaries that stepped down", f"{findings.elections:,}", ""
        yield "reads refused meanwhile", f"{findings.unavailable:,}", ""
    for what in MUST_BE_NONE:
        yield what, f"{findings.violations[what]:,}", "0"
    yield "reads out of date", f"{len(findings.ages):,}", ""
    for what, seconds, worst in (("by", findings.ages, ""), ("lag", findings.lags, "1000")):
        if seconds:
            yield f"{what}, p50, ms", _ms(percentile(seconds, 50)), ""
            yield f"{what}, p99, ms", _ms(percentile(seconds, 99)), worst and "< 100"
            yield f"{what}, longest, ms", _ms(max(seconds)), worst and f"< {worst}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _fail(why: str, status: int) -> NoReturn:
    click.echo(f"scripts/coherence: {why}", err=True)
    sys.exit(status)


def _end(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # else nobody would stop the servers
    main(prog_name="scripts/coherence")
