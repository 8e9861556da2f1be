"""Keeps one mongod alive on its data folder for as long as somebody uses that folder.

It runs as a process of its own, started by `mongod.py` beside it, so that it outlives a server that was
killed and can stop the database behind it. Only the standard library is imported, to stay small.

Who uses the folder is a matter of locks, which the kernel lets go of however a process ends: users share `users.lock`,
the keeper holds `keeper.lock`, and once it gets `users.lock` for itself nobody is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

# What lies in a data folder. `port` is that of last time: on the same one the replica set needs no new configuration.
DATABASE, LOG, STATE, PORT = "db", "mongod.log", "state.json", "port"
USERS_LOCK, START_LOCK, KEEPER_LOCK = "users.lock", "start.lock", "keeper.lock"

REPLICA_SET = "rs0"
START_SECONDS = 60
"""How long mongod may take until it accepts connections; recovery after a crash is part of it."""
STOP_SECONDS = 30
"""How long mongod may take to end after SIGTERM before it is killed."""

# Below the ports that the kernel hands out to clients: while mongod restarts, no outgoing connection can take its port.
PORTS = range(20_000, 30_000)
# A cache this small would write changed pages out again and again, long before the next checkpoint: much of what a bulk
# load costs. So more of it may hold changes than usual (5 and 20 percent; of those in updates 2.5 and 10).
EVICTION = "eviction_dirty_target=50,eviction_dirty_trigger=75,eviction_updates_target=40,eviction_updates_trigger=60"
ON_LINUX = sys.platform == "linux"
BECOME = str(Path(__file__).with_name("become.py"))
LOG_BYTES = 16 * 1024 * 1024


# What goes by itself, as mongod and the system say it.
_PASSING = (
    "address already in use",
    "another mongod instance is already running",
    "resource temporarily unavailable",
    "cannot allocate memory",
    "too many open files",
    "resource busy",
)
NOT_YET = "not yet: "
"""Before what a keeper answers that may be different at the next start."""


class MongodFailed(Exception):
    """mongod did not start, or ended by itself. The message is what it said."""


class MongodNotYet(MongodFailed):
    """The same, and another start may be all that it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the database of a folder is: its port, and the process ids of mongod and keeper."""

    port: int
    mongod: int
    keeper: int


def read_state(folder: Path) -> State | None:
    """What the keeper of the folder wrote last, or None."""
    try:
        return State(**json.loads((folder / STATE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def try_lock(path: Path, kind: int) -> int | None:
    """Take a lock (fcntl.LOCK_SH or LOCK_EX) until the returned descriptor is closed; None when others hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor


def is_free(path: Path, kind: int) -> bool:
    """Whether the lock could be had at this moment."""
    descriptor = try_lock(path, kind)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def free_port(preferred: int = 0) -> int:
    """The preferred port if nobody listens there, else a free one."""
    drawn = (PORTS[int.from_bytes(os.urandom(4)) % len(PORTS)] for _ in range(200))
    for port in (preferred, *drawn):
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            # As mongod does: a port on which only closed connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port:
                probe.bind(("127.0.0.1", port))
                return port
    raise MongodNotYet(f"no port from {PORTS.start} to {PORTS.stop} is free on 127.0.0.1")


