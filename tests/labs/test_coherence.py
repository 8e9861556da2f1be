"""The coherence drill finds what is out of date, and nothing else."""

import json
import math
import subprocess
import sys

import orjson
import pytest
from click.testing import CliRunner

from scripts.labs.client import Answer
from scripts.labs.coherence.__main__ import main
from scripts.labs.coherence.findings import NEVER, STALE_FOR_WRITER, TOO_OLD, UNPUBLISHED, Findings
from scripts.labs.coherence.ledger import Person, Post, Shown, Timeline
from scripts.labs.coherence.looks import AllPeople, AllTags, PostById, PostBySlug, PostPage
from scripts.labs.drills import percentile
from tests.servers import ROOT

SLUGS = frozenset(["on-tea", "on-green-tea"])
FIRST, SECOND = Shown("first", "on-tea", 1, frozenset(["on-tea"])), Shown("second", "on-green-tea", 3, SLUGS)


@pytest.fixture
def ada():
    """Published `first` at 10, withdrew it at 20, published `second` at 30; each was answered a second later."""
    person, shown = Person("ada", "tea", id="a"), Timeline("a post")
    for value, sent_at in ((FIRST, 10), (None, 20), (SECOND, 30)):
        write(shown, value, sent_at)
    write(person.names, "Ada", 0)
    write(person.counts, 1, 0)
    person.posts["p"] = Post("p", '"1-x"', ("2030", "p"), "second", "on-green-tea", SECOND, shown)
    return person


def write(timeline, value, sent_at):
    timeline.begin(value, sent_at)
    timeline.settle(value, sent_at + 1)


def post(title, slug):
    return {"id": "p", "title": title, "slug": slug, "authors": [{"display_name": "Ada"}]}


def answer(status, body, sent_at, head=b""):
    return Answer(status, head, orjson.dumps(body), sent_at, sent_at + 0.01)


GREEN, OLD = post("second", "on-green-tea"), post("first", "on-tea")


@pytest.mark.parametrize(
    ("status", "body", "asked_at", "violations"),
    [
        (200, OLD, 15, []),
        (200, OLD, 20.5, []),
        (200, OLD, 21.5, [STALE_FOR_WRITER]),
        (200, OLD, 22.5, [STALE_FOR_WRITER, UNPUBLISHED]),
        (200, OLD, 40, [STALE_FOR_WRITER, UNPUBLISHED]),
        (404, {}, 30.5, []),
        (404, {}, 31.5, [STALE_FOR_WRITER]),
        (404, {}, 40, [STALE_FOR_WRITER, TOO_OLD]),
        (200, GREEN, 40, []),
        (200, {**GREEN, "version": 3}, 40, []),
        (200, {**GREEN, "version": 2}, 40, [STALE_FOR_WRITER, NEVER]),
        (200, post("being edited", "on-tea"), 40, [STALE_FOR_WRITER, NEVER]),
    ],
)
def test_post_is_compared_with_the_ledger(ada, status, body, asked_at, violations):
    findings = Findings(1)
    findings.check(PostById(ada, ada.posts["p"]), answer(status, body, asked_at), by_writer=True)
    assert sorted(findings.violations) == sorted(violations)


@pytest.mark.parametrize(
    ("status", "location", "violations"),
    [
        (301, "/v1/posts/by-slug/on-green-tea?fields=title", []),
        (301, "/v1/posts/by-slug/on-oolong", [NEVER]),
        (301, "/v1/posts/by-slug/on-tea", [NEVER]),
        (404, "", [TOO_OLD]),
        (200, "", [UNPUBLISHED]),
    ],
)
def test_former_slug_is_compared_with_the_ledger(ada, status, location, violations):
    findings, head = Findings(1), f"\r\nLocation: {location}".encode()
    findings.check(PostBySlug(ada, ada.posts["p"], "on-tea"), answer(status, OLD, 40, head))
    assert list(findings.violations) == violations


@pytest.mark.parametrize(("items", "violations"), [([GREEN], []), ([OLD], [UNPUBLISHED]), ([], [TOO_OLD])])
def test_page_is_compared_with_the_ledger(ada, items, violations):
    findings = Findings(1)
    findings.check(PostPage([ada], "tag=tea"), answer(200, {"items": items, "page": {"next": None}}, 40))
    assert list(findings.violations) == violations


