"""What is measured, in which order, and what the samples amount to."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from scripts.benchmark.load import CREATE, LIST, MIXED, READ, SIGN_IN, Broken, Load, Result, Run
from scripts.benchmark.servers import ROOT, Server

DRIVER = "driver"
# A sign-in waits for a free thread: more of them at once are refused.
SIGNING_IN = Load(mix=SIGN_IN, connections=8)
FEW_READERS = Load(mix=READ, connections=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `beside` is a load on the same server at the same time."""

    name: str
    server: str
    load: Load
    beside: Load | None = None
    against: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row in one round."""

    result: Result
    cpu_seconds: float
    peak_mb: float

    @property
    def cpu_per_1000(self) -> float:
        return 1000 * self.cpu_seconds / self.result.requests


BARE_DRIVER, BARE_AIOHTTP = "bare driver, no HTTP", "bare aiohttp, constant bytes"
READ_BY_HAND, LIST_BY_HAND, CREATE_BY_HAND = "read a post, by hand", "list of 20, by hand", "create a draft, by hand"
READ_POST, LIST_POSTS, CREATE_POST = "read a post", "list of 20", "create a draft"
SIGN_INS, MIXTURE = "sign in", "90 % read, 8 % list, 2 % create"
QUIET, STORM = "read a post, 16 connections", "the same while 8 connections sign in"

ROWS = (
    Row(name=BARE_AIOHTTP, server="constant", load=Load(mix=READ)),
    Row(name=BARE_DRIVER, server=DRIVER, load=Load(mix=READ)),
    Row(name=READ_BY_HAND, server="by hand", load=Load(mix=READ)),
    Row(name=READ_POST, server="blogapi", load=Load(mix=READ), against=READ_BY_HAND),
    Row(name=LIST_BY_HAND, server="by hand", load=Load(mix=LIST)),
    Row(name=LIST_POSTS, server="blogapi", load=Load(mix=LIST), against=LIST_BY_HAND),
    Row(name=CREATE_BY_HAND, server="by hand", load=Load(mix=CREATE)),
    Row(name=CREATE_POST, server="blogapi", load=Load(mix=CREATE), against=CREATE_BY_HAND),
    Row(name=SIGN_INS, server="blogapi", load=SIGNING_IN),
    Row(name=QUIET, server="blogapi", load=FEW_READERS),
    Row(name=STORM, server="blogapi", load=FEW_READERS, beside=SIGNING_IN),
)


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
    """The servers, and the requests that they get."""

    servers: Mapping[str, Server]
    requests: Path
    environ: Mapping[str, str]

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
        if row.server == DRIVER:
            return self._drive(row, seconds, seed)
        server = self.servers[row.server]
        server.settle()
        if row.beside is None:
            return self._load(server, row.load, seconds, seed)
        beside = Run(row.beside, server.port, self.requests, seconds=seconds + 1, seed=seed)
        try:
            time.sleep(0.5)
            sample = self._load(server, row.load, seconds, seed)
            beside.result()
        finally:
            beside.stop()
        return sample

    def _load(self, server: Server, load: Load, seconds: float, seed: int) -> Sample:
        server.forget_peak()
        before = server.cpu_seconds()
        result = Run(load, server.port, self.requests, seconds=seconds, seed=seed).result()
        return Sample(result=result, cpu_seconds=server.cpu_seconds() - before, peak_mb=server.memory("VmHWM"))

    def _drive(self, row: Row, seconds: float, seed: int) -> Sample:
        values = [str(self.requests / "read"), str(seconds), str(row.load.connections), str(seed)]
        command = [sys.executable, "-P", "-m", "scripts.benchmark.driver", *values]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=dict(self.environ),
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
            sample = self._load(server, load, 4, seed=len(found.samples) + 1)
            found.samples.append(sample)
            found.memory_mb.append(server.memory())
        return found
