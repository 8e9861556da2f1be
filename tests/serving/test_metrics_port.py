"""/metrics as Prometheus finds it: of all workers together, whatever becomes of each."""

import asyncio
import os
import re
import signal
import socket

import aiohttp
import pytest

from tests.conftest import until
from tests.scraping import Scraped
from tests.servers import LONG, raw, serving
from tests.serving.test_workers import serving_workers, several

pytestmark = pytest.mark.mongod
HEALTH = {"route": "/healthz", "method": "GET", "status": "200"}


async def printed(served, name):
    """What the server said of itself under this name."""
    async with asyncio.timeout(LONG):
        while line := (await served.process.stdout.readline()).decode():
            if found := re.match(rf"{name} +(\S+)", line):
                return found[1]
    raise AssertionError(f"no {name}")


async def scrape(address):
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        return Scraped(await answer.text())


async def counted(address, count):
    """Wait until so many are told, and none more."""
    found = 0

    async def is_told():
        nonlocal found
        found = (await scrape(address))("blogapi_requests_total", **HEALTH)
        return found >= count

    await until(is_told)
    assert found == count


async def ask(address, times):
    """Each on a connection of its own, so that all workers have some."""
    for _ in range(times):
        async with raw(address) as connection:
            await connection.send("GET /healthz")
            assert "200 OK" in await connection.answer()


async def test_all_workers_are_counted_together_amid_load_and_after_each_end(tmp_path, shared):
    async with several(tmp_path, **shared) as served:
        address = await printed(served, "Metrics")
        asking = asyncio.create_task(ask(served.address, 60))
        seen = []
        while not asking.done():
            seen.append((await scrape(address))("blogapi_requests_total", **HEALTH))
        await asking
        assert seen == sorted(seen)
        await counted(address, 60)
        before = await scrape(address)
        assert (before("blogapi_workers"), before("blogapi_workers_wanted")) == (2, 2)
        assert {sample.labels["worker"] for sample in before.of("blogapi_cache_bytes")} == {"1", "2"}
        assert before("blogapi_database_command_duration_seconds_count", command="find") > 0
        assert before("blogapi_database_connections") > 0

        # One is killed, one retires, then all are replaced: nothing is forgotten, and nothing counted twice.
        killed, other = serving_workers(served)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(serving_workers(served)) == 2 and killed not in serving_workers(served))
        await ask(served.address, 10)
        os.kill(other, signal.SIGTERM)
        await until(lambda: f"ended with exit code 0, process {other}".encode() in served.log)
        await until(lambda: len(serving_workers(served)) == 2)
        await ask(served.address, 10)
        served.process.send_signal(signal.SIGHUP)
        await until(lambda: b": reloaded\n" in served.log)
        await ask(served.address, 10)
        await counted(address, 90)
        await until(lambda: len(re.findall(rb"ended with exit code 0", served.log)) == 3)
        after = await scrape(address)
        assert after("blogapi_worker_endings_total", how="died") == 1
        assert after("blogapi_worker_endings_total", how="retired") == 3
        assert after("blogapi_worker_endings_total", how="stuck") == 0
        assert after("blogapi_reloads_total", outcome="done") == 1
        assert {sample.labels["worker"] for sample in after.of("blogapi_cache_bytes")} == {"1", "2"}
        name = "blogapi_cpu_seconds_total"
        assert after(name) > before(name)


@pytest.mark.any_driver
async def test_only_metrics_are_there_and_nowhere_else(tmp_path, shared):
    async with several(tmp_path, 1, **shared) as served:
        address = await printed(served, "Metrics")
        async with aiohttp.ClientSession() as session:
            assert (await session.get(address.replace("/metrics", "/v1/posts"))).status == 404
            assert (await session.post(address)).status == 405
            assert (await session.get(f"{served.address}/metrics")).status == 404


@pytest.mark.any_driver
async def test_what_is_no_request_is_counted_too(tmp_path, shared):
    async with several(tmp_path, 1, **shared) as served:
        address = await printed(served, "Metrics")
        async with raw(served.address) as connection:
            await connection.write(b"\x16\x03\x01 nonsense\r\n\r\n")
            assert " 400 " in await connection.answer()

        async def is_told():
            return (await scrape(address))("blogapi_requests_total", route="-", method="other", status="400") == 1

        await until(is_told)


@pytest.mark.any_driver
async def test_without_metrics_there_is_no_port(tmp_path, shared):
    async with serving(tmp_path, METRICS__ENABLED="false", LOG__FORMAT="text", **shared) as served:
        await until(lambda: serving_workers(served))
        await ask(served.address, 1)
        served.process.terminate()
        assert await served.finish() == 0
        assert b"Metrics" not in await served.process.stdout.read()


@pytest.mark.any_driver
async def test_taken_port_is_waited_for_and_the_blog_is_served_meanwhile(tmp_path, shared):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with serving(tmp_path, METRICS__PORT=str(port), LOG__FORMAT="text", **shared) as served:
            await ask(served.address, 3)
            assert f"no metrics yet: metrics.port: cannot listen on 127.0.0.1:{port}".encode() in served.log
            taken.close()
            await until(lambda: f"metrics at http://127.0.0.1:{port}/metrics".encode() in served.log)
            await counted(f"http://127.0.0.1:{port}/metrics", 3)
            served.process.terminate()
            assert await served.finish() == 0
            banner = await served.process.stdout.read()
            assert b"none yet" in banner
            assert str(port).encode() not in banner, "what was there was another process's"
