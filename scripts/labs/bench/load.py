"""Loads, sent by wrk."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.labs import ROOT

SCRIPT = Path(__file__).with_name("load.lua")
# Of every hundred requests.
READ, LIST, CREATE, SIGN_IN = {"read": 100}, {"list": 100}, {"create": 100}, {"sign-in": 100}
# All that makes an account's owner or a stranger wait for a hash or a mail.
STORM = {"sign-in": 50, "register": 25, "forgot": 25}
# Reads of as many posts as a cache of the default size holds; first pages of lists; reads by who has the post already.
HOT, FIRST, KNOWN = {"hot": 100}, {"first": 100}, {"known": 100}
# Reads of all posts, of some far more often than of others.
POPULAR = {"popular": 100}
# Pages far from the first one.
LATE = {"late": 100}
MIXED = {"read": 90, "list": 8, "create": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Which requests come, over how many connections."""

    mix: Mapping[str, int]
    connections: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """How many writes come from another process, straight to the database."""

    per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the clients saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


class Broken(Exception):
    """A run whose numbers mean nothing."""


def is_there() -> bool:
    return shutil.which("wrk") is not None


class Run:
    """A load on its way. `seed` decides the order of the requests: two servers get the same ones."""

    def __init__(self, load: Load, port: int, requests: Path, *, seconds: float, seed: int) -> None:
        self._what = f"{'/'.join(load.mix)} on port {port}"
        mix = [f"{kind}={weight}" for kind, weight in load.mix.items()]
        # One thread of wrk sends far more than one process of ours can answer. It takes whole seconds.
        options = ["-t1", f"-c{load.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        target = [f"http://127.0.0.1:{port}", "--", str(requests), str(seed), secrets.token_hex(4), *mix]
        self._process = subprocess.Popen(
            ["wrk", *options, "--script", str(SCRIPT), *target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def result(self) -> Result:
        """Wait for the end. Raises Broken when a request failed."""
        try:
            said, _ = self._process.communicate()
        finally:
            self.stop()
        last = (said.strip().splitlines() or [""])[-1]
        if self._process.returncode or not last.startswith("{"):
            raise Broken(f"wrk ended with {self._process.returncode} ({self._what}): {said.strip()}")
        found = json.loads(last)
        refused, broken = found.pop("refused"), found.pop("broken")
        if refused or broken or not found["requests"]:
            count = found["requests"]
            raise Broken(f"{self._what}: of {count} requests {refused} were refused and {broken} got no answer.")
        return Result(**found)

    def stop(self) -> None:
        """End it early."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)


class Writing:
    """Writes on their way, spread over all posts but those that readers are to find unchanged."""

    def __init__(self, load: Writes, requests: Path, environ: Mapping[str, str], *, seconds: float, seed: int) -> None:
        self._seconds = seconds
        values = [str(load.per_second), str(seconds), str(seed), str(requests / "known")]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scripts.labs.bench.writer", *values],
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def result(self) -> float:
        """Wait for the end; returns how many there were in a second: fewer on a busy machine. Raises Broken."""
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise Broken(f"The writes beside the reads failed: {said.strip()[-2000:]}")
        return int(said) / self._seconds

    def stop(self) -> None:
        """End it early."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)
