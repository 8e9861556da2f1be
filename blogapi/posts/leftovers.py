"""Removes what a crash leaves beside posts: claims that no post uses, and what belonged to one that is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from blogapi.deadline import OVER
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.store import AddressStore, PostStore, SlugStore
from blogapi.posts.store.slugs import Claim
from blogapi.posts.translations.service import Translations

_AT_A_TIME = 500


class Leftovers:
    """Looks only at what was begun a while ago: nobody is doing that any more.

    All of it is safe on several servers at once, and while somebody claims the same again.
    """

    def __init__(
        self,
        posts: PostStore,
        revisions: RevisionStore,
        slugs: SlugStore,
        addresses: AddressStore,
        translations: Translations,
        now: Callable[[], datetime],
    ) -> None:
        self._posts, self._revisions, self._slugs, self._addresses = posts, revisions, slugs, addresses
        self._translations, self._now = translations, now

    async def settle(self) -> int:
        """Remove what is left over; returns how many slugs and addresses are free again."""
        await self._sweep()
        return await self._settle_slugs() + await self._settle_addresses()

    async def _sweep(self) -> None:
        """Remove what belonged to posts that were removed for good.

        Whoever removed one did so at once, if they lived; somebody who was editing it may have added to it after that.
        """
        while due := await self._posts.unswept_before(self._now() - OVER, limit=_AT_A_TIME):
            for post_id in due:
                await self._slugs.release_all(post_id)
                await self._revisions.delete_all(post_id)
                await self._addresses.release_all(post_id)
                await self._translations.forget(post_id)
                await self._posts.swept(post_id)

    async def _settle_slugs(self) -> int:
        freed, moment = 0, self._now() - OVER
        while due := await self._slugs.unsettled_before(moment, limit=_AT_A_TIME):
            # Read after the claims: who made them has come to an end, so the post has the slug now or never.
            unused = await self.unused(due)
            free = {slug for slug, _, _ in unused}
            await self._slugs.settled([slug for slug, _, _ in due if slug not in free], moment)
            for slug, post_id, claims in unused:
                freed += await self._slugs.release(slug, post_id, claims)
        return freed

    async def unused(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Those of these claims whose post neither has nor had the slug."""
        used = await self._posts.slugs_of({post_id for _, post_id, _ in claims})
        return [claim for claim in claims if claim[0] not in used.get(claim[1], ())]

    async def _settle_addresses(self) -> int:
        freed, moment = 0, self._now() - OVER
        while due := await self._addresses.unsettled_before(moment, limit=_AT_A_TIME):
            kept = await self._posts.slugs_of({post_id for _, post_id in due})
            await self._addresses.settled([address for address, post_id in due if post_id in kept], moment)
            for address, post_id in due:
                if post_id not in kept:
                    freed += await self._addresses.release(address, post_id, moment)
        return freed
