"""Moving a head document on, and what follows from that: claims of slugs are settled, counts follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from blogapi.errors import Stale
from blogapi.posts.model import Post
from blogapi.posts.slugs import Claim, Slugs
from blogapi.posts.store import PostStore
from blogapi.tags.service import TagService
from blogapi.users.service import UserService

_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


class Heads:
    """The one way in which a post changes."""

    def __init__(
        self, posts: PostStore, slugs: Slugs, users: UserService, tags: TagService, now: Callable[[], datetime]
    ) -> None:
        self._posts, self._slugs, self._users, self._tags, self._now = posts, slugs, users, tags, now

    async def change(
        self,
        post: Post,
        changes: Mapping[str, Any],
        names: Iterable[str],
        *,
        claim: Claim | None = None,
        key: str | None = None,
        shown: Sequence[Claim] = (),
    ) -> Post:
        """Move the post one version on. Raises Stale.

        `claim` is the slug that its working copy gets, `shown` are those under which readers find it from now on.
        """
        claim = claim or Claim(post.working.slug)
        held = await self._slugs.held(post, claim)
        live_slugs = [each.slug for each in shown]
        changed = await self._posts.change(post, changes, names=names, now=self._now(), key=key, live_slugs=live_slugs)
        if changed is None:
            for unused in (claim, *shown):
                await self._slugs.give_back(unused, post.id)
            return await self._after_others(post, key)
        await self._slugs.release(post.working.slug, held, changed)
        await self.count(post, changed)
        return changed

    async def _after_others(self, post: Post, key: str | None) -> Post:
        stale = await self.stale(post)
        if key is not None and key in stale.current.applied:
            return await self.finish(stale.current)  # an attempt at the same has done it, and was not known to
        raise stale

    async def stale(self, post: Post) -> Stale:
        """What to raise when somebody else changed the post first."""
        present = await self._posts.get(post.id)
        return Stale(present, present.changed_since(frozenset({post.version})))

    async def finish(self, post: Post) -> Post:
        """Do what an earlier attempt may not have come to, after it moved the post: counts. Returns the post."""
        copies = [copy for copy in (post.live, post.working) if copy is not None]
        for slug in {tag for copy in copies for tag in copy.tags}:
            await self._tags.recount(slug, partial(self._posts.count_listed, tag=slug))
        for author_id in {author_id for copy in copies for author_id in copy.author_ids}:
            await self._users.recount_posts(author_id, partial(self._posts.count_listed, author_id=author_id))
        return post

    async def count(self, before: Post | None, after: Post | None) -> None:
        """Carry what a change did to the public list over to the counts of its tags and authors."""
        old_tags, old_authors = before.counts_for if before else _NOTHING
        new_tags, new_authors = after.counts_for if after else _NOTHING
        if old_tags != new_tags:
            await self._tags.count(gained=new_tags - old_tags, lost=old_tags - new_tags)
        if old_authors != new_authors:
            await self._users.add_to_posts_count(new_authors - old_authors, 1)
            await self._users.add_to_posts_count(old_authors - new_authors, -1)
