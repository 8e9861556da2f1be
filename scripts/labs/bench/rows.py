"""What is measured, in which order, and what the samples amount to."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from scripts.labs import ROOT
from scripts.labs.bench.load import (
    CREATE,
    FIRST,
    HOT,
    KNOWN,
    LATE,
    LIST,
    MIXED,
    READ,
    SIGN_IN,
    STORM,
    Broken,
    Load,
    Result,
    Run,
    Writes,
    Writing,
)
from scripts.labs.bench.servers import Server

# A sign-in waits for a free thread: more of them at once are refused.
SIGNING_IN = Load(mix=SIGN_IN, connections=8)
STORMING = Load(mix=STORM, connections=8)
FEW_READERS = Load(mix=READ, connections=16)
# Half of them edits of working copies, half publications of changed posts, by somebody else.
WRITES = Writes(per_second=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a load on one of the servers.

    `beside` goes on at the same time. `least` is asked for, as a part of the rate of the row `against`. `warm` are the
    seconds for which it is asked before it is measured, since the row before may have emptied a cache.
    """

    name: str
    server: str
    load: Load
    beside: Load | Writes | None = None
    against: str = ""
    least: float = 0
    warm: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row in one round. `written`: how many writes a second there were beside it."""

    result: Result
    cpu_seconds: float
    peak_mb: float
    written: float | None = None

    @property
    def cpu_per_1000(self) -> float:
        return 1000 * self.cpu_seconds / self.result.requests


# The servers. Those without a cache have the name of their driver.
CONSTANT, CACHED, TWO_WORKERS, UNCOUNTED = "constant", "cached", "two workers", "no metrics"
DRIVERS = ("motor", "pymongo")
BY_HAND, BARE = "by hand on {}", "bare {}"

BARE_READ, BARE_LIST = "bare aiohttp, the bytes of a post", "bare aiohttp, the bytes of a list"
BARE_KNOWN = "bare aiohttp, 304"
BARE_DRIVER = "{}, no HTTP"
READ_BY_HAND, LIST_BY_HAND, CREATE_BY_HAND = "read, by hand, {}", "list of 20, by hand, {}", "create, by hand, {}"
READ_POST, LIST_POSTS, CREATE_POST = "read, {}", "list of 20, {}", "create, {}"
SIGN_INS, MIXTURE = "sign in", "90 % read, 8 % list, 2 % create"
QUIET, AMID_STORM = "read, motor, 16 connections", "the same amid sign-ins, resets and registrations"
CACHED_READ, CACHED_LIST, CACHED_FIRST = "cached read", "cached list of 20", "cached first page"
NOT_COUNTED = "cached read, metrics off"
CACHED_KNOWN, BY_TWO = "cached read, 304", "cached read, two workers"
READ_AMID_WRITES, FIRST_AMID_WRITES = "cached read amid 500 writes/s", "cached first page amid 500 writes/s"
# What the machine leaves to any server while a database and a writer are at work on it.
BARE_AMID_WRITES = "bare aiohttp amid 500 writes/s"


def _uncached(driver: str) -> tuple[Row, ...]:
    hand = BY_HAND.format(driver)
    rows = (
        (READ_BY_HAND, READ_POST, READ, 0.8),
        (LIST_BY_HAND, LIST_POSTS, LIST, 0.8),
        (CREATE_BY_HAND, CREATE_POST, CREATE, 0.7),
    )
    made = [Row(name=BARE_DRIVER.format(driver), server=BARE.format(driver), load=Load(mix=READ))]
    for by_hand, ours, mix, least in rows:
        against, load = by_hand.format(driver), Load(mix=mix)
        made.append(Row(name=against, server=hand, load=load))
        made.append(Row(name=ours.format(driver), server=driver, load=load, against=against, least=least))
    return tuple(made)


ROWS = (
    Row(name=BARE_READ, server=CONSTANT, load=Load(mix=READ)),
    Row(name=CACHED_READ, server=CACHED, load=Load(mix=HOT), against=BARE_READ, least=0.75, warm=1),
    Row(name=NOT_COUNTED, server=UNCOUNTED, load=Load(mix=HOT), against=BARE_READ, warm=1),
    Row(name=BARE_AMID_WRITES, server=CONSTANT, load=Load(mix=READ), beside=WRITES, against=BARE_READ),
    Row(name=BY_TWO, server=TWO_WORKERS, load=Load(mix=HOT), against=CACHED_READ, least=1.35, warm=1),
    Row(
        name=READ_AMID_WRITES, server=CACHED, load=Load(mix=HOT), beside=WRITES, against=CACHED_READ, least=0.8, warm=1
    ),
    Row(name=BARE_LIST, server=CONSTANT, load=Load(mix=LIST)),
    Row(name=CACHED_LIST, server=CACHED, load=Load(mix=LIST), against=BARE_LIST, least=0.75, warm=1),
    Row(name=CACHED_FIRST, server=CACHED, load=Load(mix=FIRST), warm=1),
    Row(
        name=FIRST_AMID_WRITES,
        server=CACHED,
        load=Load(mix=FIRST),
        beside=WRITES,
        against=CACHED_FIRST,
        least=0.5,
        warm=1,
    ),
    Row(name=BARE_KNOWN, server=CONSTANT, load=Load(mix=KNOWN)),
    Row(name=CACHED_KNOWN, server=CACHED, load=Load(mix=KNOWN), against=BARE_KNOWN, least=0.75, warm=1),
    *_uncached("motor"),
    *_uncached("pymongo"),
    Row(name=SIGN_INS, server="motor", load=SIGNING_IN),
    Row(name=QUIET, server="motor", load=FEW_READERS),
    Row(name=AMID_STORM, server="motor", load=FEW_READERS, beside=STORMING),
)

# The same questions to a hundred times as many posts: what costs more there would be a query without an index. Pages
# of 20; the late ones begin with page 5,000 of the many, and with the 100th of the few, who have no more than 237.
FEW, MANY = "few", "many"
LATE_PAGE = 100_000


def scaled(many: int) -> tuple[Row, ...]:
    """Rows on the servers that have this many posts, and a hundredth of them."""
    rows = []
    for what, mix in (("read", READ), ("first page", FIRST), ("late page", LATE)):
        few_name, many_name = (f"{what}, {count:,} posts" for count in (many // 100, many))
        rows.append(Row(name=few_name, server=FEW, load=Load(mix=mix), warm=1))
        rows.append(Row(name=many_name, server=MANY, load=Load(mix=mix), against=few_name, least=0.9, warm=1))
    return tuple(rows)


@dataclass(slots=True)
class Samples:
    """All rounds of all rows. Medians, since a neighbour on the machine spoils single rounds."""

    of: dict[str, list[Sample]] = field(default_factory=dict)

    def add(self, row: str, sample: Sample) -> None:
        self.of.setdefault(row, []).append(sample)

    def median(self, row: str, value: Callable[[Sample], float]) -> float:
        return median(map(value, self.of[row]))

    def ratio(self, row: str, against: str, value: Callable[[Sample], float]) -> float:
        """Of what was measured shortly after each other: the ratio of each round, and of these the median."""
        return median(value(one) / value(other) for one, other in zip(self.of[row], self.of[against], strict=True))


@dataclass(slots=True, kw_only=True)
class Endurance:
    """One server under mixed requests: what it held after each few thousand."""

    wanted: int
    samples: list[Sample] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    open_files: list[int] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return sum(sample.result.requests for sample in self.samples)

    @property
    def growth(self) -> float:
        """From the memory after two fifths of the requests to that after all; 1 is no growth."""
        counts = itertools.accumulate(sample.result.requests for sample in self.samples)
        early = next(mb for count, mb in zip(counts, self.memory_mb, strict=True) if count >= 0.4 * self.requests)
        return self.memory_mb[-1] / early


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The servers, and the requests that they get: `own` has those of servers with other posts than the rest."""

    servers: Mapping[str, Server]
    requests: Path
    environ: Mapping[str, str]
    own: Mapping[str, Path] = field(default_factory=dict)

    def run(self, rows: Sequence[Row], rounds: int, seconds: float, advance: Callable[[str], None]) -> Samples:
        """All rows once to warm up, then in turn, every other time backwards: what drifts hits all alike."""
        for row in rows:
            advance(f"warming up: {row.name}")
            self.measure(row, 1, seed=0)
        samples = Samples()
        for number in range(1, rounds + 1):
            for row in rows if number % 2 else reversed(rows):
                advance(f"round {number} of {rounds}: {row.name}")
                samples.add(row.name, self.measure(row, seconds, seed=number))
        return samples

    def measure(self, row: Row, seconds: float, seed: int) -> Sample:
        if row.server not in self.servers:
            return self._drive(row, seconds, seed)
        server, requests = self.servers[row.server], self.own.get(row.server, self.requests)
        server.settle()
        if row.warm:
            self._load(server, row.load, requests, row.warm, seed)
        if row.beside is None:
            return self._load(server, row.load, requests, seconds, seed)
        beside = self._beside(row.beside, server, seconds + 1, seed)
        try:
            time.sleep(0.5)
            sample = self._load(server, row.load, requests, seconds, seed)
            written = beside.result()
        finally:
            beside.stop()
        return replace(sample, written=written) if isinstance(written, float) else sample

    def _beside(self, load: Load | Writes, server: Server, seconds: float, seed: int) -> Run | Writing:
        if isinstance(load, Writes):
            return Writing(load, self.requests, self.environ, seconds=seconds, seed=seed)
        return Run(load, server.port, self.requests, seconds=seconds, seed=seed)

    def _load(self, server: Server, load: Load, requests: Path, seconds: float, seed: int) -> Sample:
        server.forget_peak()
        before = server.cpu_seconds()
        result = Run(load, server.port, requests, seconds=seconds, seed=seed).result()
        return Sample(result=result, cpu_seconds=server.cpu_seconds() - before, peak_mb=server.memory("VmHWM"))

    def _drive(self, row: Row, seconds: float, seed: int) -> Sample:
        values = [str(self.requests / "read"), str(seconds), str(row.load.connections), str(seed)]
        command = [sys.executable, "-P", "-m", "scripts.labs.bench.driver", *values]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environ, "BLOGAPI_MONGO__DRIVER": row.server.removeprefix(BARE.format(""))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Broken(f"The bare driver failed: {done.stderr.strip()[-2000:]}")
        found = json.loads(done.stdout)
        cpu_seconds, peak_mb = found.pop("cpu_seconds"), found.pop("peak_mb")
        return Sample(result=Result(**found), cpu_seconds=cpu_seconds, peak_mb=peak_mb)

    def endure(self, server: Server, requests: int, until: float, advance: Callable[[str], None]) -> Endurance:
        """Mixed requests on a fresh server until there have been that many, or the time is up."""
        found, load = Endurance(wanted=requests), Load(mix=MIXED)
        while found.requests < requests and time.monotonic() < until:
            advance(f"mixed requests: {found.requests:,} of {requests:,}")
            sample = self._load(server, load, self.requests, 4, seed=len(found.samples) + 1)
            found.samples.append(sample)
            found.memory_mb.append(server.memory())
            found.open_files.append(server.open_files())
            found.tasks.append(server.tasks())
        return found