@pytest.mark.parametrize(("total", "violations"), [(1, []), (0, [NEVER])])
def test_total_is_compared_with_the_ledger(ada, total, violations):
    findings, page = Findings(1), {"items": [GREEN], "page": {"next": None, "total": total}}
    findings.check(PostPage([ada], "tag=tea&count=exact"), answer(200, page, 40))
    assert list(findings.violations) == violations


@pytest.mark.parametrize(
    ("look", "items", "violations"),
    [
        (AllTags, [{"slug": "tea", "post_count": 1}], []),
        (AllTags, [{"slug": "tea", "post_count": 2}], [NEVER]),
        (AllTags, [], [NEVER]),
        (AllTags, [{"slug": "tea", "post_count": 1}, {"slug": "coffee", "post_count": 1}], [NEVER]),
        (AllPeople, [{"id": "a", "display_name": "Ada", "posts_count": 1}], []),
        (AllPeople, [{"id": "a", "display_name": "Eve", "posts_count": 1}], [NEVER]),
        (AllPeople, [], [NEVER]),
    ],
)
def test_lists_of_tags_and_people_are_compared_with_the_ledger(ada, look, items, violations):
    findings = Findings(1)
    findings.check(look([ada]), answer(200, {"items": items}, 40))
    assert list(findings.violations) == violations


@pytest.mark.parametrize("outages_allowed", [False, True])
def test_refused_read_fails_unless_there_is_no_primary(ada, outages_allowed):
    findings = Findings(1, outages_allowed=outages_allowed)
    findings.check(AllTags([ada]), answer(503, {}, 40))
    assert findings.is_passed is outages_allowed
    assert findings.unavailable == outages_allowed


def test_page_need_not_show_what_comes_after_it(ada):
    newer = Timeline("another post")
    write(newer, Shown("new", "new", 1, frozenset(["new"])), 0)
    ada.posts["q"] = Post("q", "", ("2031", "q"), "new", "new", newer.current, newer)
    findings, item = Findings(1), {**post("new", "new"), "id": "q"}
    findings.check(PostPage([ada], "tag=tea&limit=1"), answer(200, {"items": [item], "page": {"next": "c"}}, 40))
    assert findings.is_passed


@pytest.mark.parametrize("came_through", [True, False])
def test_write_of_unknown_outcome_may_or_may_not_be_seen(came_through):
    names = Timeline("a name")
    write(names, "Ada", 0)
    names.begin("Lady Ada", 10)
    assert [names.judge(lambda value, name=name: value == name, 15).age_seconds for name in ("Ada", "Lady Ada")] == [
        0,
        0,
    ]
    names.settle("Lady Ada" if came_through else "Ada", 20)
    old = names.judge(lambda value: value == "Ada", 25)
    new = names.judge(lambda value: value == "Lady Ada", 25)
    assert (old.age_seconds, new.age_seconds) == ((5, 0) if came_through else (0, math.inf))


@pytest.mark.parametrize(
    ("lags", "is_passed"), [([0.01] * 200 + [0.9], True), ([0.01] * 200 + [1.0], False), ([0.01] * 10 + [0.1], False)]
)
def test_lag_is_bounded(lags, is_passed):
    assert Findings(1, lags=lags).is_passed is is_passed


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (75, 3), (99, 4), (100, 4)])
def test_percentile_is_one_of_the_values(percent, value):
    assert percentile([4, 1, 3, 2], percent) == value


@pytest.mark.mongod
def test_short_drill_finds_nothing_wrong():
    numbers = {"processes": 2, "writers": 2, "outsiders": 1, "readers": 2, "writes": 60, "reads": 600, "seed": 1}
    options = [part for name, number in numbers.items() for part in (f"--{name}", str(number))]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.labs.coherence", "--json", *options], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["writes"] >= 60
    assert found["reads"] >= 600
    wrong = ("stale_for_the_writer", "unpublished_seen_after_1_s", "never_public", "failed_reads")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0), done.stderr


@pytest.mark.parametrize("mix", ["tea=1", "publish=often", "publish=-1", "publish"])
def test_wrong_mix_is_refused(mix):
    done = CliRunner().invoke(main, ["--mix", mix])
    assert done.exit_code == 2
    assert "--mix" in done.stderr
