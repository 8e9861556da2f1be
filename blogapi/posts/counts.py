"""Counting posts for their tags and authors: after each move of a head, and anew where a crash came in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from blogapi.db.client import database_time, new_id
from blogapi.deadline import LONGEST_WORK, OVER
from blogapi.errors import Unavailable
from blogapi.posts.copies import Live
from blogapi.posts.model import Uncounted
from blogapi.posts.store import PostStore
from blogapi.tags.service import TagService
from blogapi.users.service import UserService

_PATIENCE_SECONDS = 5.0
_NAMES = frozenset[str]
log = logging.getLogger("blogapi.posts.counts")


@dataclass(frozen=True, slots=True)
class Steps:
    """Whose counts go up, whose go down, and whose stay though the post has another place among those counted."""

    up: _NAMES
    down: _NAMES
    even: _NAMES

    @classmethod
    def between(cls, before: _NAMES, after: _NAMES, *, moved: bool) -> Steps:
        """From the names that included the post to those that do."""
        return cls(after - before, before - after, before & after if moved else frozenset())

    @property
    def names(self) -> tuple[str, ...]:
        """All that are touched."""
        return tuple(sorted(self.up | self.down | self.even))


@dataclass(frozen=True, slots=True)
class Counting:
    """What a move does to counts: written into the head as a mark with the move itself, then done.

    There is no mark when there is nothing to count.
    """

    mark: Uncounted | None
    tags: Steps
    authors: Steps


class Counts:
    """The numbers of public posts of tags and of authors."""

    def __init__(self, posts: PostStore, users: UserService, tags: TagService, now: Callable[[], datetime]) -> None:
        self._posts, self._users, self._tags, self._now = posts, users, tags, now

    def between(self, before: Live | None, after: Live | None) -> Counting:
        """What becomes different when one live copy gives way to another."""
        (old_tags, old_authors), (new_tags, new_authors) = _counted_for(before), _counted_for(after)
        # Who counts anew might miss a post that goes from one place to another meanwhile.
        moved = before is not None and after is not None and before.published_at != after.published_at
        tags = Steps.between(old_tags, new_tags, moved=moved)
        authors = Steps.between(old_authors, new_authors, moved=moved)
        if not tags.names and not authors.names:
            return Counting(None, tags, authors)
        return Counting(
            Uncounted(id=new_id(), at=self._now(), tags=tags.names, author_ids=authors.names), tags, authors
        )

    async def follow(self, post_id: str, counting: Counting) -> None:
        """Count, now that the head has moved. What does not come to an end in time is counted anew by `settle`."""
        await self.follow_all([(post_id, counting)])

    async def follow_all(self, moves: Sequence[tuple[str, Counting]]) -> None:
        """The same for moves of several posts, by id: each count changes once."""
        marked = [(post_id, counting, counting.mark) for post_id, counting in moves if counting.mark is not None]
        if not marked:
            return
        # Who settles an old mark relies on nobody coming to count it any more.
        left = LONGEST_WORK - (self._now() - min(mark.at for _, _, mark in marked))
        seconds = min(_PATIENCE_SECONDS, left.total_seconds())
        try:
            if seconds > 0:
                with database_time(seconds):
                    await self._count([counting for _, counting, _ in marked])
                    await self._posts.counted({post_id: mark for post_id, _, mark in marked})
        except Unavailable:
            log.warning("the database does not answer: the tags and authors of a post are counted later")

    async def _count(self, countings: Sequence[Counting]) -> None:
        steps = [
            *_each(self._tags.add_to_post_counts, [counting.tags for counting in countings]),
            *_each(self._users.add_to_posts_count, [counting.authors for counting in countings]),
        ]
        for outcome in await asyncio.gather(*steps, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def settle(self) -> int:
        """Count anew what was left uncounted; returns how many moves that were. Safe on several servers at once."""
        settled = 0
        while due := await self._posts.uncounted_before(self._now() - OVER, limit=100):
            tags = {tag for _, mark in due for tag in mark.tags}
            authors = {author_id for _, mark in due for author_id in mark.author_ids}
            open_tags = {tag for tag in tags if not await self.recount_tag(tag)}
            open_authors = {author_id for author_id in authors if not await self.recount_author(author_id)}
            done = [
                (post_id, mark)
                for post_id, mark in due
                if open_tags.isdisjoint(mark.tags) and open_authors.isdisjoint(mark.author_ids)
            ]
            for post_id, mark in done:
                await self._posts.counted({post_id: mark}, surely=True)
            settled += len(done)
            if len(done) < len(due):
                break  # later, when others count less often
        return settled

    async def recount_tag(self, slug: str) -> bool:
        """Take the count of a tag anew; False when others count it too often just now."""
        slugs = await self._tags.counted_with(slug)
        if not slugs and await self._posts.count_listed(tags=[slug]):
            slugs = frozenset(await self._tags.use([slug]))  # it was deleted while somebody saved a post with it
        count = partial(self._posts.count_listed, tags=slugs)
        return await self._tags.recount_posts(slug, count, lambda: self._posts.is_moving(self._since, tags=slugs))

    async def recount_author(self, author_id: str) -> bool:
        """The same for an author."""
        count = partial(self._posts.count_listed, author_id=author_id)
        return await self._users.recount_posts(
            author_id, count, lambda: self._posts.is_moving(self._since, author_id=author_id)
        )

    @property
    def _since(self) -> datetime:
        return self._now() - OVER


def _counted_for(live: Live | None) -> tuple[_NAMES, _NAMES]:
    """The tags and the authors whose counts include a post with this live copy."""
    if live is None or not live.is_listed:
        return frozenset(), frozenset()
    return frozenset(live.tags), frozenset(live.author_ids)


def _each(add: Callable[[Iterable[str], int], Awaitable[None]], moves: Iterable[Steps]) -> list[Awaitable[None]]:
    """Each name once, with all that becomes of its count."""
    deltas: dict[str, int] = {}
    for steps in moves:
        for names, delta in ((steps.up, 1), (steps.down, -1), (steps.even, 0)):
            deltas |= {name: deltas.get(name, 0) + delta for name in names}
    return [add([name for name in deltas if deltas[name] == delta], delta) for delta in {*deltas.values()}]
