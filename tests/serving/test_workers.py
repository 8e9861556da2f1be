"""Several processes behind one socket: who ends, who comes, and that no client notices."""

import asyncio
import json
import os
import random
import re
import signal
import socket
import sys
from contextlib import asynccontextmanager

import pytest

from blogapi.serving import workers
from blogapi.serving.launcher import Launcher
from scripts.labs.drain.__main__ import drill
from scripts.labs.drain.first import kill_first
from scripts.labs.drain.phases import Phase
from tests.conftest import until
from tests.servers import LONG, raw, serving

pytestmark = pytest.mark.mongod


def serving_workers(served):
    """Their process ids, oldest first."""
    log = served.log.decode()
    ended = re.findall(r"worker \d+ (?:retires|ended|was killed).*, process (\d+)", log)
    return [int(process) for process in re.findall(r"worker \d+ serves, process (\d+)", log) if process not in ended]


@asynccontextmanager
async def several(folder, count=2, **settings):
    async with serving(folder, SERVER__WORKERS=str(count), LOG__FORMAT="text", **settings) as served:
        await until(lambda: len(serving_workers(served)) == count)
        yield served


async def status(connection):
    await connection.send("GET /healthz")
    return (await connection.answer()).split("\r\n")[0]


@pytest.mark.waits(20)
async def test_workers_are_ended_renewed_and_killed_and_nothing_is_lost():
    found = await drill({"SIGTERM": 2, "reload": 1, "kill -9": 1}, 2, random.Random(1))
    assert [(phase.what, phase.tally.cut_off) for phase in found if not phase.is_passed] == []
    assert all(phase.tally.requests > 20 for phase in found)
    assert isinstance(found[0], Phase)
    assert found[2].tally.acknowledged


@pytest.fixture(params=["uvloop", "asyncio"])
def loop_path(request, tmp_path):
    """Where modules are looked for first: nowhere else, or where uvloop cannot be imported."""
    if request.param == "uvloop":
        return ()
    folder = tmp_path / "without-uvloop"
    folder.mkdir()
    (folder / "uvloop.py").write_text("raise ImportError\n")
    return (folder,)


@pytest.mark.waits(20)
@pytest.mark.any_driver
async def test_kill_9_of_the_first_process_at_any_moment_leaves_the_address_to_the_next_start():
    kills = await kill_first(3, random.Random(1), lambda _: None)
    assert kills.refused == []
    assert kills.moments == {"start": 1, "reload": 1, "replacement": 1}


async def test_worker_that_retires_serves_its_idle_connections_once_more(tmp_path, loop_path, shared):
    async with several(tmp_path, 1, path=loop_path, **shared) as served, raw(served.address) as connection:
        assert "200" in await status(connection)
        (worker,) = serving_workers(served)
        os.kill(worker, signal.SIGTERM)
        await until(lambda: f"retires, process {worker}".encode() in served.log)
        await connection.send("GET /readyz")
        answer = await connection.answer()
        assert answer.startswith("HTTP/1.1 200"), "only this worker ends, not the server"
        assert "Connection: close" in answer
        await until(lambda: f"ended with exit code 0, process {worker}".encode() in served.log)
        await until(lambda: serving_workers(served) not in ([], [worker]))
        async with raw(served.address) as another:
            assert "200" in await status(another)


async def test_worker_that_is_killed_is_replaced(tmp_path, shared):
    async with several(tmp_path, **shared) as served:
        killed, other = serving_workers(served)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(serving_workers(served)) == 2 and killed not in serving_workers(served))
        assert other in serving_workers(served)
        assert b"was killed by SIGKILL" in served.log


@pytest.mark.any_driver
async def test_kill_9_of_the_first_process_ends_them_all_and_frees_the_port(tmp_path, shared):
    async with several(tmp_path, **shared) as served:
        served.process.kill()
        await served.finish()  # the log ends when nobody holds it any more
        port = served.address.rpartition(":")[2]
    async with serving(tmp_path, SERVER__PORT=port, **shared) as served, raw(served.address) as connection:
        assert "200" in await status(connection)


