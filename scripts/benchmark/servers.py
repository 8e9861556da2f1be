"""The servers that are measured, one process each, and what they cost."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.benchmark.load import Broken

ROOT = Path(__file__).resolve().parents[2]
BLOGAPI = ("blogapi", "serve", "--empty")
BY_HAND = ("scripts.benchmark.by_hand",)
CONSTANT = ("scripts.benchmark.constant",)
_START_SECONDS, _STOP_SECONDS, _SETTLE_SECONDS = 30, 30, 15
_TICKS = os.sysconf("SC_CLK_TCK")
MB = 1e6


class Server:
    """A process of ours that serves HTTP on a loopback port."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port, self._process, self._proc = port, process, Path("/proc", str(process.pid))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        return self.ask("GET", path, headers=headers)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """The body of a 2xx answer. Raises Broken, OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise Broken(f"{method} {path} on port {self.port} answered {answer.status}: {content[:300]!r}")
        return content

    def cpu_seconds(self) -> float:
        """What all its threads have used so far."""
        # The name in parentheses may hold spaces; utime and stime are the 12th and 13th value behind it.
        values = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / _TICKS

    def memory(self, name: str = "VmRSS") -> float:
        """In megabytes; `VmHWM` is the peak since `forget_peak`."""
        lines = (self._proc / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / MB for line in lines if line.startswith(f"{name}:"))

    def forget_peak(self) -> None:
        (self._proc / "clear_refs").write_text("5")

    def settle(self) -> None:
        """Wait until what an earlier load left behind is done: such as passwords whose clients have gone."""
        deadline, before = time.monotonic() + _SETTLE_SECONDS, -1.0
        while time.monotonic() < deadline and (now := self.cpu_seconds()) - before > 0.02:
            before = now
            time.sleep(0.2)


@contextmanager
def serving(module: Sequence[str], port: int, environ: Mapping[str, str], log: Path) -> Iterator[Server]:
    """A server from its first answer on; stopped at the end. Raises Broken when it does not start."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", *module],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environ, "BLOGAPI_SERVER__PORT": str(port)},
        )
    try:
        server = Server(process, port)
        _wait_for(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.get("/readyz")
            return
        except (OSError, http.client.HTTPException, Broken):
            time.sleep(0.05)
    end = log.read_text(errors="replace").strip()[-2000:]
    raise Broken(f"{process.args!r} did not start: {end}")
