"""Saves posts: each change is one compare-and-set on the version of the post.

The outgoing revision is kept before it; claims of slugs are settled and counts are updated after it. No right is
checked here: the modules that call this one take a proof of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from blogapi.clock import rfc3339
from blogapi.errors import Conflict, Invalid, Stale
from blogapi.posts.addresses import Addresses
from blogapi.posts.counts import Counts
from blogapi.posts.custom.service import CustomFields, customs_of, undoing, written_in
from blogapi.posts.model import Post, live_after
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.schedules.model import SCHEDULE_ERRORS, Schedule
from blogapi.posts.slugs import Claim, Slugs
from blogapi.posts.store import PostStore
from blogapi.posts.tagging import Tagging
from blogapi.posts.translations.service import Translations

log = logging.getLogger("blogapi.posts.schedules")


class Saving:
    """The only code that inserts, changes and removes posts for somebody.

    What follows from something else, such as a tag that moved, a store writes by itself.
    """

    def __init__(
        self,
        posts: PostStore,
        revisions: RevisionStore,
        slugs: Slugs,
        addresses: Addresses,
        translations: Translations,
        counts: Counts,
        tagging: Tagging,
        custom: CustomFields,
        now: Callable[[], datetime],
    ) -> None:
        self._posts, self._revisions, self._slugs, self._addresses = posts, revisions, slugs, addresses
        self._translations, self._counts, self._tagging = translations, counts, tagging
        self._custom, self._now = custom, now

    async def insert(self, post: Post) -> Post:
        """A new post; the one that is there when an earlier attempt got that far. Raises Invalid."""
        customs = [*customs_of(post)]
        schema = await self._custom.require(*customs)
        counting = self._counts.between(None, post.live)
        if not await self._posts.insert(post, counting.mark):
            return await self._posts.get_unguarded(post.id)
        leads = await self._tagging.look_up(post)
        await self._counts.follow(post.id, counting)
        try:
            await self._custom.require_still(schema, *customs)
        except Invalid:
            await self.remove(post)
            raise
        return await self._tagging.follow(post, leads)

    async def change(
        self,
        post: Post,
        changes: Mapping[str, Any],
        changed_fields: Iterable[str],
        *,
        claim: Claim | None = None,
        key: str | None = None,
        live_claims: Sequence[Claim] = (),
        scheduled_claim: Claim | None = None,
    ) -> Post:
        """Move the post one version on. Raises Stale, Invalid, Conflict `language_taken`.

        `changes` maps paths in the document to values; `changed_fields` are the fields as clients know them. `claim` is
        the slug that its working copy gets, `live_claims` are the slugs under which readers find it from now on, and
        `scheduled_claim` is the one under which they will.
        """
        customs, names = [*written_in(changes)], [*changed_fields]
        schema = await self._custom.require(*customs) if customs else None
        claim = claim or Claim(post.working.slug)
        changed = await self._change(post, changes, names, claim, key, live_claims, scheduled_claim)
        try:
            await self._custom.require_still(schema, *customs)
        except Invalid:
            with suppress(Stale, Conflict):  # then somebody has gone on with it
                former = undoing(post, changed, changes)
                await self._change(changed, former, names, Claim(post.working.slug))
            raise
        return changed

    async def _change(
        self,
        post: Post,
        changes: Mapping[str, Any],
        changed_fields: Iterable[str],
        claim: Claim,
        key: str | None = None,
        live_claims: Sequence[Claim] = (),
        scheduled_claim: Claim | None = None,
    ) -> Post:
        if any(path.split(".")[0] == "working" for path in changes):
            await self._revisions.keep(post)
        claims = (claim, *live_claims, *filter(None, [scheduled_claim]))
        live_slugs = [each.slug for each in live_claims]
        scheduled: Schedule | None = changes.get("scheduled", post.scheduled)
        staying = {claim.slug, *live_slugs, *([scheduled.slug] if scheduled else [])}
        outgoing = await self._slugs.outgoing_claims(post, staying)
        counting = self._counts.between(post.live, live_after(post, changes))
        try:
            changed = await self._posts.change(
                post,
                changes,
                changed_fields=changed_fields,
                now=self._now(),
                key=key,
                live_slugs=live_slugs,
                mark=counting.mark,
            )
        except Conflict:
            await self._give_back(claims, post)
            raise
        if changed is None:
            await self._give_back(claims, post)
            return await self._after_others(post, key)
        await self._slugs.release(outgoing, changed)
        leads = await self._tagging.look_up(changed) if _may_add_tags(changes) else {}
        await self._counts.follow(post.id, counting)
        if changes.get("schedule_error") is not None:
            _tell(changed)
        return await self._tagging.follow(changed, leads)

    async def remove(self, post: Post) -> bool:
        """Remove a post for good; False when somebody else changed it first."""
        counting = self._counts.between(post.live, None)
        if not await self._posts.purge(post, self._now(), counting.mark):
            return False
        await self._counts.follow(post.id, counting)
        await self._slugs.release_all(post.id)
        await self._revisions.delete_all(post.id)
        await self._addresses.release_all(post.id)
        await self._translations.forget(post.id)
        return True

    async def _give_back(self, claims: Iterable[Claim], post: Post) -> None:
        for unused in claims:
            await self._slugs.give_back(unused, post.id)

    async def _after_others(self, post: Post, key: str | None) -> Post:
        stale = await self.stale_error(post)
        present: Post = stale.current
        if key is not None and key in present.applied:
            return present  # an earlier attempt at this request has done it
        raise stale

    async def stale_error(self, post: Post) -> Stale:
        """What to raise when somebody else changed the post first."""
        present = await self._posts.get_unguarded(post.id)
        return Stale(present, present.changed_since(frozenset({post.version})))


def _may_add_tags(changes: Mapping[str, Any]) -> bool:
    return not {"working", "working.tags", "live"}.isdisjoint(changes)


def _tell(post: Post) -> None:
    error = post.schedule_error
    assert error is not None
    why = SCHEDULE_ERRORS.get(error.code, error.code)
    log.warning("post %s: `%s` of %s is called off: %s", post.id, error.verb, rfc3339(error.at), why)
