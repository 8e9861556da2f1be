"""How a post is saved: in one compare-and-set, and what follows from that.

Revisions are kept before it, claims of slugs are settled and counts follow after it. Nobody is asked for a right here:
that is for the rooms that call this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from blogapi.errors import Stale
from blogapi.posts.addresses import Addresses
from blogapi.posts.counts import Counts
from blogapi.posts.model import Post, live_after
from blogapi.posts.slugs import Claim, Slugs
from blogapi.posts.store import PostStore, RevisionStore


class Saving:
    """The one way in which a post comes, changes and goes."""

    def __init__(
        self,
        posts: PostStore,
        revisions: RevisionStore,
        slugs: Slugs,
        addresses: Addresses,
        counts: Counts,
        now: Callable[[], datetime],
    ) -> None:
        self._posts, self._revisions, self._slugs, self._addresses = posts, revisions, slugs, addresses
        self._counts, self._now = counts, now

    async def insert(self, post: Post) -> Post:
        """A new post; the one that is there when an earlier attempt got that far."""
        counting = self._counts.between(None, post.live)
        if not await self._posts.insert(post, counting.mark):
            return await self._posts.get_unguarded(post.id)
        await self._counts.follow(post.id, counting)
        return post

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

        `changes` maps paths in the document to values, `names` are the fields as clients know them. `claim` is the slug
        that its working copy gets, `shown` are those under which readers find it from now on.
        """
        if any(path.split(".")[0] == "working" for path in changes):
            await self._revisions.keep(post)
        claim = claim or Claim(post.working.slug)
        held = await self._slugs.held(post, claim)
        live_slugs = [each.slug for each in shown]
        counting = self._counts.between(post.live, live_after(post, changes))
        changed = await self._posts.change(
            post,
            changes,
            names=names,
            now=self._now(),
            key=key,
            live_slugs=live_slugs,
            mark=counting.mark,
        )
        if changed is None:
            for unused in (claim, *shown):
                await self._slugs.give_back(unused, post.id)
            return await self._after_others(post, key)
        await self._slugs.release(post.working.slug, held, changed)
        await self._counts.follow(post.id, counting)
        return changed

    async def remove(self, post: Post) -> bool:
        """Remove a post for good; False when somebody else changed it first."""
        counting = self._counts.between(post.live, None)
        if not await self._posts.purge(post, self._now(), counting.mark):
            return False
        await self._counts.follow(post.id, counting)
        await self._slugs.release_all(post.id)
        await self._revisions.delete_all(post.id)
        await self._addresses.release_all(post.id)
        return True

    async def _after_others(self, post: Post, key: str | None) -> Post:
        stale = await self.stale(post)
        present: Post = stale.current
        if key is not None and key in present.applied:
            return present  # an attempt at the same has done it, and was not known to
        raise stale

    async def stale(self, post: Post) -> Stale:
        """What to raise when somebody else changed the post first."""
        present = await self._posts.get_unguarded(post.id)
        return Stale(present, present.changed_since(frozenset({post.version})))
