"""What a process counts, how it tells that, and how the first process adds it up."""

import asyncio
import logging
import select
from dataclasses import replace

import pytest

from blogapi.app import create_app
from blogapi.cache.reads import CACHED_READS
from blogapi.cache.serialized import lines_of
from blogapi.cache.sources import Sources
from blogapi.cache.stored import Stored
from blogapi.config import CacheConfig, LimitsConfig
from blogapi.errors import Overloaded
from blogapi.jobs.runner import Runs, every, run_again_and_again
from blogapi.jobs.tasks import running
from blogapi.measures import Durations, counter, gauge
from blogapi.operations.ledger import Ledger
from blogapi.operations.metrics import Metrics
from blogapi.operations.traffic import METRICS, Traffic, cache_part
from blogapi.pool.turns import Turns, queues
from tests.conftest import PASSWORD, until
from tests.contract import AppServer, checked_client
from tests.scraping import exposed, scraped

REQUESTS = "blogapi_requests_total"


class Worker:
    """Numbers of one, told to a ledger when it is asked for."""

    def __init__(self, ledger, process, place=1):
        self.ledger, self.process, self.place = ledger, process, place
        self.count, self.level, self.times = 0, 0, Durations()
        self.metrics = Metrics(
            [
                counter("blog_things_total", "Things.", lambda: {("a",): self.count}, ("kind",)),
                gauge("blog_level", "A level.", lambda: {} if self.level is None else self.level),
                self.times.measure("blog_seconds", "How long."),
            ]
        )

    def tell(self, say=None):
        self.metrics.tell(say or (lambda line: self.ledger.hear(self.process, self.place, line)))


async def test_requests_are_counted_by_route_status_and_method(client, ada, write):
    post = await write(ada)
    for _ in range(3):
        await client.get(f"/v1/posts/{post['id']}", headers=ada.headers)
    await client.get("/v1/posts/ffffffffffffffffffffffff")
    await client.get("/nowhere/of/mine")
    found = scraped(client.app)
    route = "/v1/posts/{id}"
    assert found(REQUESTS, route=route, method="GET", status="200") == 3
    assert found(REQUESTS, route=route, method="GET", status="404") == 1
    assert found(REQUESTS, route="-", status="404") == 1
    assert found(REQUESTS, route="/v1/posts", method="POST", status="201") == 1
    assert found("blogapi_request_duration_seconds_count", route=route, method="GET") == 4
    assert found("blogapi_request_duration_seconds_bucket", route=route, method="GET", le="+Inf") == 4
    assert found("blogapi_request_duration_seconds_sum", route=route, method="GET") > 0
    assert found("blogapi_response_bytes_total", route="/v1/posts") >= len("{}")


async def test_labels_hold_nothing_that_a_client_sent(aiohttp_client, client, ada, write):
    post = await write(ada, title="Xyzzy of Zork")
    anything = await aiohttp_client(client.server)  # what it sends is no part of the contract
    for path in (f"/v1/posts/by-slug/{post['slug']}", "/v1/posts?q=plugh", "/secret-path-plugh", "/v1/tags/plugh"):
        await anything.request("FROTZ", path)
        await anything.get(path, headers={"X-Request-Id": "plugh"})
    await anything.post("/v1/auth/login", json={"login": "plugh", "password": "plugh"})
    found = scraped(client.app)
    for sent in ("plugh", "FROTZ", "xyzzy", post["id"], "ada", PASSWORD, "127.0.0"):
        assert sent not in found.text
    assert {sample.labels["method"] for sample in found.of(REQUESTS)} <= {"GET", "POST", "other"}
    assert found(REQUESTS, method="other") == 4


async def test_methods_that_a_client_makes_up_take_no_room():
    traffic = Traffic()
    for number in range(1000):
        traffic.count(f"FROTZ{number}", "-", 405, "none", 0.0, 0)
    (told,) = [measure.read() for measure in traffic.measures() if measure.family.name == REQUESTS]
    assert told == {("-", "other", "405", "none"): 1000}
    assert len(traffic._rows) == 1


