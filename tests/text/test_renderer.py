"""Who waits for whose text, and what becomes of those that take too long. Nothing here measures time."""

import asyncio
import os
import signal

import pytest

from blogapi.deadline import LONGEST_WORK
from blogapi.errors import BlogError, Overloaded
from blogapi.jobs.tasks import end_tasks
from blogapi.pool import renderer as module
from blogapi.pool.processes import Processes
from blogapi.pool.renderer import LONG_TEXTS, SHORT_BYTES, SHORT_TEXTS, Renderer
from blogapi.text.rendering import render, render_small
from tests.conftest import until

LONG = "word *a* " * 25_000  # some tenths of a second
TOO_LONG = 0.05


@pytest.mark.parametrize("body_format", ["markdown", "html"])
@pytest.mark.parametrize("body", ["# A *b*\n\n<p>c</p> d\n\n## e", "\ud800 é", " ", "a " * SHORT_BYTES, "a\nb"])
async def test_text_is_what_render_makes_of_it(body, body_format):
    assert await Renderer().post(body, body_format) == render(body, body_format)
    assert await Renderer().small(body) == render_small(body)


@pytest.mark.parametrize("body_format", ["markdown", "html"])
async def test_nobody_is_asked_about_an_empty_text(monkeypatch, body_format):
    for name in ("SHORT_TEXTS", "LONG_TEXTS"):
        monkeypatch.setattr(module, name, Processes("tests.pool.nothing", niceness=0))
    assert await Renderer().post("", body_format) == render("", body_format)
    assert await Renderer().small("") == ""


async def test_text_that_takes_too_long_is_refused_and_the_next_one_is_not():
    renderer = Renderer(cpu_seconds=TOO_LONG)
    with pytest.raises(BlogError) as refusal:
        await renderer.post(LONG, "markdown")
    assert refusal.value.code == "too_complex"
    assert (await renderer.post("*a* " * SHORT_BYTES, "html")).word_count


@pytest.fixture
def finished(monkeypatch):
    """The names of texts in the order in which they are rendered, all asked for at once in the order given, up to one.

    Nobody waits for the others: who asked for them gives up.
    """
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 300)
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 300)
    return _finished


async def _finished(last, *texts):
    order, renderer = [], Renderer(cpu_seconds=60)

    async def render_one(name, account, body):
        await renderer.post(body, "markdown", account)
        order.append(name)

    tasks = {text[0]: asyncio.create_task(render_one(*text)) for text in texts}
    await tasks[last]
    found = [*order]
    await end_tasks(*tasks.values())
    return found


async def test_short_text_goes_past_long_ones(finished):
    bombs = [(f"bomb {number}", "mallory", LONG) for number in range(8)]
    assert await finished("one line", *bombs, ("one line", "ada", "A *line*.")) == ["one line"]


async def test_short_text_goes_past_the_long_ones_of_the_same_author(finished):
    texts = [("long", "ada", LONG), ("longer", "ada", LONG), ("one line", "ada", "A *line*.")]
    assert await finished("one line", *texts) == ["one line"]


async def test_long_text_of_another_does_not_wait_for_all_that_somebody_brings(finished):
    bombs = [(f"bomb {number}", "mallory", LONG) for number in range(8)]
    order = await finished("long", *bombs, ("long", "ada", LONG))
    assert order.index("long") < 4


async def test_who_waits_too_long_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)
    renderer = Renderer(cpu_seconds=60)
    texts = [renderer.post(LONG, "markdown", "ada") for _ in range(2)]
    rendered, refused = await asyncio.gather(*texts, return_exceptions=True)
    assert rendered.word_count
    assert isinstance(refused, Overloaded)
    assert refused.retry_after_seconds


async def test_stopped_process_holds_nobody_up_for_ever(monkeypatch):
    monkeypatch.setattr(module, "_DEADLINE_SECONDS", 0.2)
    renderer = Renderer()
    await renderer.small("a")
    stopped = SHORT_TEXTS.pids
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    for _ in stopped:
        with pytest.raises(Overloaded):
            await renderer.small("a")
    monkeypatch.undo()
    assert await renderer.small("a")
    assert stopped.isdisjoint(SHORT_TEXTS.pids)


def test_who_waits_for_a_slow_machine_is_told_before_the_request_is_cut_off():
    """First for a turn, then for the text; then a 503 says when to try again."""
    assert LONGEST_WORK.total_seconds() > module._PATIENCE_SECONDS + module._DEADLINE_SECONDS


async def test_killed_process_is_replaced_under_its_text():
    renderer = Renderer(cpu_seconds=60)
    # Those of other tests would be killed as well, die slowly on a busy machine, and be asked in its place.
    LONG_TEXTS.close()
    await renderer.post("a " * SHORT_BYTES, "markdown")
    before = LONG_TEXTS.pids
    rendering = asyncio.create_task(renderer.post(LONG, "markdown"))
    await asyncio.sleep(0)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert (await rendering).word_count
    await until(lambda: before.isdisjoint(LONG_TEXTS.pids))


async def test_long_texts_step_back_behind_short_ones_and_both_behind_readers():
    renderer = Renderer()
    for text in ("a", "a " * SHORT_BYTES):
        await renderer.post(text, "markdown")

    def priority(processes):
        return {os.getpriority(os.PRIO_PROCESS, pid) for pid in processes.pids}

    assert os.getpriority(os.PRIO_PROCESS, 0) < min(priority(SHORT_TEXTS)) < min(priority(LONG_TEXTS))