@pytest.mark.any_driver
async def test_closed_terminal_stops_the_server(tmp_path, shared):
    terminal, inside = os.openpty()
    async with serving(tmp_path, terminal=os.ttyname(inside), **shared) as served:
        os.close(inside)
        os.close(terminal)
        assert await served.finish() == 0


@pytest.mark.any_driver
async def test_server_under_nohup_outlives_its_terminal(tmp_path, shared):
    terminal, inside = os.openpty()
    async with serving(tmp_path, terminal=os.ttyname(inside), under=["nohup"], LOG__FORMAT="text", **shared) as served:
        os.close(inside)
        os.close(terminal)
        await until(lambda: b": reloaded\n" in served.log)
        async with raw(served.address) as connection:
            assert "200" in await status(connection)


async def test_each_worker_says_what_it_holds_when_it_is_asked(tmp_path, shared):
    async with several(tmp_path, **shared) as served, raw(served.address) as connection:
        assert "200" in await status(connection)
        served.process.send_signal(signal.SIGUSR1)
        holds = re.compile(rb"holds (\d+) tasks, (\d) connections, 0 kept answers of 0.0 MB")
        await until(lambda: len(holds.findall(served.log)) == 2)
        assert sorted(connections for _, connections in holds.findall(served.log)) == [b"0", b"1"]


@pytest.mark.waits(10)
@pytest.mark.any_driver
async def test_worker_that_cannot_retire_is_killed(tmp_path, shared):
    # It is not to be killed for its silence before.
    patient = {"SERVER__DRAIN_SECONDS": "0", "SERVER__STUCK_SECONDS": "0"}
    async with several(tmp_path, 1, **patient, **shared) as served:
        (worker,) = serving_workers(served)
        os.kill(worker, signal.SIGSTOP)
        served.process.send_signal(signal.SIGHUP)
        await until(lambda: f"was killed by SIGKILL, process {worker}".encode() in served.log)
        assert f"did not end in 10 s and is killed, process {worker}".encode() in served.log
        async with raw(served.address) as connection:
            assert "200" in await status(connection)


@pytest.mark.waits(8)
@pytest.mark.any_driver
async def test_worker_whose_loop_is_silent_is_killed_and_replaced(tmp_path, loop_path, shared):
    async with several(tmp_path, path=loop_path, SERVER__STUCK_SECONDS="5", **shared) as served:
        stuck, other = serving_workers(served)
        os.kill(stuck, signal.SIGSTOP)
        await until(lambda: f"is killed after 5 s of silence, process {stuck}".encode() in served.log)
        await until(lambda: len(serving_workers(served)) == 2)
        assert other in serving_workers(served)
        assert len(re.findall(f"process {stuck}$", served.log.decode(), re.MULTILINE)) == 2, "it served and was killed"
        async with raw(served.address) as connection:
            assert "200" in await status(connection)


