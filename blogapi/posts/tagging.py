"""The tags of posts follow when editors rename, merge or delete them.

A post changes by a compare-and-set on its version, like by any edit, so a writer who is at it is told that its `tags`
changed. Its times stay: nobody has written anything, so neither lists of what was changed last nor feeds tell of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from blogapi.deadline import OVER
from blogapi.jobs.model import Part, Task
from blogapi.posts.copies import Content
from blogapi.posts.counts import Counting, Counts
from blogapi.posts.model import Post
from blogapi.posts.store import PostStore
from blogapi.tags.service import TagService

# Few at once, so that others have their turn at the database.
_AT_A_TIME, _AT_ONCE = 100, 4


class Tagging:
    """Gives posts the present slugs of their tags."""

    def __init__(self, posts: PostStore, tags: TagService, counts: Counts, now: Callable[[], datetime]) -> None:
        self._posts, self._tags, self._counts, self._now = posts, tags, counts, now

    async def for_reuse(self, copy: Content, post: Post) -> tuple[str, ...]:
        """The present tags of a copy that is used again. Those that the post carries already follow when they move."""
        if _tags_of(post).issuperset(copy.tags):
            return copy.tags
        return await self._tags.use(copy.tags, kept=copy.tags)

    async def look_up(self, post: Post) -> Mapping[str, str | None]:
        """Where the tags of a post lead that was just saved. One that was deleted in this moment is there again."""
        slugs = _tags_of(post)
        leads = await self._tags.leads(slugs) if slugs else {}
        if not slugs <= leads.keys():
            await self._tags.use(slugs, kept=slugs)
            leads = await self._tags.leads(slugs)
        return leads

    async def follow(self, post: Post, leads: Mapping[str, str | None]) -> Post:
        """Have a post carry present slugs that was just saved: a tag may have moved since its writer looked it up.

        The order makes it certain. Whoever moves a tag looks for its posts after that, and whoever saves a post looks
        for its tags after that: one of them sees the other.
        """
        while (moved := await self._retag(post, leads)) is not None:
            post, counting = moved
            await self._counts.follow(post.id, counting)
            leads = await self._tags.leads(_tags_of(post))
        return post

    async def part(self, task: Task) -> Part:
        """Some of the posts that carry a former slug of the tag that moved."""
        tag_id = task.arguments["tag"]
        former = await self._tags.former_slugs(tag_id)
        total = await self._posts.count_tagged(former) if task.total is None and former else None
        found, moved = await self._some(former)
        is_last = found < _AT_A_TIME and found == moved
        if is_last:
            await self._tags.tidying.finish(tag_id)
        return Part(done=moved, left=None if total is None else max(total - moved, 0), is_last=is_last)

    async def settle(self) -> int:
        """Look once more for posts with former slugs, when nobody is saving one any more who looked it up before.

        Whoever had moved a tag may have died before its posts followed, and a writer before theirs did. Returns how
        many posts there were. Safe on several servers at once.
        """
        count = 0
        for tag in await self._tags.moved_before(self._now() - OVER, limit=_AT_A_TIME):
            if await self._tags.tidying.is_followed(tag):
                continue
            count += await self.retag_all(tag.id)
            await self._tags.settled(tag)
        return count

    async def retag_all(self, tag_id: str) -> int:
        """Give all posts with a former slug of this tag the present one; returns how many."""
        count = 0
        while True:
            found, moved = await self._some(await self._tags.former_slugs(tag_id))
            count += moved
            if not found:
                return count

    async def repair(self, slug: str) -> bool:
        """Have posts carry this slug no more if it is a former one, or else have a tag for it. For `doctor`."""
        tag_id = await self._tags.id_behind(slug)
        if tag_id is None:
            await self._tags.use([slug])
            return await self._counts.recount_tag(slug)
        await self.retag_all(tag_id)
        await self._tags.tidying.finish(tag_id)
        return True

    async def _some(self, former: frozenset[str]) -> tuple[int, int]:
        """How many were found, and how many of these were not changed by somebody else in this moment."""
        posts = await self._posts.tagged(former, _AT_A_TIME) if former else []
        leads = await self._tags.leads({slug for post in posts for slug in _tags_of(post)})
        moved: list[tuple[Post, Counting]] = []
        for start in range(0, len(posts), _AT_ONCE):
            some = [self._retag(post, leads) for post in posts[start : start + _AT_ONCE]]
            moved += [each for each in await asyncio.gather(*some) if each is not None]
        await self._counts.follow_all([(post.id, counting) for post, counting in moved])
        return len(posts), len(moved)

    async def _retag(self, post: Post, leads: Mapping[str, str | None]) -> tuple[Post, Counting] | None:
        """None when there is nothing to change, or somebody else changed the post first."""
        changes: dict[str, Any] = {}
        working, live = _present(post.working.tags, leads), post.live
        if working != post.working.tags:
            changes["working.tags"] = working
        if live is not None and (tags := _present(live.tags, leads)) != live.tags:
            changes["live.tags"], live = tags, replace(live, tags=tags)
            if live.audience is not None:
                changes["live.version"] = post.version + 1
        if not changes:
            return None
        counting = self._counts.between(post.live, live)
        changed = await self._posts.change(post, changes, changed_fields=["tags"], mark=counting.mark)
        return None if changed is None else (changed, counting)


def _tags_of(post: Post) -> frozenset[str]:
    return frozenset([*post.working.tags, *(post.live.tags if post.live is not None else ())])


def _present(slugs: Sequence[str], leads: Mapping[str, str | None]) -> tuple[str, ...]:
    present = [leads.get(slug, slug) for slug in slugs]
    return tuple(dict.fromkeys(slug for slug in present if slug is not None))
