"""What came of it: the tables, on the terminal and as Markdown, and which targets are met."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from scripts.labs import ROOT
from scripts.labs.bench import rows as names
from scripts.labs.bench.holding import FULL, Holding
from scripts.labs.bench.reloads import Reloads
from scripts.labs.bench.rows import MIXTURE, Endurance, Row, Sample, Samples
from scripts.labs.bench.texts import BOMBS, Texts

MOST_MEMORY_MB, MOST_GROWTH, MOST_P99, MOST_DELAY = 120, 1.05, 1.5, 3
MOST_FULL_MB = 150
MOST_RELOAD_SECONDS = 1
LEAST_COUNTED = 0.97
_PACKAGES = ("aiohttp", "motor", "pymongo", "uvloop", "orjson", "marshmallow")
_HEADERS = ("", "requests/s", "p50 ms", "p99 ms", "CPU s per 1,000", "peak MB", "of its reference")

# What the numbers stand on, under the table of the document.
_NOTES = """\
Medians of {rounds} interleaved rounds of {seconds} s; 64 connections unless the row says otherwise; one worker process
each; load generator and database on the same machine. Ratios count, absolute numbers belong to this machine: a ratio is
taken within each round, and the median of these is shown. CPU is that of the server's processes. Peak memory is that
during the row, in the largest process, which serves all rows of its kind. {posts:,} posts of about 9 KB of Markdown,
made by `blogapi seed`; the bare drivers read the same ones by id. There is a cache where the row says so, and
there 1,000 of the posts are read: of the default size it holds about 6,000. The rows of short posts have a database of
their own, with 10,000 posts of about 4 KB of Markdown, whose answers are 12 KB long. blogapi
writes its request log, and counts against rates that are not reached. The rows by hand ([by_hand.py]({by_hand}))
answer the same JSON, which each run verifies first; bare aiohttp sends the bytes of a middling answer and writes no
log. The 500 writes a second come from another process, straight to the database, half of them to what readers see; of
these {written} were reached. Database, writer and load generator take their share of the cores: the row of bare
aiohttp amid writes says what is left to any server. The rows with a number of posts are uncached reads through Motor of
posts of 1 KB; late pages begin with page 5,000 of 20 posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something asked for, and whether it was met."""

    name: str
    asked: str
    measured: str
    is_met: bool


def judge(rows: Iterable[Row], samples: Samples, endurance: Endurance) -> list[Target]:
    """The targets of one run on one machine."""
    found = judge_rows(rows, samples)
    growth = samples.ratio(names.AMID_STORM, names.QUIET, lambda sample: sample.result.p99_ms)
    name = "p99 of reads amid sign-ins, resets and registrations"
    asked = f"at most {MOST_P99} times that without"
    found.append(Target(name=name, asked=asked, measured=f"{growth:.2f}", is_met=growth <= MOST_P99))
    counted = samples.ratio(names.CACHED_READ, names.NOT_COUNTED, _rate)
    asked = f"at least {LEAST_COUNTED} of the rate with metrics off"
    name = "cached read, which metrics count"
    found.append(Target(name=name, asked=asked, measured=f"{counted:.2f}", is_met=counted >= LEAST_COUNTED))
    return [*found, *_of_memory(endurance)]


def judge_rows(rows: Iterable[Row], samples: Samples) -> list[Target]:
    """Which rows are as fast as they are asked to be."""
    found = []
    for row in rows:
        if row.least:
            ratio = samples.ratio(row.name, row.against, _rate)
            asked = f"at least {row.least} of: {row.against}"
            found.append(Target(name=row.name, asked=asked, measured=f"{ratio:.2f}", is_met=ratio >= row.least))
    return found


def judge_holding(holding: Holding) -> Target:
    """What a full cache takes."""
    return Target(
        name="memory of a worker whose cache is full",
        asked=f"at most {MOST_FULL_MB} MB, with {100 * FULL:.0f} % or more of {holding.most_kept_mb:.0f} MB kept",
        measured=f"{holding.peak_mb:.0f} MB, {holding.kept_mb:.0f} MB kept",
        is_met=holding.is_full and holding.peak_mb <= MOST_FULL_MB,
    )


def judge_texts(texts: Texts) -> Target:
    """Whether an author notices the long posts of another."""
    return Target(
        name=f"one-line post amid {BOMBS} long ones of another author",
        asked=f"at most {MOST_DELAY} times as long as undisturbed",
        measured=f"{texts.ratio:.2f} ({texts.alone_ms:.1f} and {texts.amid_ms:.1f} ms, at worst {texts.worst_ms:.0f})",
        is_met=texts.ratio <= MOST_DELAY,
    )


def judge_reloads(reloads: Reloads) -> Target:
    """Whether who develops waits."""
    return Target(
        name="from saving a file to the first answer of the new code",
        asked=f"at most {MOST_RELOAD_SECONDS} s",
        measured=f"{reloads.middle:.2f} s, at worst {max(reloads.taken):.2f}",
        is_met=reloads.middle <= MOST_RELOAD_SECONDS,
    )


def _of_memory(endurance: Endurance) -> Iterator[Target]:
    enough, after = endurance.requests >= endurance.wanted, f"after {endurance.requests:,} mixed requests"
    peak = max(sample.peak_mb for sample in endurance.samples)
    asked = f"under {MOST_MEMORY_MB} MB after {endurance.wanted:,} mixed requests"
    yield Target(name="memory", asked=asked, measured=f"{peak:.0f} MB {after}", is_met=enough and peak < MOST_MEMORY_MB)
    asked, grown = "under 5 % over the last 60 % of them", f"{100 * (endurance.growth - 1):+.1f} %"
    yield Target(name="growth of memory", asked=asked, measured=grown, is_met=enough and endurance.growth < MOST_GROWTH)


def _rate(sample: Sample) -> float:
    return sample.result.rate


def lines(rows: Iterable[Row], samples: Samples, endurance: Endurance | None) -> list[tuple[str, ...]]:
    """The main table, as text."""
    everything = samples if endurance is None else Samples({**samples.of, MIXTURE: endurance.samples})
    references = {row.name: row.against for row in rows}
    found: list[tuple[str, ...]] = []
    for name in everything.of:
        against = references.get(name, "")
        found.append(
            (
                name,
                f"{everything.median(name, _rate):,.{0 if name != names.SIGN_INS else 1}f}",
                f"{everything.median(name, lambda sample: sample.result.p50_ms):,.1f}",
                f"{everything.median(name, lambda sample: sample.result.p99_ms):,.1f}",
                f"{everything.median(name, lambda sample: sample.cpu_per_1000):.3f}",
                f"{max(sample.peak_mb for sample in everything.of[name]):.0f}",
                f"{everything.ratio(name, against, _rate):.2f}" if against else "",
            )
        )
    return found


def show_soak(endurance: Endurance) -> None:
    """What a server held while it was asked a great many things: a line for each tenth of them."""
    table, asked = Table("requests", "MB", "open files", "tasks", "requests/s", box=box.SIMPLE_HEAD), 0
    for column in table.columns:
        column.justify = "right"
    each = max(1, len(endurance.samples) // 10)
    for number, sample in enumerate(endurance.samples, start=1):
        asked += sample.result.requests
        if number % each == 0:
            files, tasks = endurance.open_files[number - 1], endurance.tasks[number - 1]
            held = f"{endurance.memory_mb[number - 1]:.0f}", f"{files}", f"{tasks}"
            table.add_row(f"{asked:,}", *held, f"{sample.result.rate:,.0f}")
    Console(highlight=False).print(table)


def show(rows: Iterable[Row], samples: Samples, endurance: Endurance | None, targets: Iterable[Target]) -> None:
    """Both tables on the terminal."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=140)
    table = Table(*_HEADERS, box=box.SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines(rows, samples, endurance):
        table.add_row(*line)
    console.print(table)
    show_targets(targets)


def show_targets(targets: Iterable[Target]) -> None:
    """Which of them are met, on the terminal."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=140)
    table = Table("target", "asked", "measured", "", box=box.SIMPLE_HEAD)
    for target in targets:
        verdict = "[green]met[/]" if target.is_met else "[bold red]missed[/]"
        table.add_row(target.name, target.asked, target.measured, verdict)
    console.print(table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Under which circumstances it was measured."""

    command: str
    rounds: int
    seconds: int
    posts: int
    mongod: str


def markdown(
    rows: Iterable[Row],
    samples: Samples,
    endurance: Endurance,
    targets: Iterable[Target],
    setting: Setting,
    file: Path,
) -> str:
    """The document, as it will stand in `file`."""
    by_hand = os.path.relpath(Path(__file__).with_name("by_hand.py"), file.absolute().parent)
    written = [sample.written for found in samples.of.values() for sample in found if sample.written is not None]
    about = {"rounds": setting.rounds, "seconds": setting.seconds, "posts": setting.posts, "by_hand": by_hand}
    notes = _NOTES.format(**about, written=f"{median(written):.0f}" if written else "none")
    verdicts = [(each.name, each.asked, each.measured, "met" if each.is_met else "**missed**") for each in targets]
    facts = "\n".join(f"* {name}: {value}" for name, value in _facts(setting))
    memory = ", ".join(f"{mb:.0f}" for mb in endurance.memory_mb)
    parts = (
        "# Benchmarks",
        "Written by `scripts/bench`; [how to run it](../how-to/benchmark.md).",
        facts,
        _table(_HEADERS, lines(rows, samples, endurance), numbers=6),
        notes,
        "## Targets",
        _table(("target", "asked", "measured", ""), verdicts, numbers=0),
        f"Memory in MB during the mixed requests, every few thousand of them: {memory}.",
    )
    return "\n\n".join(parts) + "\n"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> str:
    rules = ["--"] * (len(headers) - numbers) + ["--:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headers, rules, *rows))


def _facts(setting: Setting) -> Iterator[tuple[str, str]]:
    yield "Command", f"`{setting.command}`"
    yield "Commit", _commit()
    yield "Date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "Machine", f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}"
    yield "Python", platform.python_version()
    versions = [f"{package} {importlib.metadata.version(package)}" for package in _PACKAGES]
    yield "Versions", ", ".join([*versions, f"MongoDB {setting.mongod}"])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--short=12", "HEAD")
    if not commit:
        return "not known"
    return f"{commit}, with changes that are not committed" if git("status", "--porcelain", "-uno") else commit
