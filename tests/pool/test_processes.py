"""Processes that answer questions, and what becomes of those that do not."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blogapi.errors import Overloaded
from blogapi.pool.processes import Processes, TimeSpent
from tests.conftest import until
from tests.servers import LONG, ROOT

both_loops = pytest.mark.both_loops


@pytest.fixture
def processes():
    made = Processes("tests.pool.tasks", niceness=10)
    yield made
    made.close()


async def ask(processes, question, *, deadline_seconds=LONG, cpu_seconds=0):
    return await processes.ask(question, deadline_seconds=deadline_seconds, cpu_seconds=cpu_seconds)


@pytest.mark.parametrize("question", [b"", b"a", b"\n\0\xff", b"x" * 5_000_000], ids=len)
@both_loops
async def test_question_is_answered_whole(processes, question):
    assert await ask(processes, question) == question


@both_loops
async def test_process_stays_for_the_next_question(processes):
    assert await ask(processes, b"pid") == await ask(processes, b"pid")
    assert len(processes.pids) == 1


@both_loops
async def test_questions_at_the_same_time_have_a_process_each(processes):
    first, second = await asyncio.gather(ask(processes, b"pid"), ask(processes, b"pid"))
    assert {int(first), int(second)} == processes.pids
    assert first != second


@both_loops
async def test_started_process_answers_the_first_question(processes):
    processes.start()
    processes.start()
    (pid,) = processes.pids
    assert int(await ask(processes, b"pid")) == pid


@pytest.mark.parametrize("question", [b"spin", b"spin in native code"])
@both_loops
async def test_what_takes_too_much_time_is_ended_and_the_process_replaced(processes, question):
    with pytest.raises(TimeSpent):
        await ask(processes, question, cpu_seconds=0.05)
    assert processes.pids == frozenset()
    assert await ask(processes, b"again", cpu_seconds=LONG) == b"again"


@both_loops
async def test_time_is_counted_for_each_question(processes):
    before = await ask(processes, b"pid", cpu_seconds=0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await ask(processes, b"spin", cpu_seconds=LONG)
    assert await ask(processes, b"pid", cpu_seconds=0.05) != before


@both_loops
async def test_process_that_hangs_is_ended_and_replaced(processes):
    before = int(await ask(processes, b"pid"))
    with pytest.raises(Overloaded) as refusal:
        await ask(processes, b"hang", deadline_seconds=0.2)
    assert refusal.value.retry_after_seconds
    assert int(await ask(processes, b"pid")) != before
    await until(lambda: not is_alive(before))


@both_loops
async def test_process_that_was_stopped_is_ended_and_replaced(processes):
    before = int(await ask(processes, b"pid"))
    os.kill(before, signal.SIGSTOP)
    with pytest.raises(Overloaded):
        await ask(processes, b"a", deadline_seconds=0.2)
    assert await ask(processes, b"a") == b"a"
    await until(lambda: not is_alive(before))


@both_loops
async def test_process_nobody_waits_for_any_more_is_ended(processes):
    before = int(await ask(processes, b"pid"))
    asking = asyncio.create_task(ask(processes, b"hang"))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert before not in processes.pids
    assert await ask(processes, b"a") == b"a"


@both_loops
async def test_killed_process_is_replaced(processes):
    before = int(await ask(processes, b"pid"))
    os.kill(before, signal.SIGKILL)
    assert int(await ask(processes, b"pid")) != before


@both_loops
async def test_process_killed_at_work_is_replaced(processes):
    before = int(await ask(processes, b"pid"))
    asking = asyncio.create_task(ask(processes, b"spin", cpu_seconds=0.5))
    await asyncio.sleep(0)
    os.kill(before, signal.SIGKILL)
    with pytest.raises(TimeSpent):  # of the second one, which was asked the same
        await asking


@both_loops
async def test_unavailable_when_processes_die_of_a_question(processes):
    with pytest.raises(Overloaded):
        await ask(processes, b"die")
    assert await ask(processes, b"a") == b"a"


@both_loops
async def test_unavailable_when_no_process_can_be_started(processes, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Overloaded):
        await ask(processes, b"a")


@both_loops
async def test_unavailable_when_processes_do_not_come_up(capfd):
    processes = Processes("tests.pool.nothing", niceness=10)
    with pytest.raises(Overloaded):
        await ask(processes, b"a")
    processes.close()
    assert "No module named 'tests.pool.nothing'" in capfd.readouterr().err


@both_loops
async def test_failure_is_told_and_harms_nobody(processes):
    before = await ask(processes, b"pid")
    with pytest.raises(RuntimeError, match="what is wrong"):
        await ask(processes, b"fail")
    assert await ask(processes, b"pid") == before


@both_loops
async def test_process_has_a_lower_priority_than_the_server(processes):
    pid = int(await ask(processes, b"pid"))
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


@both_loops
async def test_process_does_not_know_our_secrets(processes, monkeypatch):
    monkeypatch.setenv("BLOGAPI_AUTH__SECRET", "secret")
    assert b"BLOGAPI" not in await ask(processes, b"environment")


@both_loops
async def test_process_is_not_ended_by_a_signal_to_the_whole_group(processes):
    before = int(await ask(processes, b"pid"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(before, number)
    assert int(await ask(processes, b"pid")) == before


@both_loops
async def test_processes_end_when_they_are_closed(processes):
    stopped, busy = await asyncio.gather(ask(processes, b"pid"), ask(processes, b"pid"))
    os.kill(int(stopped), signal.SIGSTOP)
    processes.close()
    assert not is_alive(int(stopped))
    assert not is_alive(int(busy))


def program(*lines):
    head = ("import asyncio, os, signal", "from blogapi.pool.processes import Processes")
    make = "processes = Processes('tests.pool.tasks', niceness=10)"
    ask = "pid = int(asyncio.run(processes.ask(b'pid', deadline_seconds=60)))"
    return [sys.executable, "-c", "\n".join([*head, make, ask, *lines])]


async def test_processes_end_with_a_server_that_is_killed():
    """Busy or not, stopped or not."""
    done = await asyncio.to_thread(
        subprocess.run,
        program(
            "async def ask_more():",
            "    asyncio.create_task(processes.ask(b'spin', deadline_seconds=60))",
            "    await asyncio.sleep(0)",
            "    other = int(await processes.ask(b'pid', deadline_seconds=60))",
            "    os.kill(other, signal.SIGSTOP)",
            "    print(*processes.pids, flush=True)",
            "    os.kill(os.getpid(), signal.SIGKILL)",
            "asyncio.run(ask_more())",
        ),
        cwd=ROOT,
        capture_output=True,
        timeout=LONG,
        check=False,
    )
    # Its standard error is also that of the processes: this returns when all have ended.
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    await until(lambda: not any(map(is_alive, pids)))


def test_processes_end_with_a_program_that_ends():
    done = subprocess.run(program("print(pid)"), cwd=ROOT, capture_output=True, timeout=LONG, check=True)
    assert done.stderr == b""
    assert not is_alive(int(done.stdout))


def test_forked_process_has_processes_of_its_own():
    lines = (
        "fork = os.fork()",
        "if fork == 0:",
        "    os._exit(len(processes.pids))",
        "assert os.waitpid(fork, 0)[1] == 0",
        "assert processes.pids == {pid}",
    )
    subprocess.run(program(*lines), cwd=ROOT, timeout=LONG, check=True)


def is_alive(pid):
    """A zombie is not: it waits for somebody to read how it died."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