@pytest.mark.any_driver
async def test_worker_that_is_silent_before_it_serves_is_killed_too(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_FIRST_WORD_SECONDS", 1)
    sleeping, begun = [sys.executable, "-c", "import time; time.sleep(600)"], []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        launcher = Launcher(sleeping, os.environ, listener, keeps_spare=False)
        several = workers.Workers(launcher, listener, stop_seconds=1, stuck_seconds=1, recount=lambda: 1)
        with pytest.raises(workers.WorkerFailed):
            await asyncio.wait_for(several.run(1, [], begun.append), LONG)
    assert not begun


@pytest.mark.any_driver
async def test_first_worker_that_is_killed_before_it_serves_is_told(caplog):
    dying, begun = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        launcher = Launcher(dying, os.environ, listener, keeps_spare=False)
        several = workers.Workers(launcher, listener, stop_seconds=1, stuck_seconds=0, recount=lambda: 1)
        with pytest.raises(workers.WorkerFailed):
            await asyncio.wait_for(several.run(1, [], begun.append), LONG)
    assert not begun
    assert "worker 1 was killed by SIGKILL" in caplog.text


@pytest.mark.waits(10)
@pytest.mark.any_driver
async def test_time_in_which_all_stand_still_is_no_silence(tmp_path, shared):
    async with several(tmp_path, SERVER__STUCK_SECONDS="5", **shared) as served:
        before = serving_workers(served)
        everybody = [served.process.pid, *before]  # the judge is the first to be woken up
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for process in everybody:
                os.kill(process, number)
            if number == signal.SIGSTOP:
                await asyncio.sleep(8)
        # Who answers twice has lived through a judgement in between.
        for answers in (2, 4):
            served.process.send_signal(signal.SIGUSR1)
            await until(lambda answers=answers: served.log.count(b" holds ") == answers)
        assert serving_workers(served) == before


@pytest.mark.waits(8)
async def test_worker_that_dies_in_an_outage_is_tried_every_two_seconds(tmp_path):
    impatient = {"SERVER__START_PATIENCE_SECONDS": "0", "MONGO__TIMEOUT_SECONDS": "1"}
    async with several(tmp_path, 1, **impatient) as served:
        mongod = json.loads((tmp_path / "state.json").read_text())["mongod"]
        os.kill(mongod, signal.SIGSTOP)
        try:
            os.kill(*serving_workers(served), signal.SIGKILL)
            await until(lambda: served.log.count(b"keeps dying") == 4)
        finally:
            os.kill(mongod, signal.SIGCONT)
        assert re.findall(rb"next try in ([0-9.]+) s", served.log) == [b"0.5", b"1", b"2", b"2"]
        await until(lambda: serving_workers(served))
        async with raw(served.address) as connection:
            assert "200" in await status(connection)


@pytest.mark.waits(8)
@pytest.mark.any_driver
async def test_server_that_is_watched_takes_requests_until_the_watcher_has_looked_again(tmp_path, loop_path, shared):
    """A load balancer may send a request to any worker on a new connection until it has read that it should not."""
    async with several(tmp_path, path=loop_path, LOG__LEVEL="debug", **shared) as served:
        async with raw(served.address) as connection:
            await connection.send("GET /readyz")
            assert "200" in await connection.answer()
        await until(lambda: b" is watched, process " in served.log)
        served.process.terminate()
        async with asyncio.timeout(LONG):
            while True:
                async with raw(served.address) as connection:
                    await connection.send("GET /readyz")
                    answer = await connection.answer()
                    if "503" in answer.split("\r\n")[0]:
                        break
                    # Whoever has heard that it has to stop, and so says goodbye, is not ready any more.
                    assert "Connection: close" not in answer
        await asyncio.sleep(3)  # nobody is connected
        async with raw(served.address) as connection:
            await connection.send("GET /healthz")
            answer = await connection.answer()
        assert answer.startswith("HTTP/1.1 200")
        assert "Connection: close" in answer
        assert await served.finish() == 0


@pytest.mark.any_driver
async def test_broken_configuration_is_told_in_a_line_and_the_old_workers_go_on(tmp_path, shared):
    file = tmp_path / "config.yaml"
    file.write_text("log: {level: info}\n")
    async with several(tmp_path / "mongo", CONFIG=str(file), **shared) as served:
        before = serving_workers(served)
        file.write_text("log: {level: loud}\n")
        served.process.send_signal(signal.SIGHUP)
        await until(lambda: b"not reloaded" in served.log)
        assert len(re.findall(rb"^.*log\.level: must be one of.*$", served.log, re.MULTILINE)) == 1
        assert serving_workers(served) == before

        file.write_text("log: {level: info}\n")
        served.process.send_signal(signal.SIGHUP)
        await until(lambda: b": reloaded\n" in served.log)
        assert len(serving_workers(served)) == 2
        assert not set(serving_workers(served)) & set(before)


@pytest.mark.any_driver
async def test_worker_that_keeps_dying_is_tried_later_and_later_and_comes_back(tmp_path, shared):
    file = tmp_path / "config.yaml"
    file.write_text("")
    async with several(tmp_path / "mongo", 1, CONFIG=str(file), **shared) as served:
        file.write_text("log: {level: loud}\n")
        os.kill(*serving_workers(served), signal.SIGKILL)
        await until(lambda: served.log.count(b"keeps dying") == 2)
        assert re.findall(rb"next try in ([0-9.]+) s", served.log) == [b"0.5", b"1"]
        file.write_text("")
        await until(lambda: serving_workers(served))
        async with raw(served.address) as connection:
            assert "200" in await status(connection)
