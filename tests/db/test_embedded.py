import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from pymongo import MongoClient

import blogapi
from blogapi.db.embedded import keeper, mongod
from blogapi.db.embedded.mongod import (
    EmbeddedMongoError,
    EmbeddedMongoNotYet,
    embedded_mongo,
    find_mongod,
    free_port,
    start_mongod,
    stop_mongod,
)
from blogapi.errors import Unavailable
from tests.servers import LONG

pytestmark = pytest.mark.any_driver

USER = """
import sys
from pathlib import Path
from blogapi.db.embedded.mongod import embedded_mongo

with embedded_mongo(Path(sys.argv[1])) as mongo:
    print(mongo.port, mongo.pid, flush=True)
    sys.stdin.read()
"""


class User:
    """Another process that uses the database until it is told to leave."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(blogapi.__file__).parents[1])},
        )

    def joined(self):
        """The port and the process id of the mongod that it uses."""
        port, pid = self.process.stdout.readline().split()
        return int(port), int(pid)

    def leave(self):
        self.process.stdin.close()
        return self.process.wait(LONG)


@contextmanager
def user(folder):
    other = User(folder)
    with other.process:
        try:
            yield other
        finally:
            other.process.kill()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "mongo"


@contextmanager
def posts(mongo):
    """A collection, through a client that waits for a primary as the server's does."""
    with MongoClient(mongo.url, serverSelectionTimeoutMS=30_000) as client:
        yield client.get_database("blogapi", write_concern=None)["posts"]


