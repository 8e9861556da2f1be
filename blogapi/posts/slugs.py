"""Which post gets which slug: claimed before the head moves, given back after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from blogapi.errors import Conflict
from blogapi.posts.model import Draft, Post
from blogapi.posts.store import SlugStore
from blogapi.text.slug import slugify, with_suffix


class Slugs:
    """The rules of slugs. A crash leaves a claim too many, never one too few; `doctor` frees it."""

    def __init__(self, store: SlugStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def holder(self, slug: str) -> str | None:
        """The id of the post that has, or had, this slug."""
        return await self._store.holder(slug)

    async def claim(self, slug: str, post_id: str) -> bool:
        """False when another post has it."""
        return await self._store.claim(slug, post_id, self._now())

    async def take(self, slug: str, post: Post) -> None:
        """Claim a given slug. Raises Conflict `slug_taken`."""
        if slug != post.working.slug and not await self.claim(slug, post.id):
            raise _taken(slug)

    async def first(self, draft: Draft, post_id: str, *, numbered: bool) -> str:
        """The slug of a new post. One that was asked for is taken or refused, unless it may be `numbered`."""
        if draft.slug is None or numbered:
            return await self._next_free(draft.slug or slugify(draft.title), post_id)
        if not await self.claim(draft.slug, post_id):
            raise _taken(draft.slug)
        return draft.slug

    async def next(self, draft: Draft, post: Post) -> str:
        """The slug after an edit. A derived one follows the title until readers have seen it."""
        if draft.slug is not None:
            await self.take(draft.slug, post)
            return draft.slug
        if post.live is not None or (post.slug_is_derived and slugify(draft.title) == slugify(post.working.title)):
            return post.working.slug
        return await self._next_free(slugify(draft.title), post.id)

    async def held(self, post: Post, next_slug: str) -> int:
        """How often the outgoing slug has been claimed, for `release`; to be read before the head moves."""
        return 0 if next_slug == post.working.slug else await self._store.claims(post.working.slug)

    async def release(self, slug: str, held: int, post: Post) -> None:
        """Give back the former slug, unless readers knew it or somebody has claimed it again meanwhile."""
        if slug != post.working.slug and slug not in post.live_slugs:
            await self._store.release(slug, post.id, claims=held)

    async def release_all(self, post_id: str) -> None:
        """With the post itself."""
        await self._store.release_all(post_id)

    async def _next_free(self, base: str, post_id: str) -> str:
        return await self._store.claim_next(base, post_id, self._now(), with_suffix)


def _taken(slug: str) -> Conflict:
    return Conflict(f"Another post has the slug {slug!r}.", code="slug_taken")
