"""The log of requests, when standard error takes nothing."""

import asyncio
import io
import json
import threading

from blogapi.operations.logs import RequestLog
from tests.servers import LONG


class Stuck(io.StringIO):
    """Takes nothing until it may."""

    def __init__(self):
        super().__init__()
        self.reached, self.may = threading.Event(), threading.Event()

    def write(self, text):
        self.reached.set()
        assert self.may.wait(LONG)
        return super().write(text)


def add(log, names):
    for name in names:
        log.add(0.0, name, "GET", "/v1/posts", 200, 1.0, 2, "192.0.2.0/24")


async def test_lines_beyond_a_bound_are_dropped_while_standard_error_is_stuck(caplog):
    stream = Stuck()
    log = RequestLog("info", "json", stream, max_pending=3)
    add(log, "a")
    assert await asyncio.to_thread(stream.reached.wait, LONG)
    add(log, "bcdef")
    stream.may.set()
    log.close()
    assert [json.loads(line)["request_id"] for line in stream.getvalue().splitlines()] == ["a", "b", "c", "d"]
    assert "2 request lines were dropped" in caplog.text
