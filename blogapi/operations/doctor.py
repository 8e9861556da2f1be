"""Finds, and repairs, what a crash can leave behind: half-done work that no reader sees but that adds up.

What is found once may be work in progress: a post is published, and its tags are counted a moment later. So whatever is
found is looked for again after the longest time that a request may take, and only what is found twice counts. Work of
an import or of `seed` can take longer; the doctor comes after them.

What there is to look for is declared by each feature, in its door.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from blogapi.config import Config
from blogapi.db.client import Database, describe_server
from blogapi.db.indexes import Store, create_indexes, missing_indexes
from blogapi.errors import ConfigError

OLDEST_SERVER = (6, 0)
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong. Two are the same when they are described alike. `repair` says whether it worked.

    `about` is what it is wrong with, where the description also says how.
    """

    description: str
    repair: Callable[[], Awaitable[bool]] = field(compare=False)
    about: str = field(default="", compare=False)

    @property
    def subject(self) -> str:
        """What has nothing wrong any more, once it is repaired."""
        return self.about or self.description


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is looked for, under a name that tells people what it is."""

    name: str
    look: Callable[[], AsyncIterator[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check came to."""

    check: str
    found: int
    fixed: int
    problems: tuple[str, ...]


Item = TypeVar("Item")


async def examine(checks: Sequence[Check], *, settle: Callable[[], Awaitable[None]], fix: bool) -> list[Finding]:
    """Do all checks and, if wished, repair what they find. `settle` waits until what was in progress is done."""
    suspects = {check.name: {problem async for problem in check.look()} for check in checks}
    if any(suspects.values()):
        await settle()
    findings = []
    for check in checks:
        seen = suspects[check.name]
        problems = [problem async for problem in check.look() if problem in seen] if seen else []
        fixed = await _fixed(check, problems) if fix and problems else 0
        described = tuple(problem.description for problem in problems)
        findings.append(Finding(check=check.name, found=len(problems), fixed=fixed, problems=described))
    return findings


async def _fixed(check: Check, problems: Sequence[Problem]) -> int:
    """How many were repaired: those of which that is said, and of which nothing is found any more."""
    repaired = [problem for problem in problems if await problem.repair()]
    left = {problem.subject async for problem in check.look()}
    return sum(problem.subject not in left for problem in repaired)


def server_checks(database: Database, stores: Sequence[type[Store]]) -> list[Check]:
    """What the house itself rests on: the database server, and the indexes of all collections."""

    async def create() -> bool:
        try:
            await create_indexes(database, stores)
        except ConfigError:
            return False
        return True

    async def missing() -> AsyncIterator[Problem]:
        for name in await missing_indexes(database, stores):
            yield Problem(name, create)

    return [Check("database server", lambda: _weak_server(database)), Check("missing indexes", missing)]


async def _weak_server(database: Database) -> AsyncIterator[Problem]:
    """What the database server cannot promise. Changing that is up to people."""
    server = await describe_server(database)
    if server.version < OLDEST_SERVER:
        yield Problem(f"MongoDB {server.version[0]}.{server.version[1]} is too old: use 7.0 or newer", up_to_people)
    if not server.is_replica_set:
        yield Problem("standalone: start mongod with --replSet, one node is enough", up_to_people)


async def repair(problems: Iterable[Problem]) -> int:
    """Repair what can be repaired; returns how many were."""
    return sum([await problem.repair() for problem in problems])


def hints(config: Config, *, has_admin: bool) -> list[str]:
    """What is allowed and still worth a thought."""
    advice = {
        "There is no administrator: make one with create-admin.": not has_admin,
        "environment is development: weak settings are accepted.": not config.is_production,
        "mongo.url is empty: the embedded database is for trying out, developing and testing.": not config.mongo.url,
        "limits.enabled is false: passwords can be tried without end.": not config.limits.enabled,
        "auth.password.refuse_common is false.": not config.auth.password.refuse_common,
        "auth.bcrypt_rounds is under 10: hashes of stolen passwords are quickly tried.": config.auth.bcrypt_rounds < 10,
    }
    return [text for text, applies in advice.items() if applies]


async def up_to_people() -> bool:
    """For what no program can repair."""
    return False


async def in_batches(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    """As many as one question to the database is about."""
    batch: list[Item] = []
    async for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
