"""What was acknowledged is there, whoever is killed meanwhile."""

import asyncio
import json
import os
import re
import signal
from datetime import timedelta
from functools import partial

import aiohttp
import pytest

from blogapi.app import create_app
from blogapi.clock import utc_now
from blogapi.db.client import new_id
from blogapi.deadline import OVER
from blogapi.jobs.runner import JITTER
from blogapi.operations.doctor import examine
from blogapi.posts.feature import POSTS
from blogapi.posts.store import SlugStore
from blogapi.wiring import SERVICES
from tests.conftest import PASSWORD, until
from tests.contract import AppServer
from tests.servers import raw, serving

pytestmark = pytest.mark.mongod
# Not a word of hexadecimal digits, which any id may hold.
HYPATIA = {"username": "hypatia", "email": "hypatia@example.org", "password": PASSWORD}


async def sign_in(session, address):
    await session.post(f"{address}/v1/auth/register", json=HYPATIA)
    async with session.post(f"{address}/v1/auth/login", json={"login": "hypatia", "password": PASSWORD}) as response:
        assert response.status == 200, await response.text()
        return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def keep_writing(session, address, headers, acknowledged, enough):
    """Publish post after post until the server is gone; notes what was answered with a 2xx."""
    number = 0
    while not enough.is_set():
        number += 1
        sent = {"title": f"post {id(headers)} {number}", "status": "published"}
        try:
            async with session.post(f"{address}/v1/posts", json=sent, headers=headers) as response:
                body = await response.read()
                if response.status == 201:
                    acknowledged.append(json.loads(body)["id"])
                else:
                    assert response.status == 503, body
        except aiohttp.ClientError:
            return


async def after(count, acknowledged):
    await until(lambda: len(acknowledged) >= count)


async def all_there(session, address, ids):
    for post_id in ids:
        async with session.get(f"{address}/v1/posts/{post_id}") as response:
            assert response.status == 200, (post_id, await response.text())


def state_of(data_dir):
    """What the embedded server says of itself."""
    found = [json.loads(file.read_text()) for file in data_dir.glob("*.json")]
    return next(state for state in found if "mongod" in json.dumps(list(state)))


async def test_every_acknowledged_write_survives_kill_9_of_the_server(tmp_path):
    acknowledged, enough = [], asyncio.Event()
    async with aiohttp.ClientSession() as session:
        async with serving(tmp_path) as served:
            headers = await sign_in(session, served.address)
            writers = [
                asyncio.create_task(keep_writing(session, served.address, dict(headers), acknowledged, enough))
                for _ in range(8)
            ]
            await after(60, acknowledged)
            served.process.kill()
            await asyncio.gather(*writers)
        assert len(acknowledged) >= 60
        async with serving(tmp_path) as served:
            await all_there(session, served.address, acknowledged)


@pytest.mark.waits(10)
@pytest.mark.parametrize("victim", ["mongod", "keeper"])
async def test_every_acknowledged_write_survives_kill_9_of_the_database(tmp_path, victim):
    """The server goes on: it says 503 while the database is away, and finds it when it is back."""
    acknowledged, enough = [], asyncio.Event()
    async with aiohttp.ClientSession() as session, serving(tmp_path) as served:
        headers = await sign_in(session, served.address)
        writers = [
            asyncio.create_task(keep_writing(session, served.address, dict(headers), acknowledged, enough))
            for _ in range(8)
        ]
        await after(60, acknowledged)
        os.kill(state_of(tmp_path)[victim], signal.SIGKILL)
        before = len(acknowledged)
        await after(before + 30, acknowledged)
        enough.set()
        await asyncio.gather(*writers)
        await all_there(session, served.address, acknowledged)


async def ready(address):
    async with raw(address) as connection:
        await connection.send("GET /readyz")
        return (await connection.answer()).split("\r\n")[0]


async def test_sigterm_finishes_running_requests(tmp_path):
    async with (
        serving(tmp_path, AUTH__BCRYPT_ROUNDS="13") as served,
        raw(served.address) as slow,
        raw(served.address) as fast,
    ):
        await slow.send("POST /v1/auth/register", json.dumps(HYPATIA))
        # When the second is answered the first has been read, and its password is being hashed.
        await fast.send("GET /healthz")
        assert (await fast.answer()).startswith("HTTP/1.1 200")
        served.process.terminate()
        while "503" not in await ready(served.address):
            await asyncio.sleep(0)
        assert (await slow.answer()).startswith("HTTP/1.1 201")
        assert await served.finish() == 0
        assert not list(tmp_path.glob("*.json")), "mongod was stopped with the server"


