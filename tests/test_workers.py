"""Several processes behind one socket: who ends, who comes, and that no client notices."""

import asyncio
import os
import random
import re
import signal
from contextlib import asynccontextmanager

import pytest

from scripts.drill.__main__ import drill
from scripts.drill.phases import Phase
from tests.serving import raw, serving

pytestmark = pytest.mark.mongod


def serving_workers(served):
    """Their process ids, oldest first."""
    log = served.log.decode()
    ended = re.findall(r"worker \d+ (?:retires|ended|was killed).*, process (\d+)", log)
    return [int(process) for process in re.findall(r"worker \d+ serves, process (\d+)", log) if process not in ended]


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def several(folder, count=2, **settings):
    async with serving(folder, SERVER__WORKERS=str(count), LOG__FORMAT="text", **settings) as served:
        await until(lambda: len(serving_workers(served)) == count)
        yield served


async def status(connection):
    await connection.send("GET /healthz")
    return (await connection.answer()).split("\r\n")[0]


async def test_workers_are_ended_renewed_and_killed_and_nothing_is_lost():
    found = await drill({"SIGTERM": 3, "reload": 2, "kill -9": 2}, 2, random.Random(1))
    assert [(phase.what, phase.tally.cut_off) for phase in found if not phase.is_passed] == []
    assert all(phase.tally.requests > 20 for phase in found)
    assert isinstance(found[0], Phase)
    assert found[2].tally.acknowledged


async def test_worker_that_retires_serves_its_idle_connections_once_more(tmp_path):
    async with several(tmp_path, 1) as served, raw(served.address) as connection:
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


async def test_worker_that_is_killed_is_replaced(tmp_path):
    async with several(tmp_path) as served:
        killed, other = serving_workers(served)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(serving_workers(served)) == 2 and killed not in serving_workers(served))
        assert other in serving_workers(served)
        assert b"was killed by SIGKILL" in served.log


async def test_kill_9_of_the_first_process_ends_them_all_and_frees_the_port(tmp_path):
    async with several(tmp_path) as served:
        served.process.kill()
        await served.finish()  # the log ends when nobody holds it any more
        port = served.address.rpartition(":")[2]
    async with serving(tmp_path, SERVER__PORT=port) as served, raw(served.address) as connection:
        assert "200" in await status(connection)


async def test_closed_terminal_stops_the_server(tmp_path):
    terminal, inside = os.openpty()
    async with serving(tmp_path, terminal=os.ttyname(inside)) as served:
        os.close(inside)
        os.close(terminal)
        assert await served.finish() == 0


async def test_server_under_nohup_outlives_its_terminal(tmp_path):
    terminal, inside = os.openpty()
    async with serving(tmp_path, terminal=os.ttyname(inside), under=["nohup"], LOG__FORMAT="text") as served:
        os.close(inside)
        os.close(terminal)
        await until(lambda: b": reloaded\n" in served.log)
        async with raw(served.address) as connection:
            assert "200" in await status(connection)


async def test_each_worker_says_what_it_holds_when_it_is_asked(tmp_path):
    async with several(tmp_path) as served, raw(served.address) as connection:
        assert "200" in await status(connection)
        served.process.send_signal(signal.SIGUSR1)
        holds = re.compile(rb"holds (\d+) tasks, (\d) connections, 0 kept answers of 0.0 MB")
        await until(lambda: len(holds.findall(served.log)) == 2)
        assert sorted(connections for _, connections in holds.findall(served.log)) == [b"0", b"1"]


async def test_worker_that_cannot_retire_is_killed(tmp_path):
    async with several(tmp_path, 1, SERVER__DRAIN_SECONDS="0") as served:
        (worker,) = serving_workers(served)
        os.kill(worker, signal.SIGSTOP)
        served.process.send_signal(signal.SIGHUP)
        await until(lambda: f"was killed by SIGKILL, process {worker}".encode() in served.log)
        assert f"did not end in 10 s and is killed, process {worker}".encode() in served.log
        async with raw(served.address) as connection:
            assert "200" in await status(connection)


async def test_broken_configuration_is_told_in_a_line_and_the_old_workers_go_on(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("log: {level: info}\n")
    async with several(tmp_path / "mongo", CONFIG=str(file)) as served:
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


async def test_worker_that_keeps_dying_is_tried_later_and_later_and_comes_back(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("")
    async with several(tmp_path / "mongo", 1, CONFIG=str(file)) as served:
        file.write_text("log: {level: loud}\n")
        os.kill(*serving_workers(served), signal.SIGKILL)
        await until(lambda: served.log.count(b"keeps dying") == 2)
        assert re.findall(rb"next try in ([0-9.]+) s", served.log) == [b"0.5", b"1"]
        file.write_text("")
        await until(lambda: serving_workers(served))
        async with raw(served.address) as connection:
            assert "200" in await status(connection)
