import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import bcrypt
import pytest

from blogapi.auth import hasher
from blogapi.auth import hashers as hashers_module
from blogapi.auth.hashers import Hashers
from blogapi.errors import Unavailable

SALT = b"$2b$04$abcdefghijklmnopqrstuu"


@pytest.fixture
def hashers():
    made = Hashers()
    yield made
    made.close()


def idle(hashers):
    return [process.pid for process in hashers._idle]


def test_hash_is_that_of_bcrypt(hashers):
    assert hashers.hash(b"a" * 64, SALT) == bcrypt.hashpw(b"a" * 64, SALT)


def test_hash_is_its_own_salt(hashers):
    hashed = hashers.hash(b"secret", SALT)
    assert hashers.hash(b"secret", hashed) == hashed
    assert hashers.hash(b"Secret", hashed) != hashed


def test_what_is_no_salt_gives_no_hash_and_harms_nobody(hashers):
    assert hashers.hash(b"secret", b"no salt") == b""
    assert hashers.hash(b"secret", SALT)


def test_process_stays_for_the_next_hash(hashers):
    hashers.hash(b"secret", SALT)
    before = idle(hashers)
    hashers.hash(b"secret", SALT)
    assert idle(hashers) == before


def test_hashes_at_the_same_time_have_a_process_each(hashers, monkeypatch):
    both, ask = Barrier(2), hashers_module._ask
    monkeypatch.setattr(hashers_module, "_ask", lambda *given: (both.wait(30), ask(*given))[1])
    with ThreadPoolExecutor(2) as threads:
        hashed = threads.map(hashers.hash, [b"one", b"two"], [SALT, SALT])
        assert list(hashed) == [bcrypt.hashpw(b"one", SALT), bcrypt.hashpw(b"two", SALT)]
    assert len(set(idle(hashers))) == 2


def test_killed_process_is_replaced(hashers):
    hashers.hash(b"secret", SALT)
    before = idle(hashers)
    os.kill(before[0], signal.SIGKILL)
    assert hashers.hash(b"secret", SALT)
    assert idle(hashers) != before


def test_unavailable_when_no_process_can_be_started(hashers, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Unavailable):
        hashers.hash(b"secret", SALT)


def test_unavailable_when_processes_die_at_once(hashers, monkeypatch):
    monkeypatch.setattr(hasher, "__file__", "/nowhere/hasher.py")
    with pytest.raises(Unavailable):
        hashers.hash(b"secret", SALT)


def test_hasher_has_a_lower_priority_than_the_server(hashers):
    hashers.hash(b"secret", SALT)
    (pid,) = idle(hashers)
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_hasher_is_not_ended_by_a_signal_to_the_whole_group(hashers):
    hashers.hash(b"secret", SALT)
    (pid,) = before = idle(hashers)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    hashers.hash(b"secret", SALT)
    assert idle(hashers) == before


def test_hashers_end_when_they_are_closed(hashers):
    hashers.hash(b"secret", SALT)
    (process,) = hashers._idle
    hashers.close()
    assert process.returncode == 0


def test_hasher_ends_with_a_server_that_is_killed():
    program = (
        "import os, signal\n"
        "from blogapi.auth.hashers import HASHERS\n"
        f"HASHERS.hash(b'secret', {SALT!r})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # Its standard error is also the hasher's: this returns when both have ended.
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")


def test_forked_process_has_hashers_of_its_own():
    program = (
        "import os\n"
        "from blogapi.auth.hashers import HASHERS\n"
        f"HASHERS.hash(b'secret', {SALT!r})\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os._exit(len(HASHERS._idle))\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "assert len(HASHERS._idle) == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)