async def test_log_holds_no_secret_and_no_personal_data(tmp_path, shared):
    settings = {"LOG__FORMAT": "json", "LOG__LEVEL": "debug", **shared}
    async with aiohttp.ClientSession() as session, serving(tmp_path, **settings) as served:
        headers = await sign_in(session, served.address)
        cookie = {"login": "hypatia@example.org", "password": PASSWORD, "mode": "cookie"}
        async with session.post(
            f"{served.address}/v1/auth/login", json=cookie, headers={"Sec-Fetch-Site": "none"}
        ) as response:
            assert response.status == 200
            session_cookie = response.cookies["session"].value
        session.cookie_jar.clear()
        for path in (
            "/v1/me",
            "/v1/users/by-username/hypatia?view=admin",
            "/v1/posts?author=hypatia",
            "/v1/nonsense/hypatia",
        ):
            async with session.get(f"{served.address}{path}", headers=headers) as response:
                await response.read()
        wrong = {"login": "hypatia", "password": "not the password"}
        async with session.post(f"{served.address}/v1/auth/login", json=wrong) as response:
            assert response.status == 401
        async with session.post(f"{served.address}/v1/auth/login", data=b"{bad hypatia@example.org") as response:
            assert response.status == 415
        served.process.terminate()
        assert await served.finish() == 0
        log = served.log.decode()
        assert '"route":"/v1/auth/login"' in log
        token = headers["Authorization"].split()[1]
        secrets = [PASSWORD, "not the password", token, token.split(".")[2], session_cookie, "hypatia", "127.0.0.1"]
        assert [secret for secret in secrets if secret in log] == []
        lines = [json.loads(line) for line in log.splitlines()]
        assert all({"time", "level", "message"} <= line.keys() for line in lines)


KILLS = 8


async def publish_and_withdraw(session, address, headers, moves, may, enough):
    """While they may, move posts in and out of the counts of a few tags until the end, whatever is cut off."""
    number = 0
    while not enough.is_set():
        await may.wait()
        number += 1
        sent = {"title": str(number), "status": "published", "tags": ["all", f"tag-{number % 3}"]}
        try:
            async with session.post(f"{address}/v1/posts", json=sent, headers=headers) as response:
                post, match = await response.json(), {"If-Match": response.headers.get("ETag", "")}
            if response.status == 201 and number % 2:
                path = f"{address}/v1/posts/{post['id']}"
                async with session.post(f"{path}/archive", headers={**headers, **match}) as response:
                    await response.read()
        except aiohttp.ClientError:
            continue
        moves.append(number)


async def miscounted(session, address):
    """Names whose shown count of posts is not the number of posts that are listed."""
    found = []
    shown = {f"tag={tag}": f"tags/{tag}" for tag in ("all", "tag-0", "tag-1", "tag-2")}
    for query, path in {**shown, "author=hypatia": "users/by-username/hypatia"}.items():
        async with session.get(f"{address}/v1/posts?{query}&count=exact&limit=1") as response:
            right = (await response.json())["page"]["total"]
        async with session.get(f"{address}/v1/{path}") as response:
            about = await response.json()
        if about.get("post_count", about.get("posts_count", 0)) != right:
            found.append((query, right, about))
    return found


async def examined(app):
    """What `doctor` finds at once: nothing is in progress."""
    return await examine(app[SERVICES].checks, settle=partial(asyncio.sleep, 0), fix=False)


def has_more(served, workers):
    return served.log.count(b" serves, process ") > workers


async def kill_workers(served, moves, may):
    """One after the other, amid the moves. Nobody moves while the next one starts, which that would only slow down."""
    for _ in range(KILLS):
        may.set()
        await after(len(moves) + 20, moves)
        workers = [int(process) for process in re.findall(rb"worker \d+ serves, process (\d+)", served.log)]
        os.kill(workers[-1], signal.SIGKILL)
        may.clear()
        await until(partial(has_more, served, len(workers)))


@pytest.mark.waits(20)
async def test_doctor_finds_nothing_a_minute_after_workers_were_killed(tmp_path, config, shared, mongod_database):
    """The last runs of jobs that begin within the minute put all right that was left: counts, claims, the rest."""
    moves, may, enough = [], asyncio.Event(), asyncio.Event()
    async with aiohttp.ClientSession() as session:
        async with serving(tmp_path, SERVER__WORKERS="2", **shared) as served:
            headers = await sign_in(session, served.address)
            writers = [
                asyncio.create_task(publish_and_withdraw(session, served.address, headers, moves, may, enough))
                for _ in range(8)
            ]
            await kill_workers(served, moves, may)
            enough.set()
            may.set()
            await asyncio.gather(*writers)
        jobs = [job for job in POSTS.jobs if job.name.startswith("settle_")]
        last_run = timedelta(minutes=1) - timedelta(seconds=max(job.seconds for job in jobs) * (1 + JITTER))
        assert last_run >= OVER, "jobs leave alone what somebody may still be at work on"
        # Whatever the kills hit, somebody died between a claim and its post.
        await SlugStore(mongod_database).claim("left-over", new_id(), utc_now())
        app = create_app(config, mongod_database, now=lambda: utc_now() + last_run)
        async with AppServer(app) as server:
            await until(lambda: all((job.name,) in app[SERVICES].runs.times.rows for job in jobs))
            assert await miscounted(session, str(server.make_url("")).rstrip("/")) == []
            assert [finding for finding in await examined(app) if finding.found] == []
