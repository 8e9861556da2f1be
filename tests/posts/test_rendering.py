"""What rendering takes from other people, and from whom it takes too long."""

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from blogapi.pool import renderer as module
from blogapi.pool.renderer import LONG_TEXTS, SHORT_BYTES, SHORT_TEXTS
from blogapi.wiring import SERVICES, build_services
from tests.conftest import matching, until

LONG = "word *a* " * 25_000
USER = {"username": "carol", "email": "carol@example.org", "password": "correct horse battery"}


@pytest.fixture
def hasty(client, monkeypatch):
    """Nothing may take more of a processor than a short text does, and all the time that it has to wait for one."""
    renderer = client.app[SERVICES].renderer
    renderer._cpu_seconds, renderer._long._patience_seconds = 0.2, 300
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 300)


@pytest.mark.usefixtures("hasty")
async def test_text_that_takes_too_long_is_refused(client, ada, write):
    response = await client.post("/v1/posts", json={"title": "T", "body": LONG}, headers=ada.headers)
    assert response.status == 422
    assert (await response.json())["code"] == "too_complex"
    post = await write(ada, body="Short.")
    response = await client.patch(f"/v1/posts/{post['id']}", json={"body": LONG}, headers=matching(ada, post))
    assert response.status == 422
    assert (await response.json())["code"] == "too_complex"
    response = await client.get(f"/v1/posts/{post['id']}?view=working", headers=ada.headers)
    assert (await response.json())["body"] == "Short."


@pytest.mark.usefixtures("hasty")
async def test_key_of_a_text_that_was_refused_is_free_again(client, ada):
    headers = {**ada.headers, "Idempotency-Key": "mine"}
    for _ in range(2):
        response = await client.post("/v1/posts", json={"title": "T", "body": LONG}, headers=headers)
        assert (await response.json())["code"] == "too_complex"


async def test_one_line_is_answered_before_the_long_posts_of_somebody_else(client, ada, bob, monkeypatch):
    client.app[SERVICES].renderer._long._patience_seconds = 300  # all of them are to be answered
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 300)
    LONG_TEXTS.start()
    answered, slow, idle = [], LONG_TEXTS.pids, len(LONG_TEXTS._idle)

    async def post(name, who, body):
        response = await client.post("/v1/posts", json={"title": name, "body": body}, headers=who.headers)
        assert response.status == 201
        answered.append(name)

    for pid in slow:
        os.kill(pid, signal.SIGSTOP)  # slower than any text
    try:
        bombs = [asyncio.create_task(post("long", bob, "word " * SHORT_BYTES)) for _ in range(8)]
        await until(lambda: len(LONG_TEXTS._idle) < idle)
        await post("one line", ada, "A *line*.")
    finally:
        for pid in slow:
            os.kill(pid, signal.SIGCONT)
    await asyncio.gather(*bombs)
    assert answered == ["one line", *["long"] * 8]


async def test_account_without_a_bio_is_made_while_nothing_can_be_rendered(client, monkeypatch):
    monkeypatch.setattr(module, "SHORT_TEXTS", None)
    response = await client.post("/v1/auth/register", json=USER)
    assert response.status == 201


async def test_stopped_process_costs_one_answer(client, ada, write, monkeypatch):
    await write(ada)
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 0.2)
    stopped = SHORT_TEXTS.pids
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    for _ in stopped:
        response = await client.post("/v1/posts", json={"title": "T", "body": "x"}, headers=ada.headers)
        assert response.status == 503
        assert int(response.headers["Retry-After"]) >= 1
    monkeypatch.undo()
    await write(ada)


async def test_time_for_a_text_is_a_setting(config, database):
    config = replace(config, server=replace(config.server, render_seconds=7))
    assert build_services(config, database).renderer._cpu_seconds == 7