@pytest.mark.mongod
async def test_hits_are_counted_like_all_others(aiohttp_client, config, mongod_database):
    app = create_app(replace(config, cache=CacheConfig(enabled=True)), mongod_database)
    client = await aiohttp_client(AppServer(app))
    reads = app[CACHED_READS]
    await until(lambda: reads.cache.is_fresh)
    kept = Stored(
        route="/robots.txt",
        status=200,
        shared_lines=lines_of({**reads.headers, "Cache-Status": "blogapi; hit"}.items()),
        own_lines=b"",
        content_type="text/plain",
        etag='"abc"',
        body=b"hello",
    )
    assert reads.cache.put("/robots.txt", kept, kept.size, Sources({"posts/1"}, {}), reads.cache.now())
    for headers in ({}, {}, {"If-None-Match": '"abc"'}):
        answer = await client.get("/robots.txt", headers=headers)
        assert answer.headers["Cache-Status"] == "blogapi; hit"
    await client.head("/robots.txt")
    found = scraped(app)
    assert found(REQUESTS, route="/robots.txt", method="GET", status="200", cache="hit") == 2
    assert found(REQUESTS, route="/robots.txt", method="GET", status="304", cache="hit") == 1
    assert found(REQUESTS, route="/robots.txt", method="HEAD", status="200", cache="hit") == 1
    assert found("blogapi_request_duration_seconds_count", route="/robots.txt") == 4
    assert found("blogapi_response_bytes_total", route="/robots.txt") == 10
    assert found("blogapi_cache_entries", worker="1") == 1
    assert found("blogapi_cache_bytes", worker="1") == reads.cache.bytes > 0


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("blogapi; hit", "hit"),
        ("blogapi; fwd=uri-miss; stored", "miss"),
        ("blogapi; fwd=uri-miss", "not_kept"),
        ("blogapi; fwd=uri-miss; collapsed", "collapsed"),
        ("blogapi; fwd=uri-miss; detail=private", "private"),
        ("blogapi; fwd=request; stored", "refresh"),
        ("blogapi; fwd=bypass; detail=lag", "bypass"),
        ("", "none"),
    ],
)
def test_word_for_what_the_cache_did(said, word):
    assert cache_part(said) == word


@pytest.mark.mongod
async def test_evictions_are_counted_by_their_cause(aiohttp_client, config, mongod_database):
    app = create_app(replace(config, cache=CacheConfig(enabled=True)), mongod_database)
    await aiohttp_client(app)
    cache = app[CACHED_READS].cache
    await until(lambda: cache.is_fresh)
    assert cache.put("/a", "answer", 100, Sources({"posts/1"}, {}), cache.now())
    cache.start_over("stream-lost")
    found = scraped(app)
    assert {s.labels["reason"]: s.value for s in found.of("blogapi_cache_evictions_total")} == {
        "room": 0,
        "written": 0,
        "forgotten": 1,
    }
    assert found("blogapi_cache_fresh") == 0
    assert found.of("blogapi_change_stream_lag_seconds") == []


async def test_replays_and_refusals_are_counted(aiohttp_client, config, database, sign_up_at):
    app = create_app(replace(config, limits=LimitsConfig(storage="memory", sign_in="1/minute")), database)
    client = await checked_client(aiohttp_client, app)
    who = await sign_up_at(client)
    keyed = {**who, "Idempotency-Key": "one"}
    for _ in range(3):
        assert (await client.post("/v1/posts", json={"title": "A"}, headers=keyed)).status == 201
    guesses = [await client.post("/v1/auth/login", json={"login": "ada", "password": "a guess"}) for _ in range(2)]
    assert [guess.status for guess in guesses] == [401, 429]
    found = scraped(app)
    assert found("blogapi_idempotent_requests_total", outcome="first") == 1
    assert found("blogapi_idempotent_requests_total", outcome="replayed") == 2
    assert found("blogapi_rate_limited_total", limit="sign_in") == 1
    assert found("blogapi_rate_limited_total") == 1
    assert found("blogapi_queue_turns_total", queue="passwords") == 3


@pytest.fixture
def sign_up_at():
    async def sign_up_at(client):
        account = {"username": "ada", "email": "ada@example.org", "password": PASSWORD, "display_name": "Ada"}
        await client.post("/v1/auth/register", json=account)
        answer = await (await client.post("/v1/auth/login", json={"login": "ada", "password": PASSWORD})).json()
        return {"Authorization": f"Bearer {answer['access_token']}"}

    return sign_up_at


async def test_jobs_are_counted_with_their_failures():
    class Service:
        ran = 0

        async def sweep(self):
            self.ran += 1
            if self.ran == 1:
                raise RuntimeError("no broom")
            return 5

    service, runs, ledger = Service(), Runs(), Ledger()
    logging.getLogger("blogapi.jobs").disabled = True
    try:
        async with running(run_again_and_again(every(0, Service.sweep, done="swept"), service, runs)):
            await until(lambda: service.ran > 3)
    finally:
        logging.getLogger("blogapi.jobs").disabled = False
    Metrics(runs.measures()).tell(lambda line: ledger.hear(1, 1, line))
    found = exposed(ledger)
    assert found("blogapi_job_failures_total", task="sweep") == 1
    assert found("blogapi_job_duration_seconds_count", task="sweep") >= 3
    assert found("blogapi_job_items_total", task="sweep") >= 10