def is_running(pid):
    """Whether the process lives; one that ended and was not yet collected by its parent does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc on macOS; on Linux it ended just now
        return sys.platform != "linux"


def until(condition):
    deadline = time.monotonic() + LONG
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return answer


def script(tmp_path, text):
    path = tmp_path / "mongod"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.mongod
def test_server_is_a_writable_primary_that_keeps_its_data(folder):
    with embedded_mongo(folder) as first, posts(first) as collection:
        collection.insert_one({"_id": "hello"})
    with embedded_mongo(folder) as second, posts(second) as collection:
        assert collection.count_documents({"_id": "hello"}) == 1
        assert collection.database.client.is_primary
    assert second.port == first.port


@pytest.mark.mongod
def test_only_the_owner_may_look_into_the_folder(folder):
    with embedded_mongo(folder):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert [path.name for path in folder.rglob("*") if path.stat().st_mode & 0o077] == []


@pytest.mark.mongod
def test_server_listens_on_loopback_only(folder):
    with embedded_mongo(folder) as mongo, posts(mongo) as collection:
        options = collection.database.client.admin.command("getCmdLineOpts")["parsed"]
    assert options["net"]["bindIp"] == "127.0.0.1"
    assert options["net"]["unixDomainSocket"]["enabled"] is False


@pytest.mark.mongod
def test_expiry_interval_is_handed_on(folder):
    with embedded_mongo(folder, ttl_seconds=7) as mongo, posts(mongo) as collection:
        answer = collection.database.client.admin.command("getParameter", ttlMonitorSleepSecs=1)
    assert answer["ttlMonitorSleepSecs"] == 7


@pytest.mark.mongod
def test_processes_that_start_at_once_share_one_server(folder):
    with user(folder) as first, user(folder) as second, user(folder) as third:
        assert len({first.joined(), second.joined(), third.joined()}) == 1


@pytest.mark.mongod
def test_server_stays_while_somebody_uses_it(folder):
    with user(folder) as first:
        _, pid = first.joined()
        with embedded_mongo(folder) as mongo, posts(mongo) as collection:
            assert first.leave() == 0
            collection.insert_one({})
            assert mongo.pid == pid
            assert is_running(pid)


@pytest.mark.mongod
def test_last_one_out_leaves_nothing_running(folder):
    with user(folder) as last:
        with embedded_mongo(folder) as mongo:
            last.joined()
        kept = keeper.read_state(folder)
        assert is_running(mongo.pid)
        assert last.leave() == 0
    assert not is_running(mongo.pid)
    assert not is_running(kept.keeper)
    assert keeper.read_state(folder) is None


@pytest.mark.mongod
def test_killed_user_leaves_no_server_behind(folder):
    with user(folder) as other:
        _, pid = other.joined()
        kept = keeper.read_state(folder)
        other.process.kill()
        until(lambda: not is_running(pid) and not is_running(kept.keeper))
    assert (folder / "db" / "mongod.lock").read_text() == "", "mongod was not stopped cleanly"


@pytest.mark.mongod
def test_newcomer_waits_for_a_server_that_stops_and_starts_another(folder):
    with user(folder) as other:
        _, pid = other.joined()
        other.process.kill()
        with embedded_mongo(folder) as mongo, posts(mongo) as collection:
            collection.insert_one({})
            assert is_running(mongo.pid)
    assert not is_running(pid)


@pytest.mark.mongod
def test_ctrl_c_in_the_terminal_does_not_reach_the_server(folder):
    with user(folder) as other:
        _, pid = other.joined()
        session = os.getsid(other.process.pid)
        assert session not in {os.getsid(pid), os.getsid(keeper.read_state(folder).keeper)}


@pytest.mark.mongod
def test_killed_server_comes_back_on_its_port_with_its_data(folder):
    with embedded_mongo(folder) as mongo, posts(mongo) as collection:
        collection.insert_one({"_id": "hello"})
        os.kill(mongo.pid, signal.SIGKILL)
        until(lambda: keeper.read_state(folder).mongod != mongo.pid)
        collection.insert_one({"_id": "again"})
        assert collection.count_documents({}) == 2
        assert keeper.read_state(folder).port == mongo.port


@pytest.mark.mongod
def test_killed_keeper_is_replaced_and_the_server_comes_back_on_its_port_with_its_data(folder):
    with embedded_mongo(folder) as mongo, posts(mongo) as collection:
        collection.insert_one({"_id": "hello"})
        for number in range(2):
            former = keeper.read_state(folder)
            os.kill(former.keeper, signal.SIGKILL)
            until(lambda former=former: (keeper.read_state(folder) or former).keeper != former.keeper)
            collection.insert_one({"_id": number})
            assert collection.count_documents({}) == 2 + number
            assert keeper.read_state(folder).port == mongo.port
        last = keeper.read_state(folder)
    assert not is_running(last.mongod)
    assert not is_running(last.keeper)


@pytest.mark.mongod
def test_killed_keeper_is_replaced_once_however_many_use_the_server(folder):
    with user(folder) as first, user(folder) as second:
        assert first.joined() == second.joined()
        former = keeper.read_state(folder)
        os.kill(former.keeper, signal.SIGKILL)
        again = until(lambda: (state := keeper.read_state(folder)) and state.keeper != former.keeper and state)
        assert first.leave() == 0
        assert is_running(again.mongod)
        assert second.leave() == 0
        assert not is_running(again.mongod)


@pytest.mark.mongod
def test_user_leaves_while_its_killed_keeper_is_replaced(folder):
    with embedded_mongo(folder) as mongo:
        os.kill(keeper.read_state(folder).keeper, signal.SIGKILL)
        until(lambda: not is_running(mongo.pid) or sys.platform != "linux")
    assert keeper.is_free(folder / keeper.KEEPER_LOCK, fcntl.LOCK_EX)


@pytest.mark.mongod
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_server_whose_keeper_and_user_were_killed_ends_and_the_next_start_recovers(folder):
    with user(folder) as other:
        port, pid = other.joined()
        with MongoClient("127.0.0.1", port, directConnection=True) as client:
            client.blogapi.posts.insert_one({"_id": "hello"})
        kept = keeper.read_state(folder)
        other.process.kill()
        os.kill(kept.keeper, signal.SIGKILL)
        until(lambda: not is_running(pid))
    with embedded_mongo(folder) as mongo, posts(mongo) as collection:
        assert collection.count_documents({"_id": "hello"}) == 1


@pytest.mark.mongod
def test_next_start_ends_an_orphan_of_a_killed_keeper(folder):
    (folder / "db").mkdir(parents=True)
    orphan = start_mongod(folder / "db", free_port())
    state = {"port": 1, "mongod": orphan.pid, "keeper": 1}
    (folder / "state.json").write_text(json.dumps(state))
    with embedded_mongo(folder) as mongo:
        assert mongo.pid != orphan.pid
    assert orphan.wait(LONG) == 0


@pytest.mark.mongod
def test_taken_port_leads_to_another_one_with_the_same_data(folder, tmp_path):
    with embedded_mongo(folder) as before, posts(before) as collection:
        collection.insert_one({"_id": "hello"})
    neighbour = tmp_path / "neighbour"
    neighbour.mkdir()
    (neighbour / "port").write_text(str(before.port))
    with embedded_mongo(neighbour) as taken, embedded_mongo(folder) as mongo:
        assert taken.port == before.port != mongo.port
        with posts(mongo) as collection:
            assert collection.count_documents({"_id": "hello"}) == 1


@pytest.mark.mongod
def test_folder_in_use_by_a_server_of_others_is_refused(folder):
    other = start_mongod(folder / "db", free_port())
    try:
        with pytest.raises(
            EmbeddedMongoNotYet, match=r"Another mongod instance is already running.*Its log is .*mongod\.log"
        ):
            embedded_mongo(folder).__enter__()
        assert is_running(other.pid)
    finally:
        stop_mongod(other)


@pytest.mark.mongod
def test_bare_server_ends_when_it_is_told(tmp_path):
    process = start_mongod(tmp_path / "node", free_port())
    stop_mongod(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo error while loading shared libraries: libcurl.so.4 >&2; exit 127", "shared libraries: libcurl.so.4"),
        ("kill -ILL $$", "lacks AVX"),
        ("exit 3", "exit code 3"),
        (
            """
            echo '{"s":"I","msg":"Starting"}'
            echo '{"s":"E","msg":"WiredTiger error message","attr":{"error":28,"message":{"msg":"No space left"}}}'
            echo '{"s":"F","msg":"Fatal assertion","attr":{"msgid":50853}}'
            exit 14""",
            "No space left",
        ),
    ],
    ids=["library", "processor", "silent", "first error"],
)
def test_server_that_does_not_start_is_told_with_its_reason(tmp_path, folder, text, reason):
    with pytest.raises(EmbeddedMongoError) as refused:
        embedded_mongo(folder, mongod=script(tmp_path, text)).__enter__()
    assert reason in str(refused.value)
    assert str(folder / "mongod.log") in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            """echo '{"s":"E","msg":"Error setting up listener","attr":{"error":"Address already in use"}}'; exit 48""",
            "in use",
        ),
        ("echo fork: Resource temporarily unavailable; exit 1", "temporarily unavailable"),
        ("kill -KILL $$", "exit code -9"),
        ("""echo '{"s":"F","msg":"Lock","attr":{"error":"Cannot allocate memory"}}'; exit 14""", "allocate memory"),
    ],
    ids=["port", "processes", "killed", "memory"],
)
def test_what_another_start_may_cure_is_told_apart(tmp_path, folder, text, reason):
    with pytest.raises(EmbeddedMongoNotYet) as refused:
        embedded_mongo(folder, mongod=script(tmp_path, text)).__enter__()
    assert reason in str(refused.value)
    assert "Try again." in str(refused.value)
    assert "\n" not in str(refused.value)


def test_folder_that_others_hold_for_too_long_may_come_free(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(mongod, "PATIENCE_SECONDS", 0)
    folder.mkdir()
    held = keeper.try_lock(folder / keeper.START_LOCK, fcntl.LOCK_EX)
    try:
        with pytest.raises(EmbeddedMongoNotYet, match=r"start\.lock is still held"):
            embedded_mongo(folder, mongod=script(tmp_path, "exit 3")).__enter__()
    finally:
        os.close(held)


@pytest.mark.mongod
def test_database_that_goes_away_on_a_full_disk_is_told_with_the_cure(folder, monkeypatch):
    opened = embedded_mongo(folder)
    opened.__enter__()
    monkeypatch.setattr(mongod, "SPACE_BYTES", 1 << 62)
    gone = Unavailable()
    with pytest.raises(EmbeddedMongoError, match="free space"):
        opened.__exit__(type(gone), gone, None)
    assert keeper.is_free(folder / keeper.KEEPER_LOCK, fcntl.LOCK_EX)


@pytest.mark.mongod
def test_database_that_goes_away_for_another_reason_is_told_as_ever(folder):
    with pytest.raises(Unavailable), embedded_mongo(folder):
        raise Unavailable


def test_disk_that_gets_full_during_the_start_is_told(tmp_path, folder, monkeypatch):
    """mongod cannot log why it ends."""
    free = iter([1 << 40, 0])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(free)))
    with pytest.raises(EmbeddedMongoError, match="0 MiB of free space"):
        embedded_mongo(folder, mongod=script(tmp_path, "exit 1")).__enter__()


def test_failed_start_leaves_the_folder_free(tmp_path, folder):
    for _ in range(2):
        with pytest.raises(EmbeddedMongoError):
            embedded_mongo(folder, mongod=script(tmp_path, "exit 3")).__enter__()
    assert keeper.read_state(folder) is None


def test_full_disk_is_told_before_the_start(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(mongod, "SPACE_BYTES", 1 << 62)
    with pytest.raises(EmbeddedMongoError, match="free space"):
        embedded_mongo(folder, mongod=script(tmp_path, "exit 3")).__enter__()


def test_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedMongoError, match=r"mongo\.data_dir"):
        embedded_mongo(tmp_path / "file" / "mongo").__enter__()


def test_missing_program_is_told_with_the_cure(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(mongod, "WHEEL", "no-such-wheel")
    with pytest.raises(EmbeddedMongoError, match=r"extra `embedded`.*PATH.*mongo\.mongod.*mongo\.url"):
        find_mongod()


@pytest.mark.parametrize("configured", ["/no/such/mongod", "/", __file__])
def test_wrongly_configured_program_is_refused(configured):
    with pytest.raises(EmbeddedMongoError, match=r"mongo\.mongod"):
        find_mongod(configured)


def test_configured_program_wins_over_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    on_path = script(tmp_path, "exit 0")
    assert find_mongod() == Path(on_path)
    assert find_mongod("/bin/sh") == Path("/bin/sh")


def test_free_port_is_the_preferred_one_unless_taken():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        assert keeper.free_port(port) != port
    assert keeper.free_port(port) == port