def start_mongod(
    mongod: Path,
    dbpath: Path,
    port: int,
    log: Path,
    *,
    ttl_seconds: int | None = None,
    give_up: Callable[[], bool] = lambda: False,
    started: Callable[[int], None] = lambda pid: None,
) -> subprocess.Popen[bytes]:
    """Start a mongod for a replica set that may have to be initiated yet, and wait until it accepts connections.

    Where the kernel can (Linux), it dies with the thread that calls this: call it from the main thread. `started` is
    told the process id at once. Raises MongodFailed, and nothing is left running then.
    """
    arguments = [
        *(str(mongod), "--dbpath", str(dbpath), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
        *("--logpath", str(log), "--logappend", "--replSet", REPLICA_SET, "--oplogSize", "64"),
        *("--wiredTigerCacheSizeGB", "0.25", "--wiredTigerEngineConfigString", EVICTION),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]
    if ttl_seconds is not None:
        arguments += ["--setParameter", f"ttlMonitorSleepSecs={ttl_seconds}"]
    offset = size(log)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", BECOME, str(os.getpid()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "LC_ALL": "C"},  # older servers refuse to start in a locale that is not installed
        )
    try:
        started(process.pid)
        _wait_until_ready(process, log, offset, give_up)
    except BaseException:
        stop_mongod(process, seconds=5)
        raise
    return process


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, offset: int, give_up: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    # The log knows better than a connection: whoever else listens on that port would answer as well.
    while not any(b"aiting for connections" in line for line in _lines(log, offset)):
        if process.poll() is not None:
            raise _failure(why(log, offset, process.returncode), process.returncode)
        if give_up():
            raise MongodNotYet("it was not needed any more")
        if time.monotonic() > deadline:
            raise MongodNotYet(f"it did not accept connections within {START_SECONDS} seconds")
        time.sleep(0.02)


def passes(reason: str) -> bool:
    """Whether this may be different at the next start."""
    return any(known in reason.lower() for known in _PASSING)


def _failure(reason: str, returncode: int = 0) -> MongodFailed:
    # Nobody kills it but a system that runs out of memory, or a person.
    is_passing = returncode == -signal.SIGKILL or passes(reason)
    return MongodNotYet(reason) if is_passing else MongodFailed(reason)


