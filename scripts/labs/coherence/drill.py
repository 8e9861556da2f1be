"""The drill: processes on one database, writers, readers and somebody who cuts change streams."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from blogapi.db.embedded.mongod import embedded_mongo, free_port
from scripts.labs.bench.servers import BLOGAPI, serving
from scripts.labs.chance import chance_of
from scripts.labs.client import CutOff, LastingConnection
from scripts.labs.coherence.cutter import cut, elect
from scripts.labs.coherence.findings import FAILED, Findings
from scripts.labs.coherence.ledger import Person, Post
from scripts.labs.coherence.looks import Look, PostPage, look_at, look_at_person
from scripts.labs.coherence.outsider import Outsider
from scripts.labs.coherence.probe import Probe
from scripts.labs.coherence.writer import Writer

_DATABASE = "coherence"
_POSTS = (6, 10)
_MOST_FAILED = 1000
_LATEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done, by how many."""

    processes: int
    writers: int
    readers: int
    writes: int
    reads: int
    seed: int
    mix: Mapping[str, float]
    outsiders: int = 0
    cuts: bool = True
    elections: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes listen, and their database."""

    ports: Sequence[int]
    mongo_url: str


@contextmanager
def place(processes: int) -> Iterator[Place]:
    """Processes with an empty blog; all is removed at the end. Raises ConfigError, Broken, OSError."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blogapi-coherence-")))
        mongo = stack.enter_context(embedded_mongo(folder / "mongo"))
        environ = _environment(folder, mongo.url)
        ports = [free_port() for _ in range(processes)]
        for port in ports:
            stack.enter_context(serving(BLOGAPI, port, environ, folder / f"{port}.log"))
        yield Place(ports, mongo.url)


def _environment(folder: Path, url: str) -> dict[str, str]:
    """The default configuration, but for what the drill has to have otherwise."""
    config = folder / "config.yaml"
    config.touch()
    settings = {
        "CONFIG": str(config),
        "MONGO__URL": url,
        "MONGO__DATABASE": _DATABASE,
        "SERVER__WORKERS": "1",
        "SERVER__KEEPALIVE_SECONDS": "60",
        "AUTH__SECRET": secrets.token_urlsafe(48),
        "AUTH__ACCESS_TOKEN_SECONDS": "86400",
        "AUTH__BCRYPT_ROUNDS": "4",
        "CACHE__ENABLED": "true",
        "LIMITS__ENABLED": "false",
        "LOG__LEVEL": "warning",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    return {**kept, **{f"BLOGAPI_{name}": value for name, value in settings.items()}}


async def drill(place: Place, plan: Plan, advance: Callable[[Findings], None]) -> Findings:
    """Write and read until there has been enough of both. Raises OSError when a process is gone, Refused."""
    findings, enough = Findings(plan.processes, outages_allowed=plan.elections), asyncio.Event()
    chances = chance_of(plan.seed)
    writers: list[Writer | Outsider] = [
        *(_writer(number, place, plan, findings, chances) for number in range(plan.writers)),
        *(_outsider(plan.writers + number, place, plan, findings, chances) for number in range(plan.outsiders)),
    ]
    people = [writer.person for writer in writers]
    for writer in writers:
        await writer.begin(chances.randint(*_POSTS))
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.write(enough))
        for _ in range(plan.readers):
            chance = _own(chances)
            group.create_task(_read(LastingConnection(chance.choice(place.ports)), people, findings, chance, enough))
        if plan.cuts:
            chance = _own(chances)
            group.create_task(cut(place.mongo_url, _DATABASE, findings, chance, enough))
        if plan.elections:
            chance = _own(chances)
            group.create_task(elect(place.mongo_url, findings, chance, enough))
        while not _is_enough(findings, plan):
            await asyncio.sleep(0.2)
            advance(findings)
        enough.set()
    return findings


def _own(chances: random.Random) -> random.Random:
    """Dice of one's own, so that what one does never depends on when others throw theirs."""
    return chance_of(chances.random())


def _is_enough(findings: Findings, plan: Plan) -> bool:
    is_hopeless = findings.violations[FAILED] + findings.refused.total() > _MOST_FAILED
    return is_hopeless or (findings.writes >= plan.writes and findings.reads >= plan.reads)


def _writer(number: int, place: Place, plan: Plan, findings: Findings, chances: random.Random) -> Writer:
    chance = _own(chances)
    own = place.ports[number % len(place.ports)]
    others = [LastingConnection(port) for port in place.ports if port != own]
    probe = Probe(others, findings, chance)
    return Writer(
        number=number, connection=LastingConnection(own), probe=probe, findings=findings, chance=chance, mix=plan.mix
    )


def _outsider(number: int, place: Place, plan: Plan, findings: Findings, chances: random.Random) -> Outsider:
    writer = _writer(number, place, plan, findings, chances)
    writer.probe = Probe([LastingConnection(port) for port in place.ports], findings, writer.chance)
    return Outsider(writer, place.mongo_url, _DATABASE, writer.chance)


async def _read(
    connection: LastingConnection,
    people: Sequence[Person],
    findings: Findings,
    chance: random.Random,
    enough: asyncio.Event,
) -> None:
    """Look at this and that without a pause. Raises OSError when the process is gone."""
    posts = [(person, post) for person in people for post in person.posts.values()]
    # What was looked at a moment ago is looked at again: that finds what stays in a cache for too long.
    latest: deque[Look] = deque(maxlen=_LATEST)
    following: Look | None = None
    while not enough.is_set():
        look = following or _choose(posts, people, latest, chance)
        following = None
        latest.append(look)
        try:
            answer = await connection.get(look.path)
        except CutOff:
            continue
        findings.check(look, answer)
        if isinstance(look, PostPage) and answer.status == 200 and chance.random() < 0.2:
            following = look.after(answer)


def _choose(
    posts: Sequence[tuple[Person, Post]], people: Sequence[Person], latest: Sequence[Look], chance: random.Random
) -> Look:
    person, post = chance.choice(posts)
    kind = chance.random()
    if latest and kind < 0.7:
        return chance.choice(latest)
    return look_at_person(person, people, chance) if kind < 0.75 else look_at(person, post, people, chance)
