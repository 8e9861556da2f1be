"""The servers that are measured, one process each, and what they cost."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.labs import ROOT
from scripts.labs.bench.load import Broken

BLOGAPI = ("blogapi", "serve", "--empty")
HANDWRITTEN = ("scripts.labs.bench.by_hand",)
UNCHANGING = ("scripts.labs.bench.constant",)
_START_SECONDS, _STOP_SECONDS, _SETTLE_SECONDS, _STOCK_SECONDS = 30, 30, 15, 10
_TICKS = os.sysconf("SC_CLK_TCK")
MB = 1e6


class Server:
    """A process of ours that serves HTTP on a loopback port and writes a log, and those that it has started."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.port, self._process, self._log = port, process, log

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

    def etag(self, path: str) -> str:
        """Of what is there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("HEAD", path)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        return answer.headers["ETag"]

    def open_files(self) -> int:
        """Of the process that has most of them: files, sockets, pipes."""
        return max(len(list((proc / "fd").iterdir())) for proc in self._family())

    def tasks(self) -> int:
        """Of the worker's loop. Raises Broken."""
        return int(self._say(rb"holds ([0-9]+) tasks"))

    def kept_mb(self) -> float:
        """What the worker's read cache keeps, in megabytes. Raises Broken."""
        return float(self._say(rb"kept answers of ([0-9.]+) MB"))

    def _say(self, what: bytes) -> str:
        """What the worker says of what it holds, when it is asked."""
        known, deadline = self._log.stat().st_size, time.monotonic() + _STOCK_SECONDS
        self._process.send_signal(signal.SIGUSR1)
        while time.monotonic() < deadline:
            with self._log.open("rb") as log:
                log.seek(known)
                if found := re.search(what, log.read()):
                    return found[1].decode()
            time.sleep(0.02)
        raise Broken("The server does not say what it holds.")

    def cpu_seconds(self) -> float:
        """What all threads of all its processes have used so far."""
        # The name in parentheses may hold spaces; utime and stime are the 12th and 13th value behind it.
        stats = [(proc / "stat").read_text().rpartition(")")[2].split() for proc in self._family()]
        return sum(int(values[11]) + int(values[12]) for values in stats) / _TICKS

    def memory(self, name: str = "VmRSS") -> float:
        """Of its largest process, in megabytes; `VmHWM` is the peak since `forget_peak`."""
        lines = [line for proc in self._family() for line in (proc / "status").read_text().splitlines()]
        return max(int(line.split()[1]) * 1024 / MB for line in lines if line.startswith(f"{name}:"))

    def forget_peak(self) -> None:
        for proc in self._family():
            (proc / "clear_refs").write_text("5")

    def _family(self) -> list[Path]:
        """In /proc: what was started, what that has started, and so on."""
        found = [Path("/proc", str(self._process.pid))]
        for proc in found:  # which grows meanwhile
            children = [pid for task in (proc / "task").iterdir() for pid in (task / "children").read_text().split()]
            found += [Path("/proc", pid) for pid in children]
        return found

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
        server = Server(process, port, log)
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
