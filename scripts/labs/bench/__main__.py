"""The command behind scripts/bench."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from pymongo import MongoClient
from rich.console import Console

from blogapi.db.embedded.mongod import embedded_mongo, free_port
from blogapi.errors import ConfigError
from scripts.labs import ROOT
from scripts.labs.bench import against as earlier
from scripts.labs.bench import holding, load, report
from scripts.labs.bench.holding import Holding
from scripts.labs.bench.load import Broken
from scripts.labs.bench.reloads import Reloads
from scripts.labs.bench.reloads import measure as measure_reloads
from scripts.labs.bench.requests import check_same, middling_answer, prepare, prepare_scaled
from scripts.labs.bench.rows import (
    BY_HAND,
    CACHED,
    CONSTANT,
    DRIVERS,
    FEW,
    LATE_PAGE,
    MANY,
    ROWS,
    TWO_WORKERS,
    UNCOUNTED,
    Bench,
    Endurance,
    Row,
    Samples,
    scaled,
)
from scripts.labs.bench.servers import BLOGAPI, HANDWRITTEN, UNCHANGING, Server, serving
from scripts.labs.bench.texts import Texts
from scripts.labs.bench.texts import measure as measure_texts

OUTPUT = ROOT / "docs" / "reference" / "benchmarks.md"
MISSED, FAILED, CONFIGURATION, INTERRUPTED = 1, 1, 78, 130
# With --check all ends within eight minutes, setting up included: the last measurement begins before this.
_CHECK_SECONDS = 400
_NEVER = 24 * 3600
_UNREACHED = "1000000/second"
_SCALE = 500_000
_LEAST_SCALE = 20_000
_POSTS, _LINES, _SAVES = 10_000, 20, 7

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: int
    posts: int
    mixed_requests: int
    rows: Sequence[Row]
    scale: int
    until: float


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--check", is_flag=True, help="Exit with 1 when a target is missed; ends within 8 minutes.")
@click.option("--quick", is_flag=True, help="Look whether all runs: one round, few posts; the numbers mean little.")
@click.option("--rounds", type=click.IntRange(1, 100), help="Rounds over all rows.  [default: 5]")
@click.option("--seconds", type=click.IntRange(1, 600), help="Of each row in a round.  [default: 4, with --check 2]")
@click.option("--posts", type=click.IntRange(200, 1_000_000), help="In the database.  [default: 10000]")
@click.option("--scale", type=int, help="Compare with a hundredth of so many posts; 0 not.  [default: 500000]")
@click.option("--soak", type=click.IntRange(1000), metavar="N", help="Only N mixed requests, with the cache.")
@click.option("--texts", is_flag=True, help="Only one-line posts amid long ones of another author.")
@click.option("--against", metavar="COMMIT", help="Only beside an earlier commit of blogapi: what has become slower?")
@click.option("--reload", "reloads", is_flag=True, help="Only from saving a file to the first answer of the new code.")
@click.option("--cache", "only_cache", is_flag=True, help="Only what the read cache holds, and what keeping costs.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The Markdown document.  [default: docs/reference/benchmarks.md, with --check or --quick none]",
)
def main(
    check: bool,
    quick: bool,
    rounds: int,
    seconds: int,
    posts: int,
    scale: int | None,
    soak: int | None,
    texts: bool,
    reloads: bool,
    against: str | None,
    only_cache: bool,
    output: Path | None,
) -> None:
    """Measure blogapi beside servers written by hand, on a database of its own."""
    if scale and scale < _LEAST_SCALE:
        raise click.BadParameter(f"0, or at least {_LEAST_SCALE}: few posts have no late pages.", param_hint="--scale")
    if texts or reloads:
        target = report.judge_texts(_guarded(_measure_texts)) if texts else report.judge_reloads(_guarded(_reload))
        report.show_targets([target])
        sys.exit(MISSED if check and not target.is_met else 0)
    _require_tools()
    rounds, seconds = rounds or (1 if quick else 4 if check else 5), seconds or (1 if quick else 2 if check else 4)
    if against:
        compared = _guarded(lambda: _measure_against(against, posts or _POSTS, rounds, seconds))
        targets = report.judge_rows(earlier.rows(), compared)
        report.show(earlier.rows(), compared, None, targets)
        sys.exit(MISSED if check and not all(target.is_met for target in targets) else 0)
    if only_cache:
        kept, full = _guarded(lambda: _measure_cache(rounds, seconds))
        targets = [*report.judge_rows(holding.ROWS, kept), report.judge_holding(full)]
        report.show(holding.ROWS, kept, None, targets)
        sys.exit(MISSED if check and not all(target.is_met for target in targets) else 0)
    plan = Plan(
        rounds=rounds,
        seconds=seconds,
        posts=posts or (500 if quick else _POSTS),
        mixed_requests=soak or (5_000 if quick else 100_000),
        rows=() if soak else ROWS,
        scale=0 if soak else _SCALE * (not (check or quick)) if scale is None else scale,
        until=time.monotonic() + (_CHECK_SECONDS if check else _NEVER),
    )
    samples, endurance, written, held, mongod = _guarded(lambda: _measure(plan))
    if soak:
        report.show_soak(endurance)
        return
    rows = [*plan.rows, *(scaled(plan.scale) if plan.scale else ()), *(holding.ROWS if held else ())]
    targets = [*report.judge(rows, samples, endurance), report.judge_texts(written)]
    targets += [report.judge_holding(held)] if held else []
    report.show(rows, samples, endurance, targets)
    if output or not (check or quick):
        command = shlex.join(["scripts/bench", *sys.argv[1:]])
        setting = report.Setting(
            command=command, rounds=plan.rounds, seconds=plan.seconds, posts=plan.posts, mongod=mongod
        )
        file = output or OUTPUT
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(report.markdown(rows, samples, endurance, targets, setting, file))
        click.echo(f"Written to {file}.", err=True)
    if check and not all(target.is_met for target in targets):
        sys.exit(MISSED)


def _guarded(measure: Callable[[], Result]) -> Result:
    try:
        return measure()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except ConfigError as error:
        _fail(str(error), CONFIGURATION)
    except (Broken, OSError) as error:
        _fail(str(error), FAILED)


def _require_tools() -> None:
    if not load.is_there():
        _fail("the benchmark needs wrk. Install it: apt-get install wrk, or brew install wrk.", CONFIGURATION)
    if not Path("/proc/self/stat").exists():
        _fail("the benchmark reads CPU and memory from /proc. Run it on Linux.", CONFIGURATION)


def _fail(why: str, status: int) -> NoReturn:
    click.echo(f"blogapi: {why}", err=True)
    sys.exit(status)


def _measure_texts() -> Texts:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blogapi-bench-")))
        advance = stack.enter_context(_progress())
        advance("starting MongoDB")
        mongo = stack.enter_context(embedded_mongo(folder / "mongo"))
        environ = _environment(folder, mongo.url)
        server = stack.enter_context(serving(BLOGAPI, free_port(), environ, folder / "server.log"))
        return measure_texts(server, _LINES, advance)


def _reload() -> Reloads:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blogapi-bench-")))
        advance = stack.enter_context(_progress())
        advance("starting MongoDB")
        mongo = stack.enter_context(embedded_mongo(folder / "mongo"))
        return measure_reloads(_environment(folder, mongo.url), folder, _SAVES, advance)


def _measure_against(commit: str, posts: int, rounds: int, seconds: int) -> Samples:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blogapi-bench-")))
        advance = stack.enter_context(_progress())
        advance("starting MongoDB")
        mongo = stack.enter_context(embedded_mongo(folder / "mongo"))
        environ = _environment(folder, mongo.url)
        return earlier.measure(
            commit, environ, folder, rounds, seconds, lambda settings: _seed(posts, settings), advance
        )


def _measure_cache(rounds: int, seconds: int) -> tuple[Samples, Holding]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blogapi-bench-")))
        advance = stack.enter_context(_progress())
        advance("starting MongoDB")
        mongo = stack.enter_context(embedded_mongo(folder / "mongo"))
        return holding.measure(_environment(folder, mongo.url), folder, rounds, seconds, _seed, advance)


def _measure(plan: Plan) -> tuple[Samples, Endurance, Texts, Holding | None, str]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blogapi-bench-")))
        advance = stack.enter_context(_progress())
        advance("starting MongoDB")
        mongo = stack.enter_context(embedded_mongo(folder / "mongo"))
        environ = _environment(folder, mongo.url)
        advance(f"making {plan.posts:,} posts")
        _seed(plan.posts, environ)

        def server(name: str, *command: str, **settings: str) -> Server:
            own = {f"BLOGAPI_{setting}": value for setting, value in settings.items()}
            return stack.enter_context(serving(command, free_port(), {**environ, **own}, folder / f"{name}.log"))

        advance("starting the servers")
        servers = {CACHED: server(CACHED, *BLOGAPI)}
        requests = prepare(servers[CACHED], folder)
        bench = Bench(servers=servers, requests=folder, environ=environ)
        if plan.rows:
            servers[UNCOUNTED] = server(UNCOUNTED, *BLOGAPI, METRICS__ENABLED="false")
            servers[TWO_WORKERS] = server(TWO_WORKERS, *BLOGAPI, SERVER__WORKERS="2")
            for driver in DRIVERS:
                by_hand, uncached = BY_HAND.format(driver), {"CACHE__ENABLED": "false", "MONGO__DRIVER": driver}
                servers[driver] = server(driver, *BLOGAPI, **uncached)
                servers[by_hand] = server(by_hand, *HANDWRITTEN, **uncached)
                check_same(servers[driver], servers[by_hand], requests)
            files = [folder / "a-post", folder / "a-page"]
            for file, paths in zip(files, (requests.reads, requests.lists), strict=True):
                file.write_bytes(middling_answer(servers[CACHED], paths))
            servers[CONSTANT] = server(CONSTANT, *UNCHANGING, *map(str, files))
        samples = bench.run(plan.rows, plan.rounds, plan.seconds, advance)
        advance("starting a fresh server")
        fresh = server("fresh", *BLOGAPI, CACHE__ENABLED="true" if not plan.rows else "false")
        endurance = bench.endure(fresh, plan.mixed_requests, plan.until, advance)
        written = measure_texts(fresh, _LINES, advance)
        if plan.scale:
            samples.of |= _measure_scaled(stack, plan, folder, mongo.url, environ, advance).of
        held = None
        if plan.rows:
            kept, held = holding.measure(environ, folder, plan.rounds, plan.seconds, _seed, advance)
            samples.of |= kept.of
        with MongoClient[dict[str, Any]](mongo.url) as client:
            return samples, endurance, written, held, client.server_info()["version"]


def _measure_scaled(
    stack: ExitStack, plan: Plan, folder: Path, url: str, environ: Mapping[str, str], advance: Callable[[str], None]
) -> Samples:
    """Few and many posts, each in a database of its own, before servers without a cache."""
    servers, own = {}, {}
    for name, posts, late in ((FEW, plan.scale // 100, LATE_PAGE // 50), (MANY, plan.scale, LATE_PAGE)):
        advance(f"making {posts:,} small posts")
        settings = {**environ, "BLOGAPI_MONGO__DATABASE": name, "BLOGAPI_CACHE__ENABLED": "false"}
        _seed(posts, settings, body_kb=1)
        servers[name] = stack.enter_context(serving(BLOGAPI, free_port(), settings, folder / f"{name}.log"))
        own[name] = folder / f"{name}-requests"
        prepare_scaled(servers[name], url, name, own[name], min(late, posts // 2))
    bench = Bench(servers=servers, requests=folder, environ=environ, own=own)
    return bench.run(scaled(plan.scale), plan.rounds, plan.seconds, advance)


def _environment(folder: Path, url: str) -> dict[str, str]:
    """The default configuration, but for what a benchmark has to have otherwise."""
    config = folder / "config.yaml"
    config.touch()
    rates = ("reads", "writes", "sign_in", "sign_in_account", "sign_in_address", "register", "mail", "mail_address")
    ours = {
        "BLOGAPI_CONFIG": str(config),
        "BLOGAPI_MONGO__URL": url,
        "BLOGAPI_MONGO__DATABASE": "benchmark",
        # In the tokens, and so the same for all servers.
        "BLOGAPI_SERVER__PUBLIC_URL": "http://127.0.0.1",
        "BLOGAPI_AUTH__SECRET": secrets.token_urlsafe(48),
        "BLOGAPI_AUTH__ACCESS_TOKEN_SECONDS": "86400",
        "BLOGAPI_LOG__FORMAT": "json",
        "BLOGAPI_METRICS__PORT": "0",
        "BLOGAPI_SERVER__WORKERS": "1",
        **{f"BLOGAPI_LIMITS__{name.upper()}": _UNREACHED for name in rates},
    }
    return {**{name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}, **ours}


def _seed(posts: int, environ: Mapping[str, str], body_kb: int = 9) -> None:
    values = ["--posts", str(posts), "--seed", "1", "--body-kb", str(body_kb)]
    command = [sys.executable, "-P", "-m", "blogapi", "seed", *values]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Broken(f"blogapi seed failed: {done.stderr.strip()[-2000:]}")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Says what is being done: a moving line on a terminal, else a line for each phase."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    said = ""

    def say(what: str) -> None:
        nonlocal said
        phase = what.partition(":")[0]
        if phase != said:
            said = phase
            click.echo(phase, err=True)

    yield say


def _end(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # else nobody would stop the servers
    main()