def stop_mongod(process: subprocess.Popen[bytes], *, seconds: float = STOP_SECONDS) -> None:
    """End mongod cleanly, or by force when that takes longer."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def size(log: Path) -> int:
    """How long the log is, to tell later what was added to it."""
    return log.stat().st_size if log.exists() else 0


def why(log: Path, offset: int, returncode: int) -> str:
    """The line that tells why mongod ended, from what it logged behind the offset."""
    if returncode == -signal.SIGILL:
        return "this processor lacks AVX, which MongoDB needs since version 5"
    if error := first_error(log, offset):
        return error
    # Said before logging began, say by the loader about a missing library.
    said = [line.decode(errors="replace").strip() for line in _lines(log, offset) if not line.startswith(b"{")]
    errors = [line for line in said if "error" in line.lower()]
    return next(filter(None, reversed(errors or said)), f"it ended with exit code {returncode} and did not say why")


def first_error(log: Path, offset: int) -> str | None:
    """The first error that a mongod logged behind the offset: the cause; panics that follow it are consequences."""
    for line in _lines(log, offset):
        with contextlib.suppress(ValueError):  # what is not JSON, or not yet whole
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("s") in ("E", "F"):
                return _sentence(entry)
    return None


def _sentence(entry: dict[str, object]) -> str:
    attributes = entry.get("attr")
    detail: object = attributes
    if isinstance(attributes, dict):
        detail = attributes.get("message") or attributes.get("error") or attributes
    if isinstance(detail, dict):
        parts = [str(detail[key]) for key in ("msg", "errmsg", "error_str") if key in detail]
        detail = ": ".join(parts) or json.dumps(detail)
    return " ".join(f"{entry.get('msg')}: {detail}".split())[:500] if detail else str(entry.get("msg"))


def _lines(log: Path, offset: int) -> Iterator[bytes]:
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        file.seek(offset)
        yield from file


class Keeper:
    """One run on one folder, by who holds `keeper.lock`."""

    def __init__(self, folder: Path, mongod: Path, ttl_seconds: int | None) -> None:
        self._folder, self._mongod, self._ttl_seconds = folder, mongod, ttl_seconds
        self._log = folder / LOG
        self._users = os.open(folder / USERS_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        self._is_over = False
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def run(self, ready: Callable[[], None]) -> None:
        """Start mongod, say that it is ready, and come back when nobody needs it any more and it has ended.

        Raises MongodFailed when even the first start fails; later ones are repeated.
        """
        self._end_orphan()
        if size(self._log) > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        (self._folder / DATABASE).mkdir(exist_ok=True)
        process = None
        try:
            port, process = self._start_first()
            (self._folder / PORT).write_text(f"{port}\n")
            ready()
            process = self._watch(port, process)
        finally:
            # First of all, so that nobody who comes now looks for a database that is about to end.
            (self._folder / STATE).unlink(missing_ok=True)
            if process:
                stop_mongod(process)

    def _start_first(self) -> tuple[int, subprocess.Popen[bytes]]:
        try:
            port = int((self._folder / PORT).read_text())
        except (OSError, ValueError):
            port = 0
        port = free_port(port)
        try:
            return port, self._start(port)
        except MongodFailed as error:
            if "Address already in use" not in str(error):
                raise
        port = free_port()  # somebody was faster between the look and the start
        return port, self._start(port)

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        return start_mongod(
            self._mongod,
            self._folder / DATABASE,
            port,
            self._log,
            ttl_seconds=self._ttl_seconds,
            give_up=self._nobody_is_left,
            started=lambda pid: self._tell(port, pid),
        )

    def _watch(self, port: int, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        delay, born = 0.0, time.monotonic()
        while self._sleep(0.2):
            if process.poll() is None:
                continue
            delay = 0.0 if time.monotonic() - born > 60 else min(max(0.2, delay * 2), 10)
            if self._sleep(delay):
                born = time.monotonic()
                # Why it did not start is in the log; the port, the disk or memory may be free again next time.
                with contextlib.suppress(MongodFailed, OSError):
                    process = self._start(port)
        return process

    def _sleep(self, seconds: float) -> bool:
        """Wait, but not longer than somebody needs the database; false when nobody does."""
        end = time.monotonic() + seconds
        while not self._nobody_is_left():
            left = end - time.monotonic()
            if left <= 0:
                return True
            time.sleep(min(left, 0.2))
        return False

    def _tell(self, port: int, pid: int) -> None:
        draft = self._folder / f"{STATE}.new"
        draft.write_text(json.dumps(asdict(State(port=port, mongod=pid, keeper=os.getpid()))))
        draft.replace(self._folder / STATE)

    def _nobody_is_left(self) -> bool:
        if not self._is_over:
            with contextlib.suppress(BlockingIOError):
                # Kept once it was got: who comes now waits until this mongod has ended, then starts another.
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._is_over = True
        return self._is_over

    def _on_stop(self, *_: object) -> None:
        self._is_over = True

    def _end_orphan(self) -> None:
        """End the mongod of a keeper that was killed; where Linux has done so, wait until it is gone."""
        state = read_state(self._folder)
        deadline = time.monotonic() + STOP_SECONDS
        while state and time.monotonic() < deadline:
            command = _command_of(state.mongod)
            if str(self._folder / DATABASE) in command:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(state.mongod, signal.SIGTERM)
            elif command or not _is_ending(state.mongod):
                return
            time.sleep(0.02)


def _is_ending(pid: int) -> bool:
    """Whether a process that has no command line any more may still hold its files and its port."""
    if not ON_LINUX:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _command_of(pid: int) -> str:
    if ON_LINUX:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return ""
    listing = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, check=False)  # noqa: S603, S607
    return listing.stdout.decode(errors="replace")


def _keep(folder: Path, mongod: Path, ttl_seconds: int | None) -> None:
    """Leave the starter, then keep. It reads `ready`, or the reason why not, from standard output."""
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    os.chdir("/")

    def answer(text: str) -> None:
        print(text, flush=True)
        with (folder / LOG).open("ab") as output:  # from now on, trouble of the keeper itself is found there
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)

    try:
        if try_lock(folder / KEEPER_LOCK, fcntl.LOCK_EX) is None:
            answer("ready")  # by the work of another keeper, who was faster
        else:
            Keeper(folder, mongod, ttl_seconds).run(lambda: answer("ready"))
    except (MongodFailed, OSError) as error:
        failure = error if isinstance(error, MongodFailed) else _failure(str(error))
        answer(NOT_YET * isinstance(failure, MongodNotYet) + " ".join(str(failure).split()))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keep", path, program, ttl]:
            _keep(Path(path), Path(program), int(ttl) if ttl else None)
        case _:
            raise SystemExit("Started by blogapi/db/embedded/mongod.py only.")
