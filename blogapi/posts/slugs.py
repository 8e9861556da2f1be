"""Which post gets which slug: claimed before the head moves, given back after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from blogapi.errors import Conflict
from blogapi.posts.model import Draft, Post
from blogapi.posts.store import SlugStore
from blogapi.text.slug import slugify, with_suffix


@dataclass(frozen=True, slots=True)
class Claim:
    """A slug that the head may move to. Without a token it is the one it has."""

    slug: str
    token: str | None = None


class Slugs:
    """The rules of slugs. A crash leaves a claim too many, never one too few; `doctor` frees it."""

    def __init__(self, store: SlugStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def holder(self, slug: str) -> str | None:
        """The id of the post that has, or had, this slug."""
        return await self._store.holder(slug)

    async def keep(self, slug: str, post_id: str) -> Claim | None:
        """Claim a slug under which readers knew the post; None when another post has it."""
        token = await self._store.claim(slug, post_id, self._now())
        return None if token is None else Claim(slug, token)

    async def first(self, draft: Draft, post_id: str, *, numbered: bool) -> str:
        """The slug of a new post. One that was asked for is taken or refused, unless it may be `numbered`."""
        if draft.slug is None or numbered:
            return (await self._next_free(draft.slug or slugify(draft.title), post_id)).slug
        if not await self.keep(draft.slug, post_id):
            raise _taken(draft.slug)
        return draft.slug

    async def next(self, draft: Draft, post: Post) -> Claim:
        """The slug after an edit. A derived one follows the title until readers have seen it. Raises Conflict."""
        if draft.slug is not None:
            claim = await self._try(draft.slug, post)
            if claim is None:
                raise _taken(draft.slug)
            return claim
        if post.live is not None or (post.slug_is_derived and slugify(draft.title) == slugify(post.working.title)):
            return Claim(post.working.slug)
        return await self._next_free(slugify(draft.title), post.id)

    async def again(self, slug: str, post: Post) -> Claim:
        """A slug that the post once had; the present one when another post has got it since."""
        return await self._try(slug, post) or Claim(post.working.slug)

    async def held(self, post: Post, claim: Claim) -> list[str]:
        """The claims of the outgoing slug, for `release`; to be read before the head moves."""
        return [] if claim.slug == post.working.slug else await self._store.claims(post.working.slug)

    async def release(self, slug: str, held: Sequence[str], post: Post) -> None:
        """Give back the former slug, unless readers knew it."""
        if slug != post.working.slug and slug not in post.live_slugs:
            await self._store.release(slug, post.id, held)

    async def give_back(self, claim: Claim, post_id: str) -> None:
        """The head did not move."""
        if claim.token is not None:
            await self._store.release(claim.slug, post_id, [claim.token])

    async def release_all(self, post_id: str) -> None:
        """With the post itself."""
        await self._store.release_all(post_id)

    async def _try(self, slug: str, post: Post) -> Claim | None:
        if slug == post.working.slug:
            return Claim(slug)
        token = await self._store.claim(slug, post.id, self._now())
        return None if token is None else Claim(slug, token)

    async def _next_free(self, base: str, post_id: str) -> Claim:
        return Claim(*await self._store.claim_next(base, post_id, self._now(), with_suffix))


def _taken(slug: str) -> Conflict:
    return Conflict(f"Another post has the slug {slug!r}.", code="slug_taken")
