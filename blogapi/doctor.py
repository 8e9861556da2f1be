"""Finds, and repairs, what a crash can leave behind: half-done work that no reader sees but that adds up.

What is found once may be work in progress: a post is published, and its tags are counted a moment later. So whatever is
found is looked for again after the longest time that a request may take, and only what is found twice counts. Work of
an import or of `seed` can take longer; the doctor comes after them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from blogapi.config import Config
from blogapi.db.client import Database, describe_server
from blogapi.db.indexes import create_indexes, missing_indexes
from blogapi.deadline import OVER
from blogapi.errors import ConfigError
from blogapi.moments import utc_now
from blogapi.services import STORES, Services

OLDEST_SERVER = (6, 0)
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong. Two are the same when they are described alike. `repair` says whether it worked."""

    description: str
    repair: Callable[[], Awaitable[bool]] = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check came to."""

    check: str
    found: int
    fixed: int
    problems: tuple[str, ...]


Item = TypeVar("Item")
Look = Callable[[], AsyncIterator[Problem]]


class Doctor:
    """Looks a blog over."""

    def __init__(
        self,
        database: Database,
        services: Services,
        *,
        settle: Callable[[], Awaitable[None]],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`settle` waits until what was in progress is done."""
        self._database, self._services, self._stores = database, services, services.stores
        self._settle, self._now = settle, now

    @property
    def checks(self) -> dict[str, Look]:
        """What is looked for, by name."""
        return {
            "database server": self.server,
            "missing indexes": self.indexes,
            "administrators' roster": self.roster,
            "claims of unused slugs": self.unused_claims,
            "slugs without a claim": self.unclaimed_slugs,
            "addresses without a post": self.unused_addresses,
            "stale bylines": self.bylines,
            "moves left uncounted": self.uncounted,
            "post counts of tags": lambda: tag_counts(self._services),
            "post counts of authors": lambda: author_counts(self._services),
            "digests of other revisions": self.digests,
            "revisions without a post": self.orphaned_revisions,
            "missing revisions": self.missing_revisions,
        }

    async def examine(self, *, fix: bool) -> list[Finding]:
        """Do all checks and, if wished, repair what they find."""
        suspects = {name: {problem async for problem in look()} for name, look in self.checks.items()}
        if any(suspects.values()):
            await self._settle()
        findings = []
        for name, look in self.checks.items():
            problems = [problem async for problem in look() if problem in suspects[name]] if suspects[name] else []
            fixed = await self._fixed(look, problems) if fix and problems else 0
            described = tuple(problem.description for problem in problems)
            findings.append(Finding(check=name, found=len(problems), fixed=fixed, problems=described))
        return findings

    async def _fixed(self, look: Look, problems: list[Problem]) -> int:
        """How many were repaired: those of which that is said, and which are not found any more."""
        repaired = [problem for problem in problems if await problem.repair()]
        left = {problem async for problem in look()}
        return sum(problem not in left for problem in repaired)

    async def server(self) -> AsyncIterator[Problem]:
        """What the database server cannot promise. Changing that is up to people."""
        server = await describe_server(self._database)
        if server.version < OLDEST_SERVER:
            yield Problem(
                f"MongoDB {server.version[0]}.{server.version[1]} is too old: use 7.0 or newer", _not_possible
            )
        if not server.is_replica_set:
            yield Problem("standalone: start mongod with --replSet, one node is enough", _not_possible)

    async def indexes(self) -> AsyncIterator[Problem]:
        """Indexes that are declared and not there."""
        for name in await missing_indexes(self._database, STORES):
            yield Problem(name, self._create_indexes)

    async def _create_indexes(self) -> bool:
        try:
            await create_indexes(self._database, STORES)
        except ConfigError:
            return False
        return True

    async def roster(self) -> AsyncIterator[Problem]:
        """Administrators who are missing from the roster, and others who are on it."""
        listed, acting = await self._stores.roster.members(), await self._stores.users.acting_admins()
        for user_id in sorted(listed ^ acting):
            yield Problem(f"{user_id}: {'missing' if user_id in acting else 'not an administrator'}", self._reconcile)

    async def _reconcile(self) -> bool:
        await self._services.users.reconcile_admins()
        return await self._stores.roster.members() == await self._stores.users.acting_admins()

    async def unused_claims(self) -> AsyncIterator[Problem]:
        """Slugs that nobody else can have, though their post neither has nor had them."""
        # A claim comes before the post that needs it, so the newest ones prove nothing.
        slugs, posts = self._stores.slugs, self._stores.posts
        async for batch in _batches(slugs.claimed_before(self._now() - OVER)):
            used = await posts.slugs_of({post_id for _, post_id, _ in batch})
            for slug, post_id, claims in batch:
                if slug not in used.get(post_id, ()):

                    async def release(slug: str = slug, post_id: str = post_id, claims: list[str] = claims) -> bool:
                        return await slugs.release(slug, post_id, claims)

                    yield Problem(f"{slug} for post {post_id}", release)

    async def unclaimed_slugs(self) -> AsyncIterator[Problem]:
        """Slugs of posts that another post could take, or has taken."""
        slugs, posts = self._stores.slugs, self._stores.posts
        async for batch in _batches(posts.all_slugs()):
            holders = await slugs.holders([slug for slug, _ in batch])
            for slug, post_id in batch:
                if holders.get(slug) != post_id:

                    async def claim(slug: str = slug, post_id: str = post_id) -> bool:
                        return await slugs.claim(slug, post_id, self._now()) is not None

                    holder = holders.get(slug, "nobody")
                    yield Problem(f"{slug} of post {post_id} is held by {holder}", claim)

    async def unused_addresses(self) -> AsyncIterator[Problem]:
        """Former addresses of posts that never came, or were removed for good."""
        addresses, posts = self._stores.addresses, self._stores.posts
        async for batch in _batches(addresses.claimed_before(self._now() - OVER)):
            kept = await posts.slugs_of({post_id for _, post_id in batch})
            for address, post_id in batch:
                if post_id not in kept:

                    async def release(address: str = address, post_id: str = post_id) -> bool:
                        return await addresses.release(address, post_id)

                    yield Problem(f"{address} for post {post_id}", release)

    async def bylines(self) -> AsyncIterator[Problem]:
        """People whose name or picture in posts is not the present one."""
        present = {byline.id: byline async for byline in self._services.users.all_bylines()}
        stale: set[str] = set()
        async for shown in self._stores.posts.all_bylines():
            if shown.id in present and shown != present[shown.id]:
                stale.add(shown.id)
        for user_id in sorted(stale):

            async def refresh(user_id: str = user_id) -> bool:
                await self._services.posts.show_present_byline(user_id)
                return True

            yield Problem(present[user_id].username, refresh)

    async def uncounted(self) -> AsyncIterator[Problem]:
        """Posts that somebody moved and did not come to count. A server that runs looks after them by itself."""
        for post_id, mark in await self._stores.posts.uncounted_before(self._now() - OVER, limit=_BATCH):
            yield Problem(f"post {post_id}, {', '.join([*mark.tags, *mark.author_ids])}", self._settle_counts)

    async def _settle_counts(self) -> bool:
        await self._services.counts.settle()
        return not await self._stores.posts.uncounted_before(self._now() - OVER, limit=1)

    async def digests(self) -> AsyncIterator[Problem]:
        """Posts whose digests an earlier version left behind: lists make them anew each time."""
        async for post_id in self._stores.posts.undigested():
            yield Problem(f"of post {post_id}", partial(self._stores.posts.digest, post_id))

    async def missing_revisions(self) -> AsyncIterator[Problem]:
        """Numbers below the newest revision of a post under which nothing is kept. Nobody can bring that back."""
        async for batch in _batches(self._stores.posts.working_revisions()):
            for post_id, numbers in (await self._stores.revisions.missing(dict(batch))).items():
                yield Problem(f"{', '.join(map(str, numbers))} of post {post_id}", _not_possible)

    async def orphaned_revisions(self) -> AsyncIterator[Problem]:
        """Revisions of posts that were removed for good."""
        revisions, posts = self._stores.revisions, self._stores.posts
        async for batch in _batches(revisions.post_ids()):
            kept = await posts.slugs_of(batch)
            for post_id in batch:
                if post_id not in kept:

                    async def delete(post_id: str = post_id) -> bool:
                        await revisions.delete_all(post_id)
                        return True

                    yield Problem(f"of post {post_id}", delete)


async def tag_counts(services: Services) -> AsyncIterator[Problem]:
    """Tags whose number of public posts is wrong."""
    stores = services.stores
    async for slug, seen in stores.tags.post_counts():
        right = await stores.posts.count_listed(tag=slug)
        if seen != right:
            yield Problem(f"{slug}: {seen} instead of {right}", partial(services.counts.recount_tag, slug))


async def author_counts(services: Services) -> AsyncIterator[Problem]:
    """People whose number of public posts is wrong."""
    stores = services.stores
    authors = await stores.posts.listed_authors()
    async for user_id, seen in stores.users.posts_counts():
        right = await stores.posts.count_listed(author_id=user_id) if seen or user_id in authors else 0
        if seen != right:
            yield Problem(f"{user_id}: {seen} instead of {right}", partial(services.counts.recount_author, user_id))


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


async def _not_possible() -> bool:
    return False


async def _batches(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    batch: list[Item] = []
    async for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