async def test_queue_tells_who_waits_and_who_had_no_turn():
    turns, ledger = Turns(at_once=1, most_waiting=1, patience_seconds=10, busy="Busy."), Ledger()
    metrics = Metrics(queues({"passwords": turns}))

    async def wait():
        async with turns.turn("grace"):
            pass

    async with turns.turn("ada"):
        waiting = asyncio.create_task(wait())
        await until(lambda: turns.waiting == 1)
        with pytest.raises(Overloaded):
            async with turns.turn("bob"):
                pass
        metrics.tell(lambda line: ledger.hear(1, 1, line))
        found = exposed(ledger)
        assert found("blogapi_queue_waiting", queue="passwords") == 1
        assert found("blogapi_queue_busy", queue="passwords") == 1
        assert found("blogapi_queue_refusals_total", queue="passwords", reason="full") == 1
    await waiting
    metrics.tell(lambda line: ledger.hear(1, 1, line))
    found = exposed(ledger)
    assert found("blogapi_queue_waiting", queue="passwords") == 0
    assert found("blogapi_queue_turns_total", queue="passwords") == 2


def test_workers_are_added_up_and_told_apart_where_they_differ():
    ledger = Ledger()
    one, two = Worker(ledger, 101, 1), Worker(ledger, 102, 2)
    one.count, one.level, two.count, two.level = 3, 7, 4, 9
    one.times.add((), 0.003)
    two.times.add((), 20)
    one.tell(), two.tell()
    one.count = 5
    one.tell(), one.tell(), two.tell()
    found = exposed(ledger)
    assert found("blog_things_total", kind="a") == 9
    assert {s.labels["worker"]: s.value for s in found.of("blog_level")} == {"1": 7, "2": 9}
    assert (found("blog_seconds_bucket", le="0.0025"), found("blog_seconds_bucket", le="0.005")) == (0, 1)
    assert (found("blog_seconds_bucket", le="10.0"), found("blog_seconds_bucket", le="+Inf")) == (1, 2)
    assert found("blog_seconds_count") == 2
    assert found("blog_seconds_sum") == pytest.approx(20.003)


def test_what_a_worker_has_counted_outlives_it_and_its_levels_do_not():
    ledger = Ledger()
    old = Worker(ledger, 101)
    old.count, old.level = 3, 7
    old.tell()
    new = Worker(ledger, 102)
    new.count, new.level = 1, 8
    new.tell()
    assert exposed(ledger)("blog_level", worker="1") == 8, "the newer one, while both live"
    ledger.forget(101)
    found = exposed(ledger)
    assert found("blog_things_total") == 4
    assert [s.value for s in found.of("blog_level")] == [8]
    ledger.forget(102)
    assert exposed(ledger)("blog_things_total") == 4


def test_level_that_is_not_known_any_more_is_not_told():
    ledger = Ledger()
    worker = Worker(ledger, 101)
    worker.level = 7
    worker.tell()
    worker.level = None
    worker.tell()
    assert exposed(ledger).of("blog_level") == []


def test_what_could_not_be_said_is_said_the_next_time_and_once():
    ledger = Ledger()
    worker = Worker(ledger, 101)
    worker.count = 3
    for allowed in range(6):  # the pipe takes so many lines, then nothing
        left = iter([True] * allowed)
        worker.tell(lambda line, left=left: next(left, False) and ledger.hear(101, 1, line))
        worker.count += 1
    worker.tell()
    assert exposed(ledger)("blog_things_total") == worker.count


def test_lines_are_short_enough_to_be_written_whole():
    lines = []
    many = {(f"/v1/a/route/of/some/length/{number}",): number + 1 for number in range(500)}
    metrics = Metrics([counter("blog_things_total", "Things.", lambda: many, ("route",))])
    metrics.tell(lambda line: lines.append(line) or True)
    assert len(lines) > 3
    assert all(len(line) <= select.PIPE_BUF and line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    ledger = Ledger()
    assert all(ledger.hear(1, 1, line) for line in lines)
    assert exposed(ledger)("blog_things_total") == sum(many.values())


def test_newer_code_that_counts_in_another_way_begins_anew():
    ledger = Ledger()
    Metrics([counter("blog_total", "Old.", lambda: {("a",): 5}, ("kind",))]).tell(lambda line: ledger.hear(1, 1, line))
    Metrics([gauge("blog_total", "New.", lambda: 2)]).tell(lambda line: ledger.hear(2, 1, line))
    assert [sample.value for sample in exposed(ledger).of("blog_total")] == [2]


def test_other_lines_are_not_for_the_ledger():
    assert not Ledger().hear(1, 1, b'{"has_admin": true}\n')


async def test_every_name_is_described_and_ours(client):
    ledger = Ledger()
    client.app[METRICS].tell(lambda line: ledger.hear(1, 1, line))
    for name, family in exposed(ledger).families.items():
        assert name.startswith("blogapi_")
        assert family.documentation.endswith("."), name
        assert family.type in {"counter", "gauge", "histogram"}
