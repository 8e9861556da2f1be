"""What it costs an author to write one line while somebody else sends one long text after the other."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from scripts.labs.bench.servers import Server

# At once, all of one author. Each is as long as a body may be, and takes a second or more.
BOMBS = 16
_BOMB = "word *a* " * (512 * 1024 // 9)
_LINE = "A *line*."
_HEADERS = {"Content-Type": "application/json"}
_BEFORE_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Milliseconds from the request to the answer, medians. `bombs` is how many were answered meanwhile, and how."""

    alone_ms: float
    amid_ms: float
    worst_ms: float
    bombs: dict[int, int]

    @property
    def ratio(self) -> float:
        return self.amid_ms / self.alone_ms


def measure(server: Server, count: int, advance: Callable[[str], None]) -> Texts:
    """One-line posts, one after the other: undisturbed, then amid the long ones. Raises Broken."""
    ada, mallory = (_author(server, name) for name in ("bench-ada", "bench-mallory"))
    advance("one-line posts")
    _write_lines(server, ada, count)  # to warm up
    alone = _write_lines(server, ada, count)
    advance(f"one-line posts amid {BOMBS} long ones")
    with _bombs(server, mallory) as answered:
        time.sleep(_BEFORE_SECONDS)
        amid = _write_lines(server, ada, count)
        counts = {status: answered.count(status) for status in sorted(set(answered))}
    return Texts(alone_ms=median(alone), amid_ms=median(amid), worst_ms=max(amid), bombs=counts)


def _author(server: Server, username: str) -> dict[str, str]:
    account = {"username": username, "password": secrets.token_urlsafe(16)}
    email = f"{username}@example.org"
    server.ask("POST", "/v1/auth/register", json.dumps({**account, "email": email}).encode())
    sign_in = {"login": username, "password": account["password"]}
    answer = json.loads(server.ask("POST", "/v1/auth/login", json.dumps(sign_in).encode()))
    return {"Authorization": f"Bearer {answer['access_token']}"}


def _write_lines(server: Server, headers: dict[str, str], count: int) -> list[float]:
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        server.ask("POST", "/v1/posts", json.dumps({"title": "A line", "body": _LINE}).encode(), headers)
        taken.append(1000 * (time.perf_counter() - start))
    return taken


@contextmanager
def _bombs(server: Server, headers: dict[str, str]) -> Iterator[list[int]]:
    """Long posts, as many at once as there are bombs, as long as the block lasts."""
    body = json.dumps({"title": "A bomb", "body": _BOMB}).encode()
    over, answered = threading.Event(), list[int]()

    def send() -> None:
        while not over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
            try:
                connection.request("POST", "/v1/posts", body, {**_HEADERS, **headers})
                answer = connection.getresponse()
                answer.read()
                answered.append(answer.status)
            finally:
                connection.close()

    threads = [threading.Thread(target=send) for _ in range(BOMBS)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        over.set()
        for thread in threads:
            thread.join()
