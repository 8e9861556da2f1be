"""Which post gets which slug. A slug is claimed before the post is changed, and the former one is released after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from blogapi.errors import Conflict
from blogapi.posts.model import Draft, Post
from blogapi.posts.store import SlugStore
from blogapi.text.slug import slugify, with_suffix
from blogapi.translation.sentence import say


@dataclass(frozen=True, slots=True)
class Claim:
    """A slug that a post may take. Without a token, it is the one that the post has."""

    slug: str
    token: str | None = None


class Slugs:
    """The rules of slugs. After a crash a claim may be left that nobody needs, which `Leftovers` frees."""

    def __init__(self, store: SlugStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def holder(self, slug: str) -> str | None:
        """The id of the post that has, or had, this slug."""
        return await self._store.holder(slug)

    async def claim(self, slug: str, post_id: str) -> Claim | None:
        """Claim a slug for a post; None when another post has it."""
        token = await self._store.claim(slug, post_id, self._now())
        return None if token is None else Claim(slug, token)

    async def claim_for_new(self, draft: Draft, post_id: str, *, numbered: bool) -> str:
        """Claim the slug of a new post. Raises Conflict when the wanted one is taken, unless it may be `numbered`."""
        if draft.slug is None or numbered:
            return (await self._next_free(draft.slug or slugify(draft.title), post_id)).slug
        if not await self.claim(draft.slug, post_id):
            raise _taken(draft.slug)
        return draft.slug

    async def claim_for_edit(self, draft: Draft, post: Post) -> Claim:
        """Claim the slug after an edit. A derived one follows the title until readers have seen it. Raises Conflict."""
        if draft.slug is not None:
            claim = await self._try(draft.slug, post)
            if claim is None:
                raise _taken(draft.slug)
            return claim
        if post.live is not None or (post.slug_is_derived and slugify(draft.title) == slugify(post.working.title)):
            return Claim(post.working.slug)
        return await self._next_free(slugify(draft.title), post.id)

    async def reclaim(self, slug: str, post: Post) -> Claim:
        """Claim a slug that the post once had. It keeps its present one when another post has that slug now."""
        return await self._try(slug, post) or Claim(post.working.slug)

    async def outgoing_claims(self, post: Post, staying: Collection[str]) -> Mapping[str, Sequence[str]]:
        """The claims of slugs that are given up, for `release`. They are read before the post is changed."""
        going = sorted(post.held_slugs.difference(staying))
        return {slug: await self._store.outgoing(slug, post.id, self._now()) for slug in going}

    async def release(self, claims: Mapping[str, Sequence[str]], post: Post) -> None:
        """Release former slugs, but for those that readers knew."""
        for slug, tokens in claims.items():
            if slug not in post.held_slugs and slug not in post.live_slugs:
                await self._store.release(slug, post.id, tokens)

    async def give_back(self, claim: Claim, post_id: str) -> None:
        """Release a claim that was made for nothing, because the post was not changed."""
        if claim.token is not None:
            await self._store.release(claim.slug, post_id, [claim.token])

    async def release_all(self, post_id: str) -> None:
        """Release all slugs of a post that is removed for good."""
        await self._store.release_all(post_id)

    async def _try(self, slug: str, post: Post) -> Claim | None:
        return Claim(slug) if slug in post.held_slugs else await self.claim(slug, post.id)

    async def _next_free(self, base: str, post_id: str) -> Claim:
        return Claim(*await self._store.claim_next(base, post_id, self._now(), with_suffix))


def _taken(slug: str) -> Conflict:
    return Conflict(say("Another post has the slug {slug!r}.", slug=slug), code="slug_taken")
